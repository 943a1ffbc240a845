// Where the socket of a background client is: as told, else from the environment, else in the XDG places. Only names the path;
// the environment is an argument. Pure.

import { join, resolve } from 'node:path';
import { MiniTorrentError } from '../base/errors.js';
import { SOCKET_PATH_BYTES_MAX } from '../base/limits.js';
import { printable } from '../torrent/names.js';

export interface SocketPlaces {
  /** As `--socket` says. */
  readonly asked?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** What a relative path is relative to. */
  readonly directory: string;
}

/** Absolute. Throws INVALID_ARGUMENTS for a path that no Unix socket can have. */
export function socketPath({ asked, env, home, directory }: SocketPlaces): string {
  const told = asked ?? env['MTORRENT_SOCKET'];
  if (told === '') throw new MiniTorrentError('INVALID_ARGUMENTS', 'the path of the socket is empty; name a file');
  const path = told === undefined ? defaultSocketPath(env, home) : resolve(directory, told);
  const size = Buffer.byteLength(path);
  if (size <= SOCKET_PATH_BYTES_MAX) return path;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `${printable(path)} has ${size} bytes, and the path of a socket at most ${SOCKET_PATH_BYTES_MAX}; name a shorter one with --socket or MTORRENT_SOCKET`,
  );
}

function defaultSocketPath(env: SocketPlaces['env'], home: string): string {
  const runtime = absolute(env['XDG_RUNTIME_DIR']);
  const state = absolute(env['XDG_STATE_HOME']) ?? join(home, '.local', 'state');
  return join(runtime ?? state, 'mtorrent', 'client.sock');
}

/** The XDG specification: a path that is not absolute is invalid, and ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}
