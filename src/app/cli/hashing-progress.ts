// The progress of hashing while a command waits for its client: a share that is made, or what lies at the target of a
// get already.

import { within } from '../../foundation/base/deferred.js';
import { PROGRESS_MS } from '../../foundation/base/limits.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Reporter } from './reporters.js';

/** Waits for `work`. @param path of what is hashed meanwhile. */
export async function reportHashing<T>(
  work: Promise<T>,
  client: Pick<SwarmClient, 'overview'>,
  path: string,
  reporter: Pick<Reporter, 'progress'>,
): Promise<T> {
  const over = work.then(
    () => true,
    () => true,
  );
  while (!(await within(over, PROGRESS_MS, () => false))) {
    // A client that does not answer any more has rejected `work` as well.
    const files = await client.overview().then(
      (seen) => seen.files,
      () => [],
    );
    const hashed = files.find((file) => file.state === 'hashing' && file.path === path);
    if (hashed !== undefined) reporter.progress(hashed);
  }
  return work;
}
