// The content of a share as one stream, while it is downloaded: the bytes of a file, or a tar of a folder.

import { Buffer } from 'node:buffer';
import type { Layout } from '../../foundation/torrent/layout.js';
import type { Follower } from './follower.js';
import { CONTENT_CHUNK_BYTES } from './limits.js';
import { tarOf } from './tar.js';

/**
 * In parts; each is valid until the part after the next one is asked for, so one may be written while the next is read.
 * Rejects with why the download failed. @param nowMs wall-clock time of a tar.
 */
export async function* contentOf(
  name: string,
  { size, folder }: Layout,
  follower: Follower,
  nowMs: number,
): AsyncGenerator<Uint8Array> {
  if (folder !== undefined) {
    yield* tarOf(name, folder, nowMs, (offset, bytes) => follower.read(offset, bytes));
    return;
  }
  // New memory for each part costs more than reading it: the kernel clears every page of it first.
  let [bytes, other] = [buffer(size), buffer(size)];
  for (let at = 0; at < size; at += CONTENT_CHUNK_BYTES) {
    const part = bytes.subarray(0, size - at);
    await follower.read(at, part);
    yield part;
    [bytes, other] = [other, bytes];
  }
}

function buffer(size: number): Uint8Array {
  return Buffer.allocUnsafeSlow(Math.min(CONTENT_CHUNK_BYTES, size));
}
