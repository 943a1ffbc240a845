// Joins a closed swarm: writes the key first, so that a lost answer is asked for again by the same key; proves the
// tracker by the root in the invitation before it says the secret; and keeps what it is given only if it holds.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Questions } from '../../client/administration/questions.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { command } from '../../foundation/base/shell-line.js';
import { cardOf, noCard, readCard } from '../../foundation/identity/card.js';
import { Credentials } from '../../foundation/identity/credentials.js';
import type { Invitation } from '../../foundation/identity/invitation.js';
import { keyIdOf, type PublicKey, SecretKey, shortName } from '../../foundation/identity/keys.js';
import { formatTrackerWish, type TrackerGrant } from '../../foundation/identity/root-lines.js';
import { isMemberName, type Statement } from '../../foundation/identity/statement.js';
import { printable } from '../../foundation/torrent/names.js';
import { type TrackerList, trackerList } from '../../foundation/torrent/tracker-pair.js';
import {
  identityFilesIn,
  keyFor,
  keyPath,
  loadIdentity,
  makeIdentityDirectory,
  type Part,
  readSwarmFile,
  setAside,
  swarmFilePath,
  writeCard,
  writeSwarmFile,
} from './identity-directory.js';
import { readKeyFile } from './key-file.js';

export interface Joined {
  readonly swarm: string;
  readonly root: PublicKey;
  readonly trackers: TrackerList;
  /** What the card says of this machine. */
  readonly said: Statement;
  /** Where the files of another swarm were put; undefined: there were none. */
  readonly replaced: string | undefined;
}

export interface JoinWish {
  readonly directory: string;
  /** What this machine wants to be called. */
  readonly name: string;
  /** Files of another swarm are put aside. */
  readonly replace: boolean;
  /** A certificate of another authority, by which it joins where the invitation has no secret; and its key. PEM. */
  readonly vouching?: { readonly chain: string; readonly key: string } | undefined;
}

/**
 * Rejects with MiniTorrentError: ALREADY_EXISTS when this machine is a member, NOT_ADMITTED with what the tracker says,
 * TRACKER_REFUSED for a tracker where no tracker has the root key, NO_TRACKER.
 */
export async function joinSwarm(invitation: Invitation, wish: JoinWish): Promise<Joined> {
  const { directory, name, vouching } = wish;
  const { root, isForTracker } = invitation;
  const part: Part = isForTracker ? 'tracker' : 'client';
  const replaced = await makeIdentityRoom(root, part, wish);
  const secret = await keyFor(directory, part, () => SecretKey.generate());
  const credentials = new Credentials({ swarm: 'it joins', root, secret, card: noCard() });
  const questions = new Questions(credentials, invitation.trackers);
  const {
    card,
    swarm,
    trackers: told,
  } = vouching === undefined
    ? await questions.join(invitation.secret, name, isForTracker)
    : await questions.joinByCa(vouching, name);
  const said = saidIn(card, root, part);
  if (said === undefined || keyIdOf(said.key) !== credentials.id || !isMemberName(swarm)) {
    const sentence = 'the tracker answered with a card that is none of this key; tell its administrator';
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  const trackers = trackerList(told) ?? trackerList(invitation.trackers);
  if (trackers === undefined)
    throw new MiniTorrentError('NOT_ADMITTED', 'the tracker does not say where its partner is; tell its administrator');
  await writeCard(directory, part, card);
  await writeSwarmFile(directory, { name: swarm, root, trackers });
  return { swarm, root, trackers, said, replaced };
}

function saidIn(card: Uint8Array, root: PublicKey, part: Part): Statement | undefined {
  const read = readCard(card, root);
  if (part === 'tracker') return read?.kind === 'tracker' ? read.tracker : undefined;
  return read?.kind === 'member' ? read.member : undefined;
}

/** The line by which this machine asks the root to let it be a tracker. Its key is kept for the answer. */
export async function wishForTracker(invitation: Invitation, wish: JoinWish): Promise<string> {
  const { root, trackers } = invitation;
  const { directory, name } = wish;
  await makeIdentityRoom(root, 'tracker', wish);
  const list = trackerList(trackers);
  if (list === undefined)
    throw new MiniTorrentError('INVALID_ARGUMENTS', 'this invitation does not name two trackers; ask for a new one');
  const { publicKey: key } = await keyFor(directory, 'tracker', () => SecretKey.generate());
  if ((await readSwarmFile(directory)) === undefined)
    await writeSwarmFile(directory, { name: UNNAMED, root, trackers: list });
  return formatTrackerWish({ root, key, name });
}

/** Ends what `wishForTracker` began. */
export async function takeGrant({ statement, swarm: name }: TrackerGrant, directory: string): Promise<Joined> {
  const [swarm, secret] = [await readSwarmFile(directory), await readKeyFile(keyPath(directory, 'tracker'))];
  if (swarm === undefined || secret === undefined) {
    const sentence = `no tracker of this machine waits for a grant (there is no key in ${printable(directory)}); begin with the invitation: ${command('join')}`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  const card = cardOf(statement);
  const read = readCard(card, swarm.root);
  if (read?.kind !== 'tracker' || keyIdOf(read.tracker.key) !== keyIdOf(secret.publicKey)) {
    const sentence = `this grant is for another key, or of another root than ${shortName(keyIdOf(swarm.root))}; sign the request that this machine printed`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  await writeCard(directory, 'tracker', card);
  await writeSwarmFile(directory, { ...swarm, name });
  return { swarm: name, root: swarm.root, trackers: swarm.trackers, said: read.tracker, replaced: undefined };
}

/** Until the grant says it. */
const UNNAMED = 'unnamed';

/** Answers where files of another swarm were put. Rejects with ALREADY_EXISTS. */
export async function makeIdentityRoom(
  root: PublicKey,
  part: Part,
  { directory, replace }: JoinWish,
): Promise<string | undefined> {
  await makeIdentityDirectory(directory);
  const [files, swarm] = [await identityFilesIn(directory), await readSwarmFile(directory)];
  if (swarm === undefined) {
    if (!files.includes('root.key')) return undefined;
    const sentence = `a root key lies in ${printable(directory)}, from a swarm whose making did not finish; run ${command('swarm', 'init')} again, or name another directory with --identity`;
    throw new MiniTorrentError('ALREADY_EXISTS', sentence);
  }
  const isSame = Buffer.compare(swarm.root, root) === 0;
  const isWhole = await loadIdentity(directory, part).then(
    () => true,
    (error: unknown) => {
      if (error instanceof MiniTorrentError && error.code === 'NOT_ADMITTED') return false;
      throw error;
    },
  );
  if (isSame && !isWhole) return undefined;
  if (!replace) {
    const what = isSame
      ? `this machine is a ${part} of swarm ${swarm.name} already`
      : `this machine belongs to swarm ${swarm.name}`;
    const sentence = `${what} (${printable(swarmFilePath(directory))}); leave it first with ${command('leave')}, keep its files aside with --replace, or name another directory with --identity`;
    throw new MiniTorrentError('ALREADY_EXISTS', sentence);
  }
  return setAside(directory, files, shortName(keyIdOf(swarm.root)));
}

/** Removes the files of an identity. */
export async function removeIdentity(directory: string): Promise<void> {
  // Without swarm.toml first: what remains after a crash is no identity that works.
  const files = [...(await identityFilesIn(directory))].sort((a) => (a === 'swarm.toml' ? -1 : 1));
  for (const file of files) await rm(join(directory, file));
}
