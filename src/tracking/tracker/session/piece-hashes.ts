// The piece hashes that one connection uploads: in order, one file at a time, checked against the file's key as they
// come. Their length is what this very client declared, since what others declare proves nothing. Pure.

import { createHash, type Hash } from 'node:crypto';
import { DIGEST_SIZE } from '../../../foundation/base/limits.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { Change, FileFacts } from '../../registry/changes.js';
import type { Client } from '../../registry/records.js';
import { SWARMS_PER_CLIENT_MAX, TRACKER_HASH_BYTES_PER_CLIENT_MAX } from '../limits.js';
import type { Uploads } from './uploads.js';

interface Upload {
  readonly swarm: SwarmKey;
  readonly number: number;
  readonly facts: FileFacts;
  readonly hash: Hash;
  offset: number;
}

/** What became of a part. */
export type Step =
  | { readonly kind: 'kept' }
  | { readonly kind: 'unexpected' }
  /** `limit`: it may come again later. `invalid`: it is not the piece hashes of this key. */
  | { readonly kind: 'refused'; readonly code: 'limit' | 'invalid' | 'unknown'; readonly sentence: string };

export class PieceHashUpload {
  readonly #uploads: Uploads;
  readonly #host: string;
  /** What this client declared of the files whose piece hashes are wanted; most of ten thousand declare none. */
  #declared: Map<SwarmKey, FileFacts> | undefined;
  #upload: Upload | undefined;
  /** Bytes of the piece hashes of what this client shares, once it has sent one; those that it sent here since. */
  #bytes: number | undefined;

  constructor(uploads: Uploads, host: string) {
    this.#uploads = uploads;
    this.#host = host;
  }

  /** The client shares the file, and its piece hashes are not here. */
  wanted(swarm: SwarmKey, facts: FileFacts): void {
    this.#declared ??= new Map();
    this.#declared.delete(swarm);
    this.#declared.set(swarm, facts);
    const [oldest] = this.#declared.keys();
    if (this.#declared.size > SWARMS_PER_CLIENT_MAX && oldest !== undefined) this.#declared.delete(oldest);
  }

  /** The first part comes. What the store has to drop is added to `changes`. */
  begin(swarm: SwarmKey, client: Client | undefined, changes: Change[], nowMs: number): Step {
    changes.push(...this.drop());
    const facts = this.#declared?.get(swarm);
    if (facts === undefined) {
      const sentence = 'this client did not share this file on this connection; share it first';
      return { kind: 'refused', code: 'unknown', sentence };
    }
    const bytes = facts.pieceCount * DIGEST_SIZE;
    this.#bytes ??= keptBytesOf(client);
    if (this.#bytes + bytes > TRACKER_HASH_BYTES_PER_CLIENT_MAX) {
      const sentence = 'this client has uploaded as many piece hashes as one client may keep here';
      return { kind: 'refused', code: 'limit', sentence };
    }
    const opening = this.#uploads.open(this.#host, bytes, nowMs);
    if ('refusal' in opening) return { kind: 'refused', code: 'limit', sentence: opening.refusal };
    const { number, displaced } = opening;
    if (displaced !== undefined) changes.push({ kind: 'dropParts', upload: displaced });
    this.#bytes += bytes;
    this.#upload = { swarm, number, facts, hash: createHash('sha1'), offset: 0 };
    return { kind: 'kept' };
  }

  /** A part comes. What the store has to write is added to `changes`. */
  part(swarm: SwarmKey, offset: number, part: Uint8Array, changes: Change[]): Step {
    const upload = this.#upload;
    if (upload?.swarm !== swarm || upload.offset !== offset) return { kind: 'unexpected' };
    const { number, facts, hash } = upload;
    if (!this.#uploads.has(number)) {
      this.#upload = undefined;
      return {
        kind: 'refused',
        code: 'limit',
        sentence: 'the upload of the piece hashes took too long; share again later',
      };
    }
    this.#uploads.moved(number);
    hash.update(part);
    upload.offset += part.length;
    const expected = facts.pieceCount * DIGEST_SIZE;
    if (upload.offset > expected) return this.#wrong(changes, `the piece hashes are longer than ${expected} bytes`);
    if (upload.offset < expected) {
      changes.push({ kind: 'part', swarm, upload: number, offset, part });
      return { kind: 'kept' };
    }
    if (hash.digest('hex') !== swarm) return this.#wrong(changes, 'the piece hashes do not match the key of this file');
    changes.push({ kind: 'part', swarm, upload: number, offset, part });
    changes.push({ kind: 'complete', swarm, upload: number, ...facts });
    this.#declared?.delete(swarm);
    this.#close();
    return { kind: 'kept' };
  }

  /** The store refused a part of it: what came before is dropped, and what follows is refused. */
  failed(number: number): readonly Change[] {
    return this.#upload?.number === number ? this.drop() : [{ kind: 'dropParts', upload: number }];
  }

  /** What the store has to drop of an unfinished one. */
  drop(): readonly Change[] {
    if (this.#upload === undefined) return [];
    const { number } = this.#upload;
    // One that lost its place was dropped then.
    const isOpen = this.#uploads.has(number);
    this.#close();
    return isOpen ? [{ kind: 'dropParts', upload: number }] : [];
  }

  #wrong(changes: Change[], sentence: string): Step {
    changes.push(...this.drop());
    return { kind: 'refused', code: 'invalid', sentence };
  }

  #close(): void {
    if (this.#upload !== undefined) this.#uploads.close(this.#upload.number);
    this.#upload = undefined;
  }
}

function keptBytesOf(client: Client | undefined): number {
  let bytes = 0;
  for (const { swarm } of client?.entries.values() ?? [])
    if (swarm.complete) bytes += (swarm.facts?.pieceCount ?? 0) * DIGEST_SIZE;
  return bytes;
}
