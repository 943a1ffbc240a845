// What the text of a host says: a numeric address of which family, one that stands for all, or a name. Pure.

import { isIPv4 } from 'node:net';

export type Family = 'IPv4' | 'IPv6';

/** It stands for every address of a machine: to listen on, never to be dialed by others. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Of a canonical host. Undefined for a name, which may have addresses of both. */
export function familyOf(host: string): Family | undefined {
  if (host.includes(':')) return 'IPv6';
  return isIPv4(host) ? 'IPv4' : undefined;
}

export function isLoopback(host: string): boolean {
  return host === '::1' || (familyOf(host) === 'IPv4' && host.startsWith('127.'));
}
