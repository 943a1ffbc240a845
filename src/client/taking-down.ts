// Ends the parts of a client whose end waits for disks: each within a deadline, so that a disk that hangs keeps no
// client from ending. Who was left behind is told by name.

import { within } from '../foundation/base/deferred.js';
import { STOP_DEADLINE_MS } from '../foundation/base/limits.js';
import { leftBehind } from '../foundation/base/process-end.js';

/** What ends the part of this name. */
export type Ending = readonly [part: string, end: () => Promise<unknown>];

/** Ends all at once. Resolves to the names of those that have not ended in time. Rejects as the first that fails. */
export async function endAll(endings: readonly Ending[]): Promise<readonly string[]> {
  const ends = endings.map(([part, end]) => {
    const ended = end();
    return within<readonly string[]>(
      ended.then(() => []),
      STOP_DEADLINE_MS,
      () => {
        leftBehind(ended);
        return [part];
      },
    );
  });
  return (await Promise.all(ends)).flat();
}

/** The answer to `quit`. @param hanging paths that were waited for; where nothing was forced, they came. */
export function farewell(forced: readonly string[], hanging: readonly string[]): string {
  const disks =
    forced.length === 0 || hanging.length === 0 ? [] : [`the disk of ${hanging.join(' and of ')} does not answer`];
  const parts = [...(forced.length === 0 ? [] : [`ended by force: ${forced.join(', ')}`]), ...disks];
  return parts.length === 0 ? 'BYE' : `BYE (${parts.join('; ')})`;
}
