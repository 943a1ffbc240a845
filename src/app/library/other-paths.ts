// By which other path a client knows what somebody typed: the word is a link, or leads through one, or the client
// knows a link to it. Paths are those of this process, on whose machine the client runs.

import { within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import { otherPathsOf, pathsOfSameFile } from '../../transfer/storage/disk/real-path.js';
import { PATH_LOOK_MS } from './limits.js';

/**
 * Asks with each other path of `name` until one is known. Rejects with `unknown` when none is, and with FILE_NOT_FOUND
 * when the client knows several links to that .mtorrent, of which one has to be chosen.
 * @param known the .mtorrent files of the client.
 */
export async function askByOtherPath<A>(
  name: string,
  unknown: unknown,
  ask: (name: string) => Promise<A>,
  known: () => Promise<readonly string[]>,
): Promise<A> {
  for (const other of await within(otherPathsOf(name), PATH_LOOK_MS, () => [])) {
    try {
      return await ask(other);
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
  }
  if (!name.endsWith('.mtorrent')) throw unknown;
  const same = await within(pathsOfSameFile(name, known), PATH_LOOK_MS, () => []);
  const [first, second] = same;
  if (first === undefined) throw unknown;
  if (second !== undefined) {
    const sentence = `several .mtorrent files of this client are ${printable(name)}; name one, such as ${printable(first)} or ${printable(second)}`;
    throw new MiniTorrentError('FILE_NOT_FOUND', sentence);
  }
  return ask(first);
}

export function isUnknown(error: unknown): boolean {
  return error instanceof MiniTorrentError && error.code === 'FILE_NOT_FOUND';
}
