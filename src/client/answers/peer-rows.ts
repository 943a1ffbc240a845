// The rows of `show peers`: those that a download fetches from, and those that fetch the file from us.

import { toHex } from '../../foundation/base/bytes.js';
import type { ClientEvent, PeerRow } from '../messages.js';
import type { ThreadQueries } from '../threads/thread-queries.js';

export async function peersListed(
  queries: ThreadQueries,
  { ask, file }: { readonly ask: number; readonly file: number },
): Promise<ClientEvent> {
  return { kind: 'peersListed', ask, peers: await peerRows(queries, file) };
}

async function peerRows(queries: ThreadQueries, file: number): Promise<readonly PeerRow[]> {
  const [download, uploads] = await Promise.all([
    queries.download({ kind: 'describe', file }, 'described'),
    queries.acceptors({ kind: 'describe' }, 'described'),
  ]);
  const from = (download?.peers ?? []).map((peer): PeerRow => ({ direction: 'from', ...peer }));
  // A client may have several connections, on several threads: one row shows them all.
  const to = new Map<string, PeerRow>();
  for (const peer of uploads.flatMap(({ peers }) => peers)) {
    if (peer.file !== file) continue;
    const { host, port, bytes } = peer;
    const key = `${host} ${toHex(peer.peer)}`;
    const known = to.get(key) ?? { direction: 'to', host, port, bytes: 0, rate: 0, pieces: 0 };
    to.set(key, { ...known, bytes: known.bytes + bytes });
  }
  return [...from, ...to.values()];
}
