// Which addresses can be those of a tracker pair, or of more trackers on one database: each is one that other machines
// can dial, and a client reaches them all by one family. Checked where a person names them, not where a file of before
// is read. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { familyOf, isWildcard } from '../base/hosts.js';
import { TRACKERS_MAX } from '../base/limits.js';
import { type Address, formatAddress, isDialable, sameAddress } from './address.js';

/** What a .mtorrent names. */
export type NamedPair = readonly [Address, Address];
/**
 * The trackers of one swarm, each once: a pair, or up to TRACKERS_MAX that share a database. A .mtorrent that is made
 * with them names the first two.
 */
export type TrackerList = readonly [Address, Address, ...Address[]];

/** Why they are none, with what to do; undefined when they can be a pair. */
export function whyNoPair(first: Address, second: Address): string | undefined {
  return whyNoTrackers([first, second]);
}

/** The same of two trackers or more. */
export function whyNoTrackers(trackers: TrackerList): string | undefined {
  const undialable = trackers.map(whyUndialable).find((why) => why !== undefined);
  if (undialable !== undefined) return undialable;
  const twice = trackers.find((tracker, at) => trackers.slice(0, at).some((other) => sameAddress(other, tracker)));
  if (twice !== undefined)
    return trackers.length === 2
      ? `both trackers are ${formatAddress(twice)}; a pair needs two different addresses`
      : `${formatAddress(twice)} is named twice; name each tracker once`;
  if (trackers.length > TRACKERS_MAX)
    return `these are ${trackers.length} trackers; a client takes ${TRACKERS_MAX} at most`;
  const [first] = trackers;
  const other = trackers.find(({ host }) => familyOf(host) !== undefined && familyOf(host) !== familyOf(first.host));
  const family = familyOf(first.host);
  if (family === undefined || other === undefined) return undefined;
  const which = trackers.length === 2 ? 'both' : 'all';
  return `${formatAddress(first)} is an ${family} address and ${formatAddress(other)} an ${familyOf(other.host)} address, so these trackers cannot be ${trackers.length === 2 ? 'a pair' : 'those of one swarm'}; name ${which} by IPv4 or ${which} by IPv6`;
}

/** Why nobody can dial a tracker there; undefined when that can be. */
export function whyUndialable(address: Address): string | undefined {
  const remedy = 'name the address at which the tracker is reached';
  if (isWildcard(address.host))
    return `${formatAddress(address)} stands for every address of a machine, so nobody elsewhere can dial it; ${remedy}`;
  if (isDialable(address.host)) return undefined;
  return `${formatAddress(address)} is a multicast or broadcast address, so nobody can dial it; ${remedy}`;
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS. */
export function checkPair(first: Address, second: Address): NamedPair {
  const why = whyNoPair(first, second);
  if (why === undefined) return [first, second];
  throw new MiniTorrentError('INVALID_ARGUMENTS', why);
}

/** As `checkPair`, for two trackers or more. */
export function checkTrackers(trackers: TrackerList): TrackerList {
  const why = whyNoTrackers(trackers);
  if (why === undefined) return trackers;
  throw new MiniTorrentError('INVALID_ARGUMENTS', why);
}

/** A list of them, if there are two at least. */
export function trackerList(trackers: readonly Address[]): TrackerList | undefined {
  const [first, second, ...more] = trackers;
  return first === undefined || second === undefined ? undefined : [first, second, ...more];
}

export function namedPair([first, second]: TrackerList): NamedPair {
  return [first, second];
}

/**
 * All trackers of whoever is named, those of `pair` first: more than two share a database, so each of them knows what
 * one of them knows. A pair stands alone, whatever else names one of its trackers.
 */
export function knownWith(pair: NamedPair, known: TrackerList | undefined): TrackerList {
  if (known === undefined || !isPartOf(pair, known)) return pair;
  return [...pair, ...known.filter((tracker) => !pair.some((named) => sameAddress(named, tracker)))];
}

/** Whether a tracker of the pair is one of more than two that share a database. */
export function isPartOf(pair: TrackerList, known: TrackerList): boolean {
  return known.length > 2 && pair.some((named) => known.some((tracker) => sameAddress(tracker, named)));
}
