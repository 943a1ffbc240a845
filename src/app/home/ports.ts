// Where the trackers of a console without any set-up listened last: a .mtorrent names them, so they should be found there again.
// One small JSON file; what it says is checked, and a damaged one refused. Pure.

import { isIP } from 'node:net';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Address } from '../../foundation/torrent/address.js';

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

/** What to tell when .mtorrent files of earlier runs name trackers that are not there any more; undefined when they are. */
export function movedSentence(
  before: readonly [Address, Address] | undefined,
  now: readonly [Address, Address],
): string | undefined {
  if (before === undefined) return undefined;
  if (before[0].host !== now[0].host)
    return `this machine was ${before[0].host} and is ${now[0].host} now; .mtorrent files made before name the old address: share those files again under new names`;
  const taken = before.filter(({ port }, at) => now[at]?.port !== port).map(({ port }) => port);
  if (taken.length === 0) return undefined;
  const other = taken.length === 2 ? 'share those files again under new names' : 'the other tracker still serves them';
  return `port ${taken.join(' and ')} of the last run is in use by another program; .mtorrent files made before name it: ${other}`;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

function damaged(path: string): MiniTorrentError {
  return new MiniTorrentError('STATE_DAMAGED', `${path} is damaged; delete it, and the trackers get new ports`);
}
