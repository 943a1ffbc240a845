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

/** Bytes of a host name as text (RFC 1035), without the dot that may end it. */
export const HOST_NAME_BYTES_MAX = 253;

/**
 * A name for a name server or for /etc/hosts: labels of letters, digits, `-` and `_`, of which the last has a letter,
 * so that nothing that looks like a numeric address is one. In lower case.
 */
export function isHostName(text: string): boolean {
  if (text.length > HOST_NAME_BYTES_MAX || familyOf(text) !== undefined) return false;
  return HOST_NAME.test(text) && /[a-z]/.test(text.slice(text.lastIndexOf('.') + 1));
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
