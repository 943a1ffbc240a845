// Fetches the piece hashes that the partner has and this tracker lacks, one file at a time, each part durable before
// the next is requested. Drops those whose SHA-1 is not the swarm's key. They may lag behind the list. Pure.

import { createHash, type Hash } from 'node:crypto';
import { DIGEST_SIZE } from '../../../foundation/base/limits.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { Change, FileFacts } from '../../registry/changes.js';
import type { Registry } from '../../registry/registry.js';
import type { UploadNumbers } from '../../registry/uploads.js';

interface Fetch {
  readonly swarm: SwarmKey;
  readonly facts: FileFacts;
  readonly upload: number;
  readonly hash: Hash;
  offset: number;
}

export interface PartRequest {
  readonly swarm: SwarmKey;
  readonly offset: number;
}

export class PieceHashes {
  readonly #registry: Registry;
  readonly #uploads: UploadNumbers;
  /**
   * At most one for each swarm of the registry, and those of frames that are being written. With the facts that the
   * partner proved: a client may say others here meanwhile.
   */
  readonly #wanted = new Map<SwarmKey, FileFacts | undefined>();
  #fetch: Fetch | undefined;

  constructor(registry: Registry, uploads: UploadNumbers) {
    this.#registry = registry;
    this.#uploads = uploads;
  }

  /** The partner has it, or may have. */
  want(swarm: SwarmKey, proven: FileFacts): void {
    this.#wanted.set(swarm, proven);
  }

  /** A new connection: whatever is lacking may be there. */
  startOver(): void {
    this.#wanted.clear();
    for (const { key, complete } of this.#registry.swarms()) if (!complete) this.#wanted.set(key, undefined);
  }

  /** The next part to ask for, when none is on its way; the caller asks for it. */
  next(): PartRequest | undefined {
    if (this.#fetch !== undefined) return undefined;
    for (const [swarm, proven] of this.#wanted) {
      const known = this.#registry.swarm(swarm);
      // The frame that told of it may still be in flight to the disk, behind the one that was written just now.
      if (known?.facts === undefined) continue;
      this.#wanted.delete(swarm);
      if (known.complete) continue;
      this.#uploads.last += 1;
      const upload = this.#uploads.last;
      this.#fetch = { swarm, facts: proven ?? known.facts, upload, hash: createHash('sha1'), offset: 0 };
      return { swarm, offset: 0 };
    }
    return undefined;
  }

  /** What to write of a part that came. `fetching` says what to ask for once it is written. */
  came(swarm: SwarmKey, offset: number, part: Uint8Array): readonly Change[] {
    const fetch = this.#fetch;
    if (fetch?.swarm !== swarm || fetch.offset !== offset) return [];
    const expected = fetch.facts.pieceCount * DIGEST_SIZE;
    fetch.hash.update(part);
    fetch.offset += part.length;
    if (fetch.offset > expected || (part.length === 0 && fetch.offset < expected)) return this.abandon();
    const changes: Change[] = [];
    if (part.length > 0) changes.push({ kind: 'part', swarm, upload: fetch.upload, offset, part });
    if (fetch.offset < expected) return changes;
    if (fetch.hash.digest('hex') !== swarm) return this.abandon();
    this.#fetch = undefined;
    return [...changes, { kind: 'complete', swarm, upload: fetch.upload, ...fetch.facts }];
  }

  /** The part to ask for after the former one was written. */
  get fetching(): PartRequest | undefined {
    return this.#fetch === undefined ? undefined : { swarm: this.#fetch.swarm, offset: this.#fetch.offset };
  }

  /** What the store has to drop of an unfinished one. */
  abandon(): readonly Change[] {
    const upload = this.#fetch?.upload;
    this.#fetch = undefined;
    return upload === undefined ? [] : [{ kind: 'dropParts', upload }];
  }
}
