// Which keys are shut out of a swarm: a row for each key that was ever banned, with a version. The higher version wins,
// and banned wins at the same one, so rows may come in any order and again; no clock is asked. Pure.

import { createHash } from 'node:crypto';
import { KEY_ID_SIZE, type KeyId, keyIdBytes } from './keys.js';
import { BANS_MAX } from './limits.js';

export interface Ban {
  readonly member: KeyId;
  /** Whoever changes it takes the version above the one it knows. */
  readonly version: number;
  /** False: the ban was lifted. */
  readonly isBanned: boolean;
}

export const BAN_DIGEST_SIZE = 8;
const ROW_SIZE = KEY_ID_SIZE + 5;

export class Bans {
  readonly #rows = new Map<KeyId, Ban>();
  #digest: Uint8Array | undefined;

  constructor(rows: Iterable<Ban> = []) {
    for (const row of rows) this.add(row);
  }

  get size(): number {
    return this.#rows.size;
  }

  isBanned(member: KeyId): boolean {
    return this.#rows.get(member)?.isBanned === true;
  }

  of(member: KeyId): Ban | undefined {
    return this.#rows.get(member);
  }

  /** True when it is news. A further key beyond BANS_MAX is not kept. */
  add(row: Ban): boolean {
    const known = this.#rows.get(row.member);
    if (known === undefined ? this.#rows.size >= BANS_MAX : !beats(row, known)) return false;
    this.#rows.set(row.member, row);
    this.#digest = undefined;
    return true;
  }

  [Symbol.iterator](): IterableIterator<Ban> {
    return this.#rows.values();
  }

  /** BAN_DIGEST_SIZE bytes: equal where the rows are. */
  digest(): Uint8Array {
    this.#digest ??= digestOf([...this.#rows.values()]);
    return this.#digest;
  }
}

function beats(row: Ban, known: Ban): boolean {
  return row.version > known.version || (row.version === known.version && row.isBanned && !known.isBanned);
}

function digestOf(rows: readonly Ban[]): Uint8Array {
  const hash = createHash('sha256');
  const bytes = Buffer.alloc(ROW_SIZE);
  for (const { member, version, isBanned } of [...rows].sort((a, b) => (a.member < b.member ? -1 : 1))) {
    bytes.set(keyIdBytes(member));
    bytes.writeUInt32BE(version, KEY_ID_SIZE);
    bytes[ROW_SIZE - 1] = isBanned ? 1 : 0;
    hash.update(bytes);
  }
  return hash.digest().subarray(0, BAN_DIGEST_SIZE);
}
