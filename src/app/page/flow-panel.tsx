// Who sends to whom: those that send to this client on the left, those that fetch from it on the right, and a line for
// each whose width is its rate.

import { formatBytes, formatRate } from './figures.js';
import { useRef } from './preact.js';
import { calledBy, describedBy, type MapRow, type PeerRow } from './rows.js';

/** Of each side, those with the most bytes. */
const SHOWN_MAX = 8;
const ROW_PX = 30;
const WIDTH = 540;

export function FlowPanel({ map }: { readonly map: MapRow }) {
  const rates = useRef(new SentRates());
  const from = largest(map.peers);
  const to = rates.current.withRates(largest(map.fetchers), performance.now());
  if (from.length === 0 && to.length === 0) return null;
  const height = Math.max(2, from.length, to.length) * ROW_PX;
  const [middle, left, right] = [height / 2, 165, WIDTH - 165];
  const told = (peer: PeerRow): string => (peer.rate >= 1 ? formatRate(peer.rate) : formatBytes(peer.bytes));
  const y = (at: number, of: number): number => ((at + 0.5) * height) / of;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
    <section class="flow scroll" aria-label="Who sends to whom" tabIndex={0}>
      <h3>Who sends to whom</h3>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={sentence(from, to)}>
        {from.map((peer, at) => (
          <g key={peer.address} class="from">
            <title>{describedBy(peer)}</title>
            <path d={curve(left, y(at, from.length), WIDTH / 2 - 34, middle)} stroke-width={widthOf(peer.rate)} />
            <text x={left - 8} y={y(at, from.length) - 3} text-anchor="end">
              {calledBy(peer)}
            </text>
            <text class="dim" x={left - 8} y={y(at, from.length) + 11} text-anchor="end">
              {told(peer)}
            </text>
          </g>
        ))}
        {to.map((peer, at) => (
          <g key={peer.address} class="to">
            <title>{describedBy(peer)}</title>
            <path d={curve(WIDTH / 2 + 34, middle, right, y(at, to.length))} stroke-width={widthOf(peer.rate)} />
            <text x={right + 8} y={y(at, to.length) - 3}>
              {calledBy(peer)}
            </text>
            <text class="dim" x={right + 8} y={y(at, to.length) + 11}>
              {told(peer)}
            </text>
          </g>
        ))}
        <rect x={WIDTH / 2 - 34} y={middle - 15} width="68" height="30" rx="8" class="us" />
        <text x={WIDTH / 2} y={middle + 5} text-anchor="middle" class="us">
          here
        </text>
      </svg>
    </section>
  );
}

function largest<P extends PeerRow>(peers: readonly P[]): readonly P[] {
  return [...peers].sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN_MAX);
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

/** Twice as wide for ten times the rate, so that a slow peer beside a fast one is seen. */
function widthOf(rate: number): number {
  return rate < 1 ? 1 : Math.max(1.5, Math.log10(rate) * 1.6 - 4);
}

function sentence(from: readonly PeerRow[], to: readonly PeerRow[]): string {
  const list = (peers: readonly PeerRow[]): string =>
    peers.map((peer) => `${describedBy(peer)} ${formatBytes(peer.bytes)}`).join(', ') || 'nobody';
  return `received from ${list(from)}; sent to ${list(to)}`;
}

/** The client counts what each peer was sent; how fast follows from two looks. */
class SentRates {
  #before = new Map<string, { readonly bytes: number; readonly atMs: number; readonly rate: number }>();

  withRates(peers: readonly PeerRow[], nowMs: number): readonly PeerRow[] {
    const now = peers.map((peer) => {
      const before = this.#before.get(peer.address);
      if (before === undefined) return { ...peer, atMs: nowMs };
      if (nowMs - before.atMs < 300) return { ...peer, ...before };
      const rate = ((peer.bytes - before.bytes) * 1000) / (nowMs - before.atMs);
      return { ...peer, atMs: nowMs, rate: Math.max(0, before.rate * 0.5 + rate * 0.5) };
    });
    this.#before = new Map(now.map(({ address, bytes, atMs, rate }) => [address, { bytes, atMs, rate }]));
    return now;
  }
}
