// The piece hashes of one share as they come from one tracker, in parts. Invariant: what counts as whole has the SHA-1
// that names the swarm. Pure.

import { createHash } from 'node:crypto';
import { PART_BYTES_MAX } from '../../foundation/base/limits.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { HASH_PARTS_AT_ONCE } from './limits.js';

export interface HashPart {
  /** In bytes. */
  readonly offset: number;
  /** In bytes, at least 1. */
  readonly length: number;
}

export class HashStringFetch {
  readonly digests: Uint8Array;
  readonly #swarm: SwarmKey;
  readonly #open = new Map<number, number>();
  #next = 0;
  #left: number;

  /** @param bytes of all piece hashes. */
  constructor(swarm: SwarmKey, bytes: number) {
    this.#swarm = swarm;
    this.digests = new Uint8Array(bytes);
    this.#left = bytes;
  }

  get isWhole(): boolean {
    return this.#left === 0;
  }

  /** Of a whole one. */
  get isRight(): boolean {
    return createHash('sha1').update(this.digests).digest('hex') === this.#swarm;
  }

  /** The parts to ask for now. */
  *ask(): Generator<HashPart> {
    while (this.#open.size < HASH_PARTS_AT_ONCE && this.#next < this.digests.length) {
      const part = { offset: this.#next, length: Math.min(PART_BYTES_MAX, this.digests.length - this.#next) };
      this.#next += part.length;
      this.#open.set(part.offset, part.length);
      yield part;
    }
  }

  /** The rest of a part that came short, to be asked for again; undefined: nothing; 'wrong': it fits no request. */
  took(offset: number, part: Uint8Array): HashPart | undefined | 'wrong' {
    const asked = this.#open.get(offset);
    if (asked === undefined || part.length === 0 || part.length > asked) return 'wrong';
    this.#open.delete(offset);
    this.digests.set(part, offset);
    this.#left -= part.length;
    if (part.length === asked) return undefined;
    const rest = { offset: offset + part.length, length: asked - part.length };
    this.#open.set(rest.offset, rest.length);
    return rest;
  }
}
