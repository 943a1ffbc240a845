// Which two addresses can be those of a tracker pair: each must be one that other machines can dial, and the trackers
// must reach each other. Checked where a person names a pair, not where a file of before is read. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { familyOf, isWildcard } from '../base/hosts.js';
import { type Address, formatAddress, sameAddress } from './address.js';

/** Why they are none, with what to do; undefined when they can be a pair. */
export function whyNoPair(first: Address, second: Address): string | undefined {
  const wildcard = [first, second].find(({ host }) => isWildcard(host));
  if (wildcard !== undefined) return wildcardSentence(wildcard);
  if (sameAddress(first, second))
    return `both trackers are ${formatAddress(first)}; a pair needs two different addresses`;
  const [family, other] = [familyOf(first.host), familyOf(second.host)];
  if (family === undefined || other === undefined || family === other) return undefined;
  return `${formatAddress(first)} is an ${family} address and ${formatAddress(second)} an ${other} address, so these trackers cannot be a pair; name both by IPv4 or both by IPv6`;
}

export function wildcardSentence(address: Address): string {
  return `${formatAddress(address)} stands for every address of a machine, so nobody elsewhere can dial it; name the address at which the tracker is reached`;
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS. */
export function checkPair(first: Address, second: Address): readonly [Address, Address] {
  const why = whyNoPair(first, second);
  if (why === undefined) return [first, second];
  throw new MiniTorrentError('INVALID_ARGUMENTS', why);
}
