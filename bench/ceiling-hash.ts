// One thread of the ceiling's pool: verifies a piece in its slot and writes it to the file. Told [slot, piece], answers
// the slot; a wrong digest is a bug of the bench and ends it.

import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';

export interface CeilingHashBirth {
  readonly slab: SharedArrayBuffer;
  readonly digests: Uint8Array;
  readonly fd: number;
  readonly size: number;
}

const DIGEST_BYTES = 20;

const { slab, digests, fd, size } = workerData as CeilingHashBirth;
parentPort?.on('message', ([slot, piece]: [number, number]) => {
  const at = piece * PIECE_SIZE;
  const bytes = new Uint8Array(slab, slot * PIECE_SIZE, Math.min(PIECE_SIZE, size - at));
  const expected = digests.subarray(piece * DIGEST_BYTES, (piece + 1) * DIGEST_BYTES);
  if (Buffer.compare(createHash('sha1').update(bytes).digest(), expected) !== 0)
    throw new Error(`the ceiling received piece ${piece} wrong`);
  writeSync(fd, bytes, 0, bytes.length, at);
  parentPort?.postMessage(slot);
});
parentPort?.postMessage('ready');
