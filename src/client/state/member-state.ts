// What a member of a closed swarm learned from its trackers, on its disk: the newest card, and who is shut out. All
// processes of one user and identity share it without a lock: each writes a file named by its content, which holds all
// it has read, and only then removes what it has read. Whatever is lost or damaged comes back from a tracker.

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../foundation/base/directories.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Ban } from '../../foundation/identity/bans.js';
import { CARD_SIZE, readCard } from '../../foundation/identity/card.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { type KeyId, keyIdOf, shortName } from '../../foundation/identity/keys.js';
import { atomicWriteFile, readIfThere } from '../../transfer/storage/disk/state-file.js';
import { MEMBER_FILE_BYTES_MAX, MEMBER_FILES_MAX, MEMBER_READ_TRIES_MAX } from '../limits.js';
import { isObject } from './library.js';

/** Both files of a release that writes other fields would say another number. */
const VERSION = 1;
const KEY_ID = /^[0-9a-f]{32}$/;
const DIGEST_DIGITS = 16;
/** Without a digest: of a build before this one shared them. */
const FILE = /^(card|bans)(\.[0-9a-f]{16})?$/;
const VOID = -1;

/** @param base where the directories of all identities lie. */
export function memberDirectory(base: string, { root, id }: Credentials): string {
  return join(base, `${shortName(keyIdOf(root))}-${shortName(id)}`);
}

/** What was news to the credentials. */
export interface Learned {
  readonly hasNewCard: boolean;
  readonly bans: readonly Ban[];
  /** The root's statements. */
  readonly withdrawals: readonly Uint8Array[];
  /** For people, for each file that could not be used. */
  readonly sentences: readonly string[];
}

/** Takes what is there into the credentials, so that a ban holds although no tracker answers. */
export async function loadMemberState(directory: string, credentials: Credentials): Promise<Learned> {
  return new Merge(directory, credentials).read();
}

/**
 * Keeps what the credentials know, and takes into them what other processes have written. Answers what was news.
 * Rejects with MiniTorrentError.
 */
export async function saveMemberState(directory: string, credentials: Credentials): Promise<Learned> {
  await makeDirectory(directory, '--state-dir');
  const merge = new Merge(directory, credentials);
  const learned = await merge.read();
  const { card, standing } = credentials;
  const bans = [...standing.bans].map(({ member, version, isBanned }) => [member, version, isBanned]);
  const withdrawals = standing.withdrawals.map((statement) => Buffer.from(statement).toString('base64'));
  await merge.replace([
    ...(lifeOf(card, credentials) === undefined
      ? []
      : [['card', { card: Buffer.from(card).toString('base64') }] as const]),
    ...(bans.length + withdrawals.length === 0 ? [] : [['bans', { bans, withdrawals }] as const]),
  ]);
  return learned;
}

type Fields = Record<string, unknown>;

class Merge {
  readonly #directory: string;
  readonly #credentials: Credentials;
  /** Names of files whose content is known, or was none. */
  readonly #read = new Set<string>();
  readonly #sentences: string[] = [];

  constructor(directory: string, credentials: Credentials) {
    this.#directory = directory;
    this.#credentials = credentials;
  }

