// A link in place of a .mtorrent: says what is looked up, and ends with a signal or after a time limit.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { parseLink } from '../../foundation/torrent/link.js';
import { mtorrentOfLink } from '../library/links.js';
import { type OneShot, startTimeLimit } from './one-shot.js';

/**
 * Absolute path of its .mtorrent. Rejects as `mtorrentOfLink` does, and with UNFINISHED or TIMED_OUT.
 * @param timeoutMs undefined: no limit.
 */
export async function linkedMtorrent(text: string, run: OneShot, timeoutMs: number | undefined): Promise<string> {
  const { trackers, name } = parseLink(text);
  run.reporter.notice('good', `looking up ${name} at the trackers ${trackers.map(formatAddress).join(' and ')}`);
  const stop = new AbortController();
  const { mayName } = run.config;
  const { stateRoot, knownTrackers } = run.clientConfig;
  const limit = startTimeLimit(timeoutMs);
  try {
    const { credentials } = await run.membershipAt(trackers);
    const options = { stateRoot, mayName, signal: stop.signal, credentials, knownTrackers };
    const end = await run.firstOf(mtorrentOfLink(text, options), limit);
    if (end.kind === 'done') return end.value;
    if (end.kind === 'late') throw new MiniTorrentError('TIMED_OUT', `timed out before ${name} was found; ${AGAIN}`);
    throw new MiniTorrentError('UNFINISHED', `stopped by ${end.signal} before ${name} was found; ${AGAIN}`);
  } finally {
    limit.cancel();
    stop.abort();
  }
}

const AGAIN = 'run the same command again';
