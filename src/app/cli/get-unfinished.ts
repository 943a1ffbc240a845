// How one `mtorrent get` ends that was stopped before its download was complete: what is there by then, why nothing
// came if nothing did, and which command goes on.

import { type ErrorCode, MiniTorrentError } from '../../foundation/base/errors.js';
import { isRefusal } from '../../foundation/wire/refusals.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { percent } from '../verbs/results.js';
import type { Order } from './get-order.js';
import type { Unfinished } from './one-shot.js';

export async function unfinished(
  end: Unfinished,
  { trackers, again }: Order,
  client: SwarmClient,
  isOurs: boolean,
): Promise<MiniTorrentError> {
  const { last } = end;
  const done = last === undefined ? 'nothing was downloaded yet' : `${percent(last.have, last.pieces)} is downloaded`;
  const next = isOurs
    ? `${again} continues it`
    : `the client in the background continues it; ${again} shows its progress`;
  const because = (code: ErrorCode, what: string) => new MiniTorrentError(code, `${what}; ${done}: ${next}`);
  if (end.kind === 'stopped') return because('UNFINISHED', `stopped by ${end.signal} before the download finished`);
  const reasons = (last?.received ?? 0) === 0 ? await whyWithoutTracker(client, trackers) : undefined;
  const refused = reasons?.find(isRefusal);
  if (refused !== undefined) return because('NOT_ADMITTED', refused);
  if (reasons !== undefined) return because('NO_TRACKER', 'timed out before any tracker answered');
  return because('TIMED_OUT', 'timed out before the download finished');
}

/** Of each tracker that the .mtorrent names, when all were tried and none can be used. */
async function whyWithoutTracker(client: SwarmClient, named: readonly string[]): Promise<string[] | undefined> {
  const trackers = (await client.trackers()).filter(({ address }) => named.includes(address));
  const isWithout = trackers.length > 0 && trackers.every(({ state }) => state === 'away');
  return isWithout ? trackers.map(({ reason }) => reason) : undefined;
}
