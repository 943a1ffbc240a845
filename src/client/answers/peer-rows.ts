// The answers about peers: the rows of `show peers`, and the map of a file piece by piece. A thread that does not
// answer in time is left out.

import { toHex } from '../../foundation/base/bytes.js';
import { aboutSilent } from '../doctor/reach.js';
import type { ClientEffect } from '../effects.js';
import { type ClientEvent, MAP_FETCHERS_MAX, type PeerRow } from '../messages.js';
import type { ThreadQueries } from '../threads/thread-queries.js';

type Question = Extract<ClientEffect, { readonly kind: 'listPeers' | 'mapSwarm' }>;

/** @param outside as `aboutSilent` takes it. */
export async function peersTold(
  queries: ThreadQueries,
  question: Question,
  outside: () => readonly string[],
): Promise<ClientEvent> {
  if (question.kind === 'mapSwarm') return mapped(queries, question);
  return { kind: 'peersListed', ask: question.ask, peers: await peerRows(queries, question.file, outside) };
}

async function mapped(
  queries: ThreadQueries,
  { ask, file, name, pieces }: Extract<Question, { kind: 'mapSwarm' }>,
): Promise<ClientEvent> {
  const [charted, to] = await Promise.all([
    queries.download({ kind: 'chart', file }, 'charted'),
    fetchers(queries, file),
  ]);
  const { isThere: isLive = false, own = new Uint8Array(0), peers = [], asked = [], storing = [] } = charted ?? {};
  const most = [...to].sort((a, b) => b.bytes - a.bytes).slice(0, MAP_FETCHERS_MAX);
  return { kind: 'mapped', ask, name, pieces, isLive, own, peers, asked, storing, fetchers: most };
}

async function peerRows(
  queries: ThreadQueries,
  file: number,
  outside: () => readonly string[],
): Promise<readonly PeerRow[]> {
  const [download, examined, to] = await Promise.all([
    queries.download({ kind: 'describe', file }, 'described'),
    queries.download({ kind: 'examine' }, 'examined'),
    fetchers(queries, file),
  ]);
  const from = (download?.peers ?? []).map((peer): PeerRow => ({ direction: 'from', ...peer, problem: '' }));
  const silent = examined?.downloads.find((each) => each.file === file)?.silent ?? [];
  const hosts = silent.length === 0 ? [] : outside();
  const inVain = silent.map(({ host, port, trouble }): PeerRow => {
    const { found, remedy } = aboutSilent({ host, trouble }, hosts);
    return {
      direction: 'silent',
      host,
      port,
      bytes: 0,
      rate: 0,
      pieces: 0,
      member: null,
      problem: `${found}; ${remedy}`,
    };
  });
  return [...from, ...to, ...inVain];
}

/** Who fetches the file from us. */
async function fetchers(queries: ThreadQueries, file: number): Promise<readonly PeerRow[]> {
  const uploads = await queries.acceptors({ kind: 'describe' }, 'described');
  // A client may have several connections, on several threads: one row shows them all.
  const to = new Map<string, PeerRow>();
  for (const peer of uploads.flatMap(({ peers }) => peers)) {
    if (peer.file !== file) continue;
    const { host, port, bytes, member } = peer;
    const key = `${host} ${toHex(peer.peer)} ${member?.key ?? ''}`;
    const fresh = { direction: 'to', host, port, bytes: 0, rate: 0, pieces: 0, member, problem: '' } as const;
    const known = to.get(key) ?? fresh;
    to.set(key, { ...known, bytes: known.bytes + bytes });
  }
  return [...to.values()];
}
