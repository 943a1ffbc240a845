// How the console shows what a client says. Remote text is escaped; nothing here writes anywhere. Pure.

import { formatBytes } from '../base/bytes.js';
import type { FileRow } from '../client/messages.js';
import { formatAddress } from '../torrent/address.js';
import { printable } from '../torrent/names.js';
import type { Answer } from './asker.js';
import { formatRate } from './rates.js';

/** `[D] name  43.2 %  …` while it is being downloaded, `[S] name  …` when it is complete. The mark opens the line. */
export function downloadLine(row: FileRow): string {
  const [name, state, , , size, have, pieces, rate, peers, , , sent, problem] = row;
  const isWhole = state === 'seeding' || ((state === 'missing' || state === 'checking') && have === pieces);
  const mark = isWhole ? '[S]' : '[D]';
  const parts = [`${mark} ${printable(name)}`];
  if (state === 'seeding') parts.push('100 %', formatBytes(size), `sent ${formatBytes(sent)}`);
  else parts.push(percent(have, pieces), formatBytes(size));
  if (state === 'downloading')
    parts.push(`${formatBytes(Math.round(rate))}/s`, peers === 1 ? '1 peer' : `${peers} peers`);
  else if (state !== 'seeding') parts.push(state);
  if (problem !== '') parts.push(printable(problem));
  return parts.join('  ');
}

/** One JSON object for `show downloads --json`: bytes and pieces as numbers, rates in bytes a second. */
export function downloadsJson(rows: readonly FileRow[]): string {
  const files = rows.map(
    ([name, state, path, mtorrentPath, size, have, pieces, rate, peers, received, wasted, sent, problem]) => ({
      name,
      state,
      path,
      mtorrentPath,
      size,
      have,
      pieces,
      rate,
      peers,
      received,
      wasted,
      sent,
      problem,
    }),
  );
  return JSON.stringify({ schema: 1, files });
}

export function percent(have: number, pieces: number): string {
  if (pieces === 0 || have === pieces) return '100 %';
  // Rounded down: 100 % means every piece.
  return `${(Math.floor((have / pieces) * 1000) / 10).toFixed(1)} %`;
}

export function peerLine(peer: Extract<Answer, { kind: 'peersListed' }>['peers'][number]): string {
  const [direction, host, port, bytes, rate, pieces] = peer;
  const address = formatAddress({ host, port });
  if (direction === 'to') return `to   ${address}  sent ${formatBytes(bytes)}`;
  return `from ${address}  received ${formatBytes(bytes)}  ${formatBytes(Math.round(rate))}/s  has ${pieces} pieces`;
}

export function limitsLine({ up, down }: Extract<Answer, { kind: 'limitsListed' }>): string {
  return `up: ${formatRate(up)}, down: ${formatRate(down)}`;
}
