// Progress of a one-shot command that goes through a file piece by piece: a line on a terminal, nothing anywhere else.

import { formatBytes } from '../base/bytes.js';
import { systemClock } from '../base/clock.js';
import { PROGRESS_MS } from '../base/limits.js';
import type { CommandOutput } from '../base/output.js';
import type { Geometry } from '../torrent/geometry.js';

/** Reports pieces done, for `onProgress` of the hash pool, a few times a second; undefined where nobody watches. */
export function pieceProgress(
  output: CommandOutput,
  verb: string,
  geometry: Geometry,
): ((pieceCount: number) => void) | undefined {
  const { progress } = output;
  if (progress === undefined) return undefined;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  return (pieceCount) => {
    const nowMs = systemClock.nowMs();
    if (nowMs - shownAtMs < PROGRESS_MS) return;
    shownAtMs = nowMs;
    const percent = Math.floor((100 * pieceCount) / geometry.pieceCount);
    const done = Math.min(geometry.size, pieceCount * geometry.pieceLength(0));
    progress(`${verb} ${percent}% (${formatBytes(done)} of ${formatBytes(geometry.size)})`);
  };
}
