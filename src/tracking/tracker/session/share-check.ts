// Whether what a client says of a file that it shares can be true. Pure.

import { createHash } from 'node:crypto';
import { toHex } from '../../../foundation/base/bytes.js';
import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import { checkFileName } from '../../../foundation/torrent/names.js';
import type { FileFacts } from '../../registry/changes.js';
import type { TrackerRequest } from '../messages.js';

/** Undefined when the share can be true; else what is wrong, for the client's log. */
export function whatIsWrong(
  request: Extract<TrackerRequest, { kind: 'share' }>,
  port: number,
  proven: FileFacts | undefined,
): string | undefined {
  const { name, size, pieceCount, have, swarm } = request;
  const unsafe = checkFileName(name);
  if (unsafe !== undefined) return `the file name is refused: ${unsafe}`;
  if (port === 0) return 'a client without an upload port cannot be listed';
  if (Math.ceil(size / PIECE_SIZE) !== pieceCount) return `${size} bytes are not ${pieceCount} pieces`;
  if (have > pieceCount) return `this file has ${pieceCount} pieces`;
  if (proven !== undefined && proven.pieceCount !== pieceCount) return `this file has ${proven.pieceCount} pieces`;
  if (pieceCount === 0 && toHex(swarm) !== createHash('sha1').digest('hex'))
    return 'this is not the key of an empty file';
  return undefined;
}