  async read(): Promise<Learned> {
    const { standing, card } = this.#credentials;
    const [bans, before] = [[...standing.bans], standing.withdrawals];
    // A file that is gone is in one that another process has written meanwhile.
    for (let tries = 0; tries < MEMBER_READ_TRIES_MAX && (await this.#readOnce()); tries += 1);
    const known = new Set<Ban>(bans);
    return {
      hasNewCard: this.#credentials.card !== card,
      bans: [...standing.bans].filter((row) => !known.has(row)),
      withdrawals: standing.withdrawals.slice(before.length),
      sentences: this.#sentences,
    };
  }

  /** Writes these, then removes what was read and is in them. */
  async replace(files: readonly (readonly [name: string, value: object])[]): Promise<void> {
    const written = new Set<string>();
    for (const [name, value] of files) {
      const bytes = Buffer.from(`${JSON.stringify({ version: VERSION, ...value })}\n`);
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, DIGEST_DIGITS);
      const own = `${name}.${digest}`;
      written.add(own);
      if (!this.#read.has(own)) await atomicWriteFile(join(this.#directory, own), bytes);
    }
    for (const name of this.#read) if (!written.has(name)) await rm(join(this.#directory, name), { force: true });
  }

  /** True: another process has replaced one of them meanwhile. */
  async #readOnce(): Promise<boolean> {
    let isGone = false;
    // Withdrawals come first: they say which cards are void.
    const names = (await this.#names()).filter((name) => !this.#read.has(name)).slice(0, MEMBER_FILES_MAX);
    for (const name of names.sort()) {
      const path = join(this.#directory, name);
      try {
        const bytes = await readIfThere(path, MEMBER_FILE_BYTES_MAX);
        if (bytes === undefined) isGone = true;
        else this.#take(name, path, bytes);
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) throw error;
        if (!this.#sentences.some((sentence) => sentence.startsWith(error.message)))
          this.#sentences.push(`${error.message}; a tracker tells again what was in it`);
      }
    }
    return isGone;
  }

  async #names(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#directory)).filter((name) => FILE.test(name));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw fileError(error, this.#directory);
    }
  }

  #take(name: string, path: string, bytes: Uint8Array): void {
    const value = parsed(bytes);
    const take = name.startsWith('card') ? takeCard : takeBans;
    if (value?.['version'] === VERSION || value === undefined) this.#read.add(name);
    if (value?.['version'] === VERSION && take(value, this.#credentials)) return;
    const sentence = `${path} is damaged and is not used; a tracker tells again what was in it`;
    if (!this.#sentences.includes(sentence)) this.#sentences.push(sentence);
  }
}

/** Undefined for what is no object. */
function parsed(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    // No JSON: half a file of a disk that lost what was flushed.
    return undefined;
  }
}

/** Whichever is good for longer, this one or that which the credentials have; a void one is good for nothing. */
function takeCard({ card }: Fields, credentials: Credentials): boolean {
  const bytes = typeof card === 'string' ? Uint8Array.from(Buffer.from(card, 'base64')) : undefined;
  if (bytes?.length !== CARD_SIZE) return false;
  const kept = lifeOf(bytes, credentials);
  if (kept === undefined) return false;
  if (kept > (lifeOf(credentials.card, credentials) ?? VOID)) credentials.card = bytes;
  return true;
}

/** Seconds since 1970, VOID when its tracker was withdrawn; undefined for a card of another key or another root. */
function lifeOf(bytes: Uint8Array, { root, id, standing }: Credentials): number | undefined {
  const card = readCard(bytes, root);
  if (card?.kind !== 'member' || keyIdOf(card.member.key) !== id) return undefined;
  return standing.isWithdrawn(keyIdOf(card.tracker.key)) ? VOID : card.member.goodUntilS;
}

function takeBans({ bans, withdrawals }: Fields, { standing }: Credentials): boolean {
  if (!Array.isArray(bans) || !Array.isArray(withdrawals)) return false;
  let isWhole = true;
  for (const row of bans as readonly unknown[]) {
    const [member, version, isBanned] = Array.isArray(row) ? (row as readonly unknown[]) : [];
    const isRow = typeof member === 'string' && KEY_ID.test(member) && typeof isBanned === 'boolean';
    if (isRow && typeof version === 'number' && Number.isSafeInteger(version))
      standing.bans.add({ member: member as KeyId, version, isBanned });
    else isWhole = false;
  }
  for (const statement of withdrawals as readonly unknown[])
    if (typeof statement === 'string') standing.withdraw(Buffer.from(statement, 'base64'));
    else isWhole = false;
  return isWhole;
}
