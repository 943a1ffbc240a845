// `ip:port` as users write it and as peers are known: a numeric IPv4 or bracketed IPv6 address and a port. No host
// names: a `.mtorrent` from a stranger must not make us ask a name server (libtorrent audit 2020, F1 and F7). Pure.

import { isIPv4, isIPv6 } from 'node:net';

export interface Address {
  /** Numeric, without brackets. */
  readonly host: string;
  /** 1…65535, or 0 where a free port is asked for. */
  readonly port: number;
}

/** Undefined when `text` is not `a.b.c.d:port` or `[v6]:port`. Port 0 only with `allowAnyPort`. */
export function parseAddress(text: string, allowAnyPort = false): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  if (!(match[1] === undefined ? isIPv4(host) : isIPv6(host))) return undefined;
  if (port > 65_535 || (port === 0 && !allowAnyPort)) return undefined;
  return { host: host.toLowerCase(), port };
}

export function formatAddress(address: Address): string {
  // Hosts are checked where they come in; Node's own test compiles a pattern that costs a thread 30 ms once.
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** `::ffff:1.2.3.4`, as a dual-stack listener reports it, is 1.2.3.4. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && isIPv4(host.slice(7)) ? host.slice(7) : host;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
