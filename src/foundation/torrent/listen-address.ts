// The address of this machine as its owner writes it, for one configuration on many machines: numeric, or by a host
// name, an interface (`ib0:6881`) or a network (`10.1.0.0/16:6881`). Which address that is, each start finds out. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { familyOf } from '../base/hosts.js';
import { type Address, canonicalHost, parseNamedAddress } from './address.js';
import { printable } from './names.js';

/** Its host may be a name, an interface or a network. */
export type ListenAddress = Address;

export const LISTEN_ADDRESS_EXPECTED =
  'an address; write ip:port, such as 192.0.2.1:6881, or interface:port, network/bits:port or name:port';

/** Undefined when it is none of these. Port 0 takes a free one. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const address = parseNamedAddress(text, true);
  if (address !== undefined && familyOf(address.host) !== undefined) return address;
  const [, host = '', digits = ''] = /^(.{1,253}):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) return undefined;
  const network = canonicalNetwork(host.replace(/^\[(.*)\]$/, '$1'));
  if (network !== undefined) return { host: network, port };
  return INTERFACE.test(host) ? { host, port } : address;
}

/** As `parseListenAddress`; throws MiniTorrentError, INVALID_ARGUMENTS. */
export function listenAddressFrom(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address !== undefined) return address;
  throw new MiniTorrentError('INVALID_ARGUMENTS', `"${printable(text)}" is not ${LISTEN_ADDRESS_EXPECTED}`);
}

/** Reads back as the same address. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function isNetwork(host: string): boolean {
  return host.includes('/');
}

/** @param host canonical. @param network as `parseListenAddress` answers it. */
export function isInNetwork(host: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  if (familyOf(base) !== familyOf(host)) return false;
  const [a, b] = [bitsOf(base), bitsOf(host)];
  return a.slice(0, Number(bits)) === b.slice(0, Number(bits));
}

/** Linux takes 15 bytes; one with a letter, so that no number is one. */
const INTERFACE = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/;

function canonicalNetwork(text: string): string | undefined {
  const [, base = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const host = canonicalHost(base);
  const family = host === undefined ? undefined : familyOf(host);
  const bits = Number(digits);
  if (host === undefined || family === undefined || bits < 1 || bits > (family === 'IPv4' ? 32 : 128)) return undefined;
  return `${host}/${bits}`;
}

/** Of a canonical host, as digits 0 and 1. */
function bitsOf(host: string): string {
  const binary = (part: number, length: number): string => part.toString(2).padStart(length, '0');
  if (familyOf(host) === 'IPv4')
    return host
      .split('.')
      .map((part) => binary(Number(part), 8))
      .join('');
  const [head = '', tail] = host.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), tail === undefined ? [] : groups(tail)];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => '0');
  return [...first, ...zeros, ...last].map((part) => binary(Number.parseInt(part, 16), 16)).join('');
}
