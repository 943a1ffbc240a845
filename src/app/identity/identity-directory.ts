// The directory in which a machine's identity lies: its keys, the cards it began with, and which swarm they belong to.
// Everything that needs a backup is here; it may be read-only, such as a mounted secret.

import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeDirectory } from '../../foundation/base/directories.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { command } from '../../foundation/base/shell-line.js';
import { CARD_SIZE, readCard } from '../../foundation/identity/card.js';
import type { Identity } from '../../foundation/identity/credentials.js';
import { keyIdOf, type SecretKey } from '../../foundation/identity/keys.js';
import { printable } from '../../foundation/torrent/names.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { removeOrphans, syncDirectory } from '../../transfer/storage/disk/publish.js';
import { atomicWriteFile, readBounded, readIfThere } from '../../transfer/storage/disk/state-file.js';
import { formatCard, parseCard } from './card-file.js';
import { makeKeyFile, readKeyFile } from './key-file.js';
import { whyNoKeyDirectory } from './key-file-rule.js';
import { SWARM_FILE_BYTES_MAX } from './limits.js';
import { formatSwarmFile, parseSwarmFile, type SwarmFile } from './swarm-file.js';

/** As what a process takes part. */
export type Part = 'client' | 'tracker';

export interface OwnIdentity extends Identity {
  readonly directory: string;
  readonly trackers: TrackerList;
}

const SWARM_FILE = 'swarm.toml';
const ROOT_KEY_FILE = 'root.key';
const FILES = {
  client: { key: 'identity.key', card: 'identity.card' },
  tracker: { key: 'tracker.key', card: 'tracker.card' },
} as const satisfies Readonly<Record<Part, { readonly key: string; readonly card: string }>>;
const NAMES: readonly string[] = [
  SWARM_FILE,
  ROOT_KEY_FILE,
  ...Object.values(FILES).flatMap(({ key, card }) => [key, card]),
];
const OTHERS_WRITE = 0o022;
/** Nothing of it is secret. */
const SWARM_FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o700;

export function rootKeyPath(directory: string): string {
  return join(directory, ROOT_KEY_FILE);
}

export function keyPath(directory: string, part: Part): string {
  return join(directory, FILES[part].key);
}

export function swarmFilePath(directory: string): string {
  return join(directory, SWARM_FILE);
}

/**
 * The files of an identity that lie there; empty when there is no such directory, or when this user may not look for
 * it. Rejects with MiniTorrentError when it is there and cannot be read: it may hold an identity.
 */
