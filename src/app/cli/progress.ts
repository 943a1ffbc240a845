// Progress of a one-shot command that goes through a file piece by piece: a line on a terminal, nothing anywhere else.
// Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { PROGRESS_MS } from '../../foundation/base/limits.js';
import { nowAndThen } from '../../foundation/base/now-and-then.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';

/** Reports pieces done, for `onProgress` of the hash pool, a few times a second; undefined where nobody watches. */
export function pieceProgress(
  output: CommandOutput,
  verb: string,
  geometry: Geometry,
): ((pieceCount: number) => void) | undefined {
  const { progress } = output;
  if (progress === undefined) return undefined;
  return nowAndThen(PROGRESS_MS, (pieceCount) => {
    const percent = Math.floor((100 * pieceCount) / geometry.pieceCount);
    const done = Math.min(geometry.size, pieceCount * geometry.pieceLength(0));
    progress(`${verb} ${percent}% (${formatBytes(done)} of ${formatBytes(geometry.size)})`);
  });
}
