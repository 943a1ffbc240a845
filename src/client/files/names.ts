// The names of an entry: its .mtorrent files and the copies of its content. The first is served and shown; the trackers
// of all are told. Invariant: names of one .mtorrent have one pair, copies at one path are equally complete. Pure.

import { type Address, formatAddress, sameAddress } from '../../foundation/torrent/address.js';
import type { NamedPair, TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { ENTRY_NAMES_MAX } from '../limits.js';
import type { Completeness } from './completeness.js';
import type { Entry, Name, ReuseWish } from './record.js';

export type Pair = NamedPair;

export function namesOf(entry: Entry): readonly Name[] {
  return [nameOf(entry), ...entry.others];
}

export function isSameName(name: Name, other: Name): boolean {
  return name.mtorrentPath === other.mtorrentPath && name.path === other.path;
}

function nameOf({ mtorrentPath, path, name, trackers, completeness, details }: Entry): Name {
  return { mtorrentPath, path, name, trackers, completeness, ...detailsOf({ details }) };
}

function detailsOf({ details }: Pick<Name, 'details'>): Pick<Name, 'details'> {
  return details === undefined ? {} : { details };
}

/** The entry with these names; undefined when there are none. */
export function entryOfNames(entry: Entry, [first, ...others]: readonly Name[]): Entry | undefined {
  if (first === undefined) return undefined;
  // What is told of the first name is told of it alone.
  const { details: _, ...swarm } = entry;
  return { ...swarm, ...first, others };
}

/** Adds the names of `fresh`, which is known to be right now. The entry is served from where it was. */
export function withNames(entry: Entry, fresh: Entry): Entry {
  const named = merged(entry, namesOf(entry), namesOf(fresh), namesOf(fresh));
  return withReuse(listedAs(named, fresh.isListed), reuseAfter(entry, fresh));
}

/** `fresh` takes the place of `former`, whose names it keeps behind its own. */
export function succeeding(fresh: Entry, former: Entry): Entry {
  // What was to be fetched to another place is fetched to this one now.
  const kept = namesOf(former).map((name) =>
    name.completeness.kind === 'partial' ? { ...name, path: fresh.path } : name,
  );
  const named = merged(fresh, namesOf(fresh), kept, namesOf(fresh));
  return withReuse(listedAs(named, fresh.isListed ?? former.isListed), reuseAfter(former, fresh));
}

/** A later `get` that names no sources leaves those that were named before. */
function reuseAfter({ reuse }: Entry, fresh: Entry): ReuseWish | undefined {
  return fresh.reuse ?? (reuse?.isOff === true ? undefined : reuse);
}

export function withReuse({ reuse: _, ...entry }: Entry, reuse: ReuseWish | undefined): Entry {
  return reuse === undefined ? entry : { ...entry, reuse };
}

/** The last `share` of the content decides, whichever of its names that was for. */
function listedAs(entry: Entry, isListed: boolean | undefined): Entry {
  return isListed === undefined ? entry : { ...entry, isListed };
}

function merged(entry: Entry, first: readonly Name[], then: readonly Name[], newest: readonly Name[]): Entry {
  const all: Name[] = [];
  for (const each of [...first, ...then]) {
    if (all.some((one) => isSameName(one, each))) continue;
    const ofFile = newest.find(({ mtorrentPath }) => mtorrentPath === each.mtorrentPath);
    const ofCopy = newest.find(({ path }) => path === each.path);
    all.push({
      ...each,
      ...(ofFile === undefined ? {} : { name: ofFile.name, ...detailsOf(ofFile) }),
      trackers: ofFile?.trackers ?? each.trackers,
      completeness: ofCopy?.completeness ?? each.completeness,
    });
  }
  // The oldest of the others is forgotten: its .mtorrent still works while any name is served.
  const tooMany = Math.max(0, all.length - ENTRY_NAMES_MAX);
  return entryOfNames(entry, [...all.slice(0, 1), ...all.slice(1 + tooMany)]) ?? entry;
}

/** The entry, served from its copy at `path`. */
export function servedFrom(entry: Entry, path: string): Entry {
  const names = namesOf(entry);
  const chosen = names.find((name) => name.path === path);
  if (chosen === undefined || chosen === names[0]) return entry;
  return entryOfNames(entry, [chosen, ...names.filter((name) => name !== chosen)]) ?? entry;
}

/** The entry, with what is known now of its copy at `path`. */
export function withCompleteness(entry: Entry, path: string, completeness: Completeness): Entry {
  const names = namesOf(entry).map((name) => (name.path === path ? { ...name, completeness } : name));
  return entryOfNames(entry, names) ?? entry;
}

/** The entry, with its copy at `from` known to be right at `to`. */
export function relocated(entry: Entry, from: string, to: string, mtimeMs: number): Entry {
  const names: Name[] = [];
  for (const name of namesOf(entry)) {
    const isMoved = name.path === from || name.path === to;
    const now: Name = isMoved ? { ...name, path: to, completeness: { kind: 'complete', mtimeMs } } : name;
    if (!names.some((one) => isSameName(one, now))) names.push(now);
  }
  return entryOfNames(entry, names) ?? entry;
}

/** Another copy than the one that is served, from which it could be served. */
export function hasOtherCopy(entry: Entry): boolean {
  return otherPaths(entry).length > 0;
}

/** Where the other complete copies are. */
export function otherPaths({ path, others }: Entry): readonly string[] {
  const complete = others.filter(({ completeness }) => completeness.kind !== 'partial').map((other) => other.path);
  return [...new Set(complete)].filter((other) => other !== path);
}

/** The pairs that are told of the entry, each once, however its addresses are ordered. */
export function pairsOf(entry: Entry): readonly Pair[] {
  if (entry.others.length === 0) return [entry.trackers];
  const pairs: Pair[] = [];
  for (const { trackers } of namesOf(entry))
    if (!pairs.some((pair) => isSamePair(pair, trackers))) pairs.push(trackers);
  return pairs;
}

/** Those of `pairs` that are not among `others`. */
export function pairsWithout(pairs: readonly Pair[], others: readonly Pair[]): readonly Pair[] {
  return pairs.filter((pair) => !others.some((other) => isSamePair(pair, other)));
}

function isSamePair(pair: Pair, other: Pair): boolean {
  return namesTracker(other, pair[0]) && namesTracker(other, pair[1]);
}

/** The name of a tracker pair: its addresses in the order of the .mtorrent. */
export function pairKey(trackers: Pair): string {
  return listKey(trackers);
}

/** The same of two trackers or more, as sentences name them. */
export function listKey(trackers: TrackerList): string {
  const names = trackers.map(formatAddress);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** The entry with the tracker `to` in place of `from`. Undefined: no name of it names `from`, or one names both. */
export function retracked(entry: Entry, from: Address, to: Address): Entry | undefined {
  const names = namesOf(entry);
  if (!names.some(({ trackers }) => namesTracker(trackers, from))) return undefined;
  const moved = names.map((name) => ({ ...name, trackers: movedPair(name.trackers, from, to) }));
  return moved.some(({ trackers: [one, two] }) => sameAddress(one, two)) ? undefined : entryOfNames(entry, moved);
}

export function namesTracker([first, second]: Pair, tracker: Address): boolean {
  return sameAddress(first, tracker) || sameAddress(second, tracker);
}

function movedPair([first, second]: Pair, from: Address, to: Address): Pair {
  return [sameAddress(first, from) ? to : first, sameAddress(second, from) ? to : second];
}

/** The entry, as if each of its copies were its only one: the one that is served, then the other complete ones. */
export function copiesOf(entry: Entry): readonly Entry[] {
  return [entry, ...otherPaths(entry).map((path) => servedFrom(entry, path))];
}
