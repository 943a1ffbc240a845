// The addresses of this user's own trackers in the last run, as one small JSON file: .mtorrent files name them, so the
// trackers should be found there again. A damaged file is refused. Pure.

import { isIP } from 'node:net';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type Address, formatAddress, sameAddress } from '../../foundation/torrent/address.js';

const VERSION = 1;

export function parsePorts(path: string, text: string): readonly [Address, Address] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path);
  }
  const { version, host, ports } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (version !== VERSION || typeof host !== 'string' || isIP(host) === 0 || !Array.isArray(ports)) throw damaged(path);
  const [first, second] = ports as unknown[];
  if (!isPort(first) || !isPort(second) || first === second || ports.length !== 2) throw damaged(path);
  return [
    { host, port: first },
    { host, port: second },
  ];
}

export function formatPorts([first, second]: readonly [Address, Address]): string {
  return `${JSON.stringify({ version: VERSION, host: first.host, ports: [first.port, second.port] })}\n`;
}

/** Says that .mtorrent files of earlier runs name addresses that no longer apply; undefined when they still do. */
export function movedSentence(
  before: readonly [Address, Address] | undefined,
  now: readonly [Address, Address],
): string | undefined {
  if (before === undefined) return undefined;
  if (before[0].host !== now[0].host)
    return `the address of this machine changed from ${before[0].host} to ${now[0].host}; existing .mtorrent files name the old one: ${retrackAdvice(before, now)}`;
  const taken = before.filter(({ port }, at) => now[at]?.port !== port).map(({ port }) => port);
  if (taken.length === 0) return undefined;
  const other = taken.length === 2 ? '' : 'the other tracker still serves them; ';
  return `port ${taken.join(' and ')} of the last run is used by another program; existing .mtorrent files name it: ${other}${retrackAdvice(before, now)}`;
}

function retrackAdvice(before: readonly [Address, Address], now: readonly [Address, Address]): string {
  const calls = before.flatMap((old, at) => {
    const own = now[at];
    return own === undefined || sameAddress(old, own) ? [] : [`retrack ${formatAddress(old)} ${formatAddress(own)}`];
  });
  const [what, move] = [calls.join(' and '), calls.length === 1 ? 'moves' : 'move'];
  return `${what} ${move} all that this client knows, after which those files have to be handed out again`;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

function damaged(path: string): MiniTorrentError {
  return new MiniTorrentError('STATE_DAMAGED', `${path} is damaged; delete it, and the trackers will get new ports`);
}
