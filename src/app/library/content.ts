// The content of a share as one stream, while it is downloaded: the bytes of a file, or a tar of a folder.

import { Buffer } from 'node:buffer';
import type { Layout } from '../../foundation/torrent/layout.js';
import type { Follower } from './follower.js';
import { CONTENT_CHUNK_BYTES } from './limits.js';
import { tarOf } from './tar.js';

/** In parts that the caller owns. Rejects with why the download failed. @param nowMs wall-clock time of a tar. */
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
  for (let at = 0; at < size; ) {
    const bytes = Buffer.allocUnsafeSlow(Math.min(CONTENT_CHUNK_BYTES, size - at));
    await follower.read(at, bytes);
    at += bytes.length;
    yield bytes;
  }
}
