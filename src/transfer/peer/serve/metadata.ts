// Reads the further lines of a .mtorrent for a peer that asked for them: from this client's own copy, a part at a time,
// and nothing stays open in between. What cannot be read is not had.

import { open } from 'node:fs/promises';
import { EMPTY_BYTES } from '../../../foundation/base/bytes.js';
import { errnoOf } from '../../../foundation/base/errors.js';
import type { ServedMetadata } from './machine.js';

/** Exactly `length` bytes, or none. @param offset in the further lines, which end the file. */
export async function metadataPart(
  { path, bytes }: ServedMetadata,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r');
    try {
      // It may have been written anew with other trackers, which moves its lines.
      const at = (await handle.stat()).size - bytes + offset;
      if (at < 0) return EMPTY_BYTES;
      const part = new Uint8Array(length);
      const { bytesRead } = await handle.read(part, 0, length, at);
      return bytesRead === length ? part : EMPTY_BYTES;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return EMPTY_BYTES;
  }
}
