// Decides whether a path can be the path of a Unix socket; the settings say where the socket is. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { SOCKET_PATH_BYTES_MAX } from '../../foundation/base/limits.js';
import { printable } from '../../foundation/torrent/names.js';

/** Returns the path. Throws INVALID_ARGUMENTS when it is too long for a Unix socket. @param path absolute. */
export function usableSocketPath(path: string): string {
  const size = Buffer.byteLength(path);
  if (size <= SOCKET_PATH_BYTES_MAX) return path;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `${printable(path)} has ${size} bytes, but the path of a socket may have at most ${SOCKET_PATH_BYTES_MAX}; choose a shorter one with --socket or MTORRENT_SOCKET`,
  );
}
