// The progress of a command that goes through a file piece by piece: a line that is redrawn on a terminal, nothing
// elsewhere. Pure.

import { formatBytes } from '../../../foundation/base/bytes.js';
import { PROGRESS_MS } from '../../../foundation/base/limits.js';
import { nowAndThen } from '../../../foundation/base/now-and-then.js';
import type { CommandOutput } from '../../../foundation/base/output.js';
import type { Geometry } from '../../../foundation/torrent/geometry.js';

/** A callback for the pieces done, which the hash pool reports; undefined without a terminal. */
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
