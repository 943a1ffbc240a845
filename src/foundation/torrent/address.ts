// `ip:port` as users write it and as peers are known: a numeric IPv4 or bracketed IPv6 address and a port. A host name
// is taken only where a person of this organisation names an address, or allowed it: never from a stranger's word.
// Pure.

import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { MiniTorrentError } from '../base/errors.js';
import { HOST_NAME_BYTES_MAX, isHostName } from '../base/hosts.js';
import { printable } from './names.js';

/** Bytes of a numeric host as text: an IPv6 address with an embedded IPv4 one. */
export const HOST_BYTES_MAX = 45;
/** Bytes of an address as text: a host name, a colon and a port. */
export const ADDRESS_BYTES_MAX = HOST_NAME_BYTES_MAX + 6;

export interface Address {
  /**
   * Numeric, without brackets, as `canonicalHost` writes it: two texts of one host are equal. Where names are taken it
   * may be one, in lower case.
   */
  readonly host: string;
  /** 1…65535, or 0 where a free port is asked for. */
  readonly port: number;
}

/** Undefined when `text` is not `a.b.c.d:port` or `[v6]:port`. Port 0 only with `allowAnyPort`. */
export function parseAddress(text: string, allowAnyPort = false): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const text4 = match[2];
  const port = Number(match[3]);
  if (port > 65_535 || (port === 0 && !allowAnyPort)) return undefined;
  // An IPv4 address in brackets is a look-alike.
  if (text4 === undefined && isIPv4(match[1] ?? '')) return undefined;
  const host = canonicalHost(text4 ?? match[1] ?? '');
  return host === undefined ? undefined : { host, port };
}

/** As `parseAddress`, or `name:port`. A dot at the end of the name is dropped, and its letters become lower case. */
export function parseNamedAddress(text: string, allowAnyPort = false): Address | undefined {
  const numeric = parseAddress(text, allowAnyPort);
  if (numeric !== undefined) return numeric;
  const [, name = '', digits = ''] = /^([^:]{1,254}):(\d{1,5})$/.exec(text) ?? [];
  const host = name.replace(/\.$/, '').toLowerCase();
  const port = Number(digits);
  return isHostName(host) && port <= 65_535 && (port > 0 || (allowAnyPort && digits !== ''))
    ? { host, port }
    : undefined;
}

/**
 * A numeric address as text, the one way of many in which it may be written (RFC 5952; an IPv4 address that is embedded
 * in an IPv6 one is that IPv4 address). Every host that comes from a person, a file or another machine passes here
 * before it is compared. Undefined when it is none, or names a zone.
 */
export function canonicalHost(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (text.includes('%') || !isIPv6(text)) return undefined;
  return plainHost(new SocketAddress({ address: text, family: 'ipv6' }).address);
}

/**
 * What a person wrote, as `parseNamedAddress` reads it; throws MiniTorrentError, INVALID_ARGUMENTS.
 * @param what for the sentence: 'an address'.
 */
export function addressFrom(text: string, what: string, { allowAnyPort = false } = {}): Address {
  const address = parseNamedAddress(text, allowAnyPort);
  if (address !== undefined) return address;
  const why = whyNoAddress(text);
  const sentence = `"${printable(text)}" is not ${what}${why === undefined ? '' : `: ${why}`}; write ip:port, such as 192.0.2.1:7001, or name:port`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

/** What is wrong with a text that `parseNamedAddress` does not take, in the ways in which people write one. */
export function whyNoAddress(text: string): string | undefined {
  if (text.includes('://'))
    return `it is a URL; leave away what comes before the address: ${printable(hostPart(text))}`;
  if (text.includes('%')) return 'an address with a zone, behind %, means something on one machine alone';
  if (isIPv6(text)) return `an IPv6 address stands in brackets before its port: [${text}]:7001`;
  const [, bracketed = '', plain = '', port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(text) ?? [];
  const host = bracketed + plain;
  if (isIPv4(bracketed)) return 'brackets are for IPv6 addresses';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535 || Number(port) === 0)
    return /:\d+$/.test(text) ? 'a port is a number from 1 to 65535' : 'it names no port';
  // Outside of ASCII.
  if (/[^ -~]/.test(host)) return 'a name of other letters is written in its ASCII form, which begins with xn--';
  if (/^[\da-fx.]+$/i.test(host)) return 'an IPv4 address has four numbers from 0 to 255, without zeros in front';
  return undefined;
}

function hostPart(url: string): string {
  return url.replace(/^.*:\/\//, '').replace(/\/.*$/, '');
}

export function formatAddress(address: Address): string {
  // Hosts are checked where they come in; Node's own test compiles a pattern that costs a thread 30 ms once.
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Of a socket, which is canonical already: `::ffff:1.2.3.4`, as a dual-stack listener reports it, is 1.2.3.4. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && isIPv4(host.slice(7)) ? host.slice(7) : host;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/** Of one machine: not the wildcard, not multicast, not broadcast; a name may be. @param host canonical. */
export function isDialable(host: string): boolean {
  if (!host.includes(':') && !isIPv4(host)) return true;
  if (host.includes(':')) return !/^(?:::$|ff)/.test(host);
  return !/^(?:0|22[4-9]|23\d|24\d|25[0-5])\./.test(host);
}
