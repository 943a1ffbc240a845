// How it is said that a tracker cannot reach this client, or this client a peer: the same words in notices, lists and
// the doctor. Pure.

export const REACH_REMEDY =
  'other clients cannot fetch from this one: open that port in the firewall, or forward it and name what leads here with --advertise';

/** Follows the name of the tracker. @param address where it looked for this client. */
export function unreachedAt(address: string, found: 'stranger' | 'nobody'): string {
  return found === 'nobody'
    ? `cannot reach this client at ${address}: nobody answers there`
    : `cannot reach this client at ${address}: somebody else answers there`;
}
