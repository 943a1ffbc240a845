// How it is said that a tracker cannot reach this client, or this client a peer: the same words in notices, lists and
// the doctor. Pure.

import { type Address, formatAddress } from '../../foundation/torrent/address.js';

export const REACH_REMEDY =
  'other clients cannot fetch from this one: open that port in the firewall, or forward it and name what leads here with --advertise';

export interface Silent extends Address {
  readonly trouble: 'refuses' | 'noAnswer' | 'noBytes';
}

/** What is so of a listed address, and what to do about it. */
export function aboutSilent(silent: Silent): { readonly found: string; readonly remedy: string } {
  switch (silent.trouble) {
    case 'refuses':
      return {
        found: 'does not answer: nothing listens there',
        remedy: 'check that its client runs, and that the address leads to it',
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

/** Follows the name of the tracker. @param address where it looked for this client. */
export function unreachedAt(address: Address, found: 'stranger' | 'nobody'): string {
  return found === 'nobody'
    ? `cannot reach this client at ${formatAddress(address)}: nobody answers there`
    : `cannot reach this client at ${formatAddress(address)}: somebody else answers there`;
}
