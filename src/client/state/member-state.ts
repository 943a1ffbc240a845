// What a member of a closed swarm learned from its trackers, on its disk: the newest card, and who is shut out. Both
// files are replaced whole and flushed. Whatever is lost or damaged comes back from a tracker.

import { join } from 'node:path';
import { makeDirectory } from '../../foundation/base/directories.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { CARD_SIZE, readCard } from '../../foundation/identity/card.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { type KeyId, keyIdOf, shortName } from '../../foundation/identity/keys.js';
import { atomicWriteFile, readIfThere } from '../../transfer/storage/state-file.js';
import { MEMBER_FILE_BYTES_MAX } from '../limits.js';
import { isObject } from './library.js';

/** Both files of a release that writes other fields would say another number. */
const VERSION = 1;
const KEY_ID = /^[0-9a-f]{32}$/;

/** @param base where the directories of all identities lie. */
export function memberDirectory(base: string, { root, id }: Credentials): string {
  return join(base, `${shortName(keyIdOf(root))}-${shortName(id)}`);
}

/**
 * Takes what is there into the credentials, so that a ban holds although no tracker answers. Answers a sentence for
 * each file that could not be used.
 */
export async function loadMemberState(directory: string, credentials: Credentials): Promise<readonly string[]> {
  const sentences: string[] = [];
  const take = async (name: string, use: (value: Record<string, unknown>) => boolean): Promise<void> => {
    const path = join(directory, name);
    try {
      const bytes = await readIfThere(path, MEMBER_FILE_BYTES_MAX);
      if (bytes === undefined) return;
      const value = parsed(bytes);
      if (value === undefined || !use(value))
        sentences.push(`${path} is damaged and is not used; a tracker tells again what was in it`);
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      sentences.push(`${error.message}; a tracker tells again what was in it`);
    }
  };
  await take('card', (value) => takeCard(value, credentials));
  await take('bans', (value) => takeBans(value, credentials));
  return sentences;
}

/** Rejects with MiniTorrentError. */
export async function saveCard(directory: string, card: Uint8Array): Promise<void> {
  await save(directory, 'card', { version: VERSION, card: Buffer.from(card).toString('base64') });
}

/** Rejects with MiniTorrentError. */
export async function saveBans(directory: string, { standing }: Credentials): Promise<void> {
  const bans = [...standing.bans].map(({ member, version, isBanned }) => [member, version, isBanned]);
  const withdrawals = standing.withdrawals.map((statement) => Buffer.from(statement).toString('base64'));
  await save(directory, 'bans', { version: VERSION, bans, withdrawals });
}

async function save(directory: string, name: string, value: object): Promise<void> {
  await makeDirectory(directory, '--state-dir');
  await atomicWriteFile(join(directory, name), Buffer.from(`${JSON.stringify(value)}\n`));
}

/** Undefined for what is none of ours. */
function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isObject(value) && value['version'] === VERSION ? value : undefined;
  } catch {
    // No JSON: half a file of a disk that lost what was flushed.
    return undefined;
  }
}

/** Whichever is good for longer: this one, or that which the credentials began with. */
function takeCard({ card }: Record<string, unknown>, credentials: Credentials): boolean {
  const bytes = typeof card === 'string' ? Uint8Array.from(Buffer.from(card, 'base64')) : undefined;
  if (bytes?.length !== CARD_SIZE) return false;
  const [kept, own] = [endOf(bytes, credentials), endOf(credentials.card, credentials)];
  if (kept === undefined) return false;
  if (own === undefined || kept > own) credentials.card = bytes;
  return true;
}

/** Seconds since 1970; undefined for a card of another key or another root. */
function endOf(bytes: Uint8Array, { root, id }: Credentials): number | undefined {
  const card = readCard(bytes, root);
  return card?.kind === 'member' && keyIdOf(card.member.key) === id ? card.member.goodUntilS : undefined;
}

function takeBans({ bans, withdrawals }: Record<string, unknown>, { standing }: Credentials): boolean {
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
