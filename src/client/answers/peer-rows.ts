// The rows of `show peers`: those that a download fetches from, and those that fetch the file from us.

import type { PeerRow } from '../messages.js';
import type { ThreadQueries } from '../threads/thread-queries.js';

export async function peerRows(queries: ThreadQueries, file: number): Promise<readonly PeerRow[]> {
  const [download, uploads] = await Promise.all([
    queries.download({ kind: 'describe', file }, 'described'),
    queries.acceptors({ kind: 'describe' }, 'described'),
  ]);
  const from = (download?.peers ?? []).map((peer): PeerRow => ({ direction: 'from', ...peer }));
  const to = uploads
    .flatMap(({ peers }) => peers)
    .filter((peer) => peer.file === file)
    .map(({ host, port, bytes }): PeerRow => ({ direction: 'to', host, port, bytes, rate: 0, pieces: 0 }));
  return [...from, ...to];
}
