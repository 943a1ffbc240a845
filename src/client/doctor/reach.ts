// How it is said that a tracker cannot reach this client, or this client a peer: the same words in notices, lists and
// the doctor. Pure.

import { type Address, formatAddress } from '../../foundation/torrent/address.js';

export const REACH_REMEDY =
  'other clients cannot fetch from this one: open that port in the firewall, or forward it and name what leads here with --advertise';

export interface Silent extends Address {
  readonly trouble: Trouble;
}
type Trouble = 'refuses' | 'noRoute' | 'noAnswer' | 'noBytes';

/**
 * What is so of a listed address, and what to do about it.
 * @param outside hosts of this client that its machine does not have: a peer at one of them is behind the same NAT.
 */
export function aboutSilent(
  { host, trouble }: Pick<Silent, 'host' | 'trouble'>,
  outside: readonly string[],
): { readonly found: string; readonly remedy: string } {
  if (trouble !== 'noBytes' && outside.includes(host))
    return {
      found: 'does not answer, and is behind the same NAT as this client',
      remedy:
        'that NAT has to lead back to itself (hairpin, NAT loopback): turn that on, let both meet at trackers that see their inner addresses, or share it from outside',
    };
  switch (trouble) {
    case 'refuses':
      return {
        found: 'does not answer: nothing listens there',
        remedy: 'check that its client runs, and that the address leads to it',
      };
    case 'noRoute':
      return {
        found: 'is out of reach: its machine is down, no route leads there, or a firewall turns this client away',
        remedy: 'check that its machine runs, the route (`ip route get` with its host), and the firewalls in between',
      };
    case 'noAnswer':
      return {
        found: 'does not answer',
        remedy:
          'check that its machine runs, and that its firewall lets that port in; it is dialed again with growing pauses',
      };
    case 'noBytes':
      return {
        found: 'says hello, but none of its bytes arrive',
        remedy:
          'large packets are lost on the way: lower the MTU (`ip link set dev <interface> mtu 1280`), or let ICMP "packet too big" through the firewalls in between',
      };
  }
}

/** @param isFound nobody named it, so another one is taken when there is one. */
export function addressGone(host: string, isFound: boolean): string {
  const next = isFound ? 'it moves to another one as soon as there is one' : NAME_ANOTHER;
  return `${host} is no longer an address of this machine, so nobody reaches this client and it reaches nobody; ${next}`;
}

export const NAME_ANOTHER = 'it goes on by itself when that address is back; otherwise name another one with --address';

export function addressBack(host: string): string {
  return `${host} is an address of this machine again; this client goes on there`;
}

/** @param now with the port. */
export function addressMoved(from: string, now: string): string {
  return `the address of this machine is no longer ${from}; this client listens at ${now} now, and announces itself there`;
}

/** @param now with the port. */
export function addressRerouted(from: string, now: string): string {
  return `no tracker answers at ${from}, and the way to them leads from another address now; this client listens at ${now} now, and announces itself there`;
}

/** @param now with the port. */
export function addressSeen(from: string, now: string): string {
  return `a tracker sees this client at another address of this machine than ${from}; it listens at ${now} now, and announces itself there`;
}

export const MISLED_REMEDY = 'name one with --advertise that leads here from other machines, or the port alone';

/** Follows the name of the tracker. @param insteadOf the loopback that is advertised. */
export function misledAt(address: Address, insteadOf: string): string {
  return `looks for this client at ${formatAddress(address)}: ${insteadOf}, which it advertises, is a loopback, and leads every machine to itself`;
}

/** Follows the name of the tracker. @param address where it looked for this client. */
export function unreachedAt(address: Address, found: 'stranger' | 'nobody'): string {
  return found === 'nobody'
    ? `cannot reach this client at ${formatAddress(address)}: nobody answers there`
    : `cannot reach this client at ${formatAddress(address)}: somebody else answers there`;
}