export async function identityFilesIn(directory: string): Promise<readonly string[]> {
  try {
    await stat(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return [];
    throw fileError(error, printable(directory));
  }
  try {
    return (await readdir(directory)).filter((name) => NAMES.includes(name));
  } catch (error) {
    throw fileError(error, printable(directory));
  }
}

/** Rejects with MiniTorrentError: NOT_ADMITTED for what is missing, PERMISSION_DENIED, STATE_DAMAGED. */
export async function loadIdentity(directory: string, part: Part): Promise<OwnIdentity> {
  const swarm = await readSwarmFile(directory);
  if (swarm === undefined) throw unfinished(directory);
  const secret = await readKeyFile(keyPath(directory, part));
  if (secret === undefined) throw lacksPart(directory, part, swarm.name);
  const card = await readCardFile(directory, part);
  if (card === undefined) throw unfinished(directory);
  if (!isCardOf(card, secret, swarm, part)) {
    const sentence = `${printable(join(directory, FILES[part].card))} is no card of the key beside it in swarm ${swarm.name}; restore it, or join again with an invitation`;
    throw new MiniTorrentError('STATE_DAMAGED', sentence);
  }
  const { name, root, trackers } = swarm;
  return { swarm: name, root, secret, card, trackers, directory };
}

/** That of the client, or else of the tracker. Rejects as `loadIdentity` does. */
export async function loadAny(directory: string): Promise<OwnIdentity> {
  const files = await identityFilesIn(directory);
  return loadIdentity(directory, files.includes(FILES.client.card) ? 'client' : 'tracker');
}

/** Undefined when there is none. */
export async function readSwarmFile(directory: string): Promise<SwarmFile | undefined> {
  const path = swarmFilePath(directory);
  const bytes = await readIfThere(path, SWARM_FILE_BYTES_MAX);
  if (bytes === undefined) return undefined;
  // Whoever writes it chooses which root, and so whose trackers, this machine believes.
  const [file, around] = await Promise.all([stat(path), stat(directory)]);
  if ((file.mode & OTHERS_WRITE) !== 0) {
    const sentence = `others may change ${printable(path)}, which says which trackers to believe; run chmod go-w on it, and look whether it says what it should`;
    throw new MiniTorrentError('PERMISSION_DENIED', sentence);
  }
  const why = whyNoKeyDirectory(directory, around);
  if (why !== undefined) throw new MiniTorrentError('PERMISSION_DENIED', why);
  return parseSwarmFile(Buffer.from(bytes).toString('utf8'), path);
}

/** Made with mode 0700 when it is missing. What a killed process left behind there is deleted. */
export async function makeIdentityDirectory(directory: string): Promise<void> {
  const first = await makeDirectory(directory, '--identity');
  // A power loss must not take the directory away from around keys that were flushed.
  if (first !== undefined) await syncParents(resolve(directory), dirname(resolve(first)));
  await removeOrphans(directory);
}

/** Flushes the names of `directory` and of those above it, up to `top`, which was there before. */
async function syncParents(directory: string, top: string): Promise<void> {
  for (let at = dirname(directory); ; at = dirname(at)) {
    await syncDirectory(at);
    if (at === top || at === dirname(at)) return;
  }
}

/** The key of an earlier try that did not finish, or a new one. */
export async function keyFor(directory: string, part: Part, fresh: () => SecretKey): Promise<SecretKey> {
  const path = keyPath(directory, part);
  const before = await readKeyFile(path);
  if (before !== undefined) return before;
  const key = fresh();
  await makeKeyFile(path, key);
  return key;
}

/** Replaces the card of an earlier try. */
export async function writeCard(directory: string, part: Part, card: Uint8Array): Promise<void> {
  await atomicWriteFile(join(directory, FILES[part].card), Buffer.from(formatCard(card)));
}

/** The last file of an identity that is written: with it, the identity is whole. */
export async function writeSwarmFile(directory: string, swarm: SwarmFile): Promise<void> {
  await atomicWriteFile(swarmFilePath(directory), Buffer.from(formatSwarmFile(swarm)), SWARM_FILE_MODE);
}

/**
 * Moves what lies there into a directory of its own beside the files, for `--replace`: a key that was replaced by
 * mistake can be brought back. Answers that directory.
 */
export async function setAside(directory: string, files: readonly string[], stamp: string): Promise<string> {
  const aside = await freshDirectory(join(directory, `replaced-${stamp}`));
  for (const file of files) await rename(join(directory, file), join(aside, file));
  await syncDirectory(aside);
  await syncDirectory(directory);
  return aside;
}

async function freshDirectory(wanted: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? wanted : `${wanted}-${number}`;
    try {
      await mkdir(path, { mode: DIRECTORY_MODE });
      return path;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw fileError(error, printable(path));
    }
  }
}

async function readCardFile(directory: string, part: Part): Promise<Uint8Array | undefined> {
  const path = join(directory, FILES[part].card);
  const bytes = await readIfThere(path, SWARM_FILE_BYTES_MAX);
  return bytes === undefined ? undefined : parseCard(Buffer.from(bytes).toString('latin1'), path);
}

function isCardOf(card: Uint8Array, secret: SecretKey, { root }: SwarmFile, part: Part): boolean {
  if (card.length !== CARD_SIZE) return false;
  const read = readCard(card, root);
  if (read === undefined || read.kind === 'none') return false;
  const holder = read.kind === 'member' ? read.member.key : read.tracker.key;
  return (read.kind === 'tracker') === (part === 'tracker') && keyIdOf(holder) === keyIdOf(secret.publicKey);
}

function unfinished(directory: string): MiniTorrentError {
  const sentence = `the identity in ${printable(directory)} is not whole: joining did not finish; run the same ${command('join')} again`;
  return new MiniTorrentError('NOT_ADMITTED', sentence);
}

function lacksPart(directory: string, part: Part, swarm: string): MiniTorrentError {
  const sentence =
    part === 'tracker'
      ? `this machine belongs to swarm ${swarm} and is no tracker of it (there is no ${FILES.tracker.key} in ${printable(directory)}); ask its administrator for an invitation for a tracker (${command('swarm', 'invite', '--role', 'tracker')}) and join with it, or run a tracker for everybody with --open`
      : `this machine is a tracker of swarm ${swarm} and no client (there is no ${FILES.client.key} in ${printable(directory)}); ask its administrator for an invitation (${command('swarm', 'invite')}) and join with it, or take part in the clear with --open`;
  return new MiniTorrentError('NOT_ADMITTED', sentence);
}

/** The root's private key, where it still lies; undefined elsewhere. */
export async function readRootKey(directory: string): Promise<SecretKey | undefined> {
  return readKeyFile(rootKeyPath(directory));
}

/** A small text file that a person named. */
export async function readNamedFile(path: string, bytesMax = SWARM_FILE_BYTES_MAX): Promise<string> {
  return Buffer.from(await readBounded(path, bytesMax)).toString('utf8');
}
