// Whether a path can be that of a socket. Where it is, the settings say. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { SOCKET_PATH_BYTES_MAX } from '../../foundation/base/limits.js';
import { printable } from '../../foundation/torrent/names.js';

/** The path. Throws INVALID_ARGUMENTS for one that no Unix socket can have. @param path absolute. */
export function usableSocketPath(path: string): string {
  const size = Buffer.byteLength(path);
  if (size <= SOCKET_PATH_BYTES_MAX) return path;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `${printable(path)} has ${size} bytes, but the path of a socket may have at most ${SOCKET_PATH_BYTES_MAX}; choose a shorter one with --socket or MTORRENT_SOCKET`,
  );
}
