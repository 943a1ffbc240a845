// Judges measured facts: what each means, and what to do about it. bad: something does not work, or soon will not;
// note: something works less well than it could. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { meaningOf } from '../../foundation/base/errnos.js';
import { familyOf, isWildcard } from '../../foundation/base/hosts.js';
import { DISK_RESERVE_BYTES, DISK_RESERVE_DIVISOR } from '../../foundation/base/limits.js';
import { formatAddress, parseAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { FOREIGN } from '../../tracking/tracker/guest-connection.js';
import type { Room } from '../../transfer/storage/disk/room.js';
import type {
  CardFact,
  DiskFact,
  DownloadFact,
  Facts,
  Finding,
  MachineFact,
  OpenFilesFact,
  ReachFact,
  ThreadsFact,
  TrackerFact,
  UploadFact,
} from './facts.js';
import { limitOf } from './limiting.js';
import {
  DISK_RATE_LOW,
  HASH_RATE_LOW,
  MEMORY_FREE_LOW_BYTES,
  MEMORY_LIMIT_LOW_BYTES,
  SKEW_MAX_MS,
  TRACKER_HELLO_SLOW_MS,
} from './limits.js';
import { aboutSilent, MISLED_REMEDY, misledAt, NAME_ANOTHER, REACH_REMEDY, unreachedAt } from './reach.js';

export function findingsOf(facts: Facts): readonly Finding[] {
  const { upload, reach, trackers, disks, openFiles, machine, threads, downloads, troubles, refusals } = facts;
  const writeRates = disks.flatMap((disk) => rateOf(disk) ?? []);
  // The slowest disk counts, whichever disk a download is on.
  const speeds = { hash: machine.hashRate, disk: writeRates.length === 0 ? undefined : Math.min(...writeRates) };
  return [
    ...troubles.map(({ name, sentence }) => bad(name, sentence, 'see `show downloads`; `verify` checks it again')),
    ...refusals.map(({ name, sentence }) => bad(name, `is refused by a tracker: ${sentence}`, REFUSED_REMEDY)),
    ...(facts.card === undefined ? [] : [aboutCard(facts.card)]),
    ...(upload === undefined ? [] : [aboutUpload(upload, reach, facts.ownHost)]),
    ...trackers.flatMap((tracker) => aboutTracker(tracker, facts)),
    ...disks.map(aboutDisk),
    ...(openFiles === undefined ? [] : [aboutOpenFiles(openFiles)]),
    ...aboutMachine(machine, threads),
    ...aboutThreads(threads),
    ...downloads.flatMap((download) => [limitOf(download, speeds), ...silentPeers(download, facts)]),
  ];
}

/** A card that has run out shuts nobody out: a tracker gives its holder a new one. */
function aboutCard({ swarm, name, signedBy, lastDay, isOver }: CardFact): Finding {
  const subject = `closed swarm ${printable(swarm)}`;
  const whose = `this machine is ${printable(name)}; ${printable(signedBy)} signed its card`;
  if (lastDay === undefined) return fine(subject, `${whose}, which never runs out`);
  if (!isOver) return fine(subject, `${whose}, which is good until ${lastDay}`);
  const remedy = 'a client renews it by itself when a tracker answers; if none does, check the clock and the trackers';
  return note(subject, `${whose}, which ran out on ${lastDay}`, remedy);
}

function aboutUpload({ address, isOurs, state }: UploadFact, reach: readonly ReachFact[], ownHost?: string): Finding {
  const subject = `upload port ${address}`;
  if (state.kind === 'gone') return bad(subject, 'is no longer an address of this machine', NAME_ANOTHER);
  if (state.kind === 'free') return fine(subject, 'is free for a client');
  if (state.kind === 'answers') {
    if (isOurs)
      return aboutReach(subject, `this client answers there within ${state.tookMs.toFixed(0)} ms`, reach, ownHost);
    return bad(subject, 'another program listens there', 'choose another port, or end that program');
  }
  const { errno } = state;
  if (errno === 'EADDRNOTAVAIL')
    return bad(subject, 'is not an address of this machine', 'use one that `ip address` lists');
  if (errno === 'EACCES') return bad(subject, 'you have no permission to listen there', 'choose a port above 1023');
  if (errno === 'EADDRINUSE')
    return bad(subject, 'another program uses it', 'choose another port, or end that program');
  const found = isOurs ? `this machine cannot connect to its own address (${errno})` : `it cannot be used (${errno})`;
  return bad(subject, found, 'check the firewall rules and the address');
}

/** That this machine reaches its own port proves nothing for others. */
function aboutReach(subject: string, answers: string, reach: readonly ReachFact[], ownHost?: string): Finding {
  for (const { tracker, address, found, insteadOf } of reach) {
    if (insteadOf === undefined) continue;
    const judge = found === 'reached' ? note : bad;
    return judge(subject, `tracker ${tracker} ${misledAt(address, insteadOf)}`, MISLED_REMEDY);
  }
  const missed = reach.find(({ found }) => found !== 'reached');
  if (missed !== undefined && missed.found !== 'reached')
    return bad(
      subject,
      `tracker ${missed.tracker} ${unreachedAt(missed.address, missed.found)}`,
      remedyFor(missed, ownHost),
    );
  const [reached] = reach;
  if (reached === undefined)
    return fine(subject, `${answers}, as seen from this machine; no tracker has looked whether others reach it`);
  return fine(subject, `${answers}, and tracker ${reached.tracker} reaches it at ${formatAddress(reached.address)}`);
}

const REFUSED_REMEDY =
  'nobody finds it at that tracker; it is told again from time to time, so mend what the tracker says';

/** @param ownHost the one at which the client listens; undefined: at all, or another one is advertised. */
function remedyFor({ address, found }: ReachFact, ownHost: string | undefined): string {
  if (found !== 'nobody' || ownHost === undefined || ownHost === address.host) return REACH_REMEDY;
  return `${REACH_REMEDY}; this client listens at ${ownHost} alone, and 0.0.0.0 in --address stands for every address of this machine`;
}

/** A tunnel that took the default route drops what comes from another address. */
function otherRoute({ routeFrom }: TrackerFact, { upload }: Facts): string {
  const own = upload?.isOurs === true ? parseAddress(upload.address)?.host : undefined;
  if (own === undefined || routeFrom === undefined || isWildcard(own) || familyOf(own) !== familyOf(routeFrom))
    return '';
  if (own === routeFrom) return '';
  return `: the route leads there from ${routeFrom}, and this client is at ${own}, so mend the route or name ${routeFrom} with --address`;
}

function aboutTracker(tracker: TrackerFact, facts: Facts): Finding[] {
  const { trackers: all, ownHost, reach, refusals } = facts;
  const { address, failure, refusal, helloMs, skewMs, partner, listed } = tracker;
  const subject = `tracker ${address}`;
  if (refusal !== undefined)
    return [
      bad(subject, `refuses this machine: ${printable(refusal)}`, 'do what it asks for; transfers continue meanwhile'),
    ];
  if (failure === FOREIGN)
    return [bad(subject, failure, 'check the address and its port; transfers continue meanwhile')];
  if (failure !== undefined) {
    const check = `check that it is running and that ${address} is reachable from here`;
    const remedy = `${check}${otherRoute(tracker, facts)}; transfers continue meanwhile`;
    return [bad(subject, `does not answer: ${failure}`, remedy)];
  }
  const took = `answers within ${helloMs.toFixed(0)} ms`;
  const findings: Finding[] = [
    helloMs < TRACKER_HELLO_SLOW_MS
      ? fine(subject, took)
      : note(subject, took, 'check the load of its machine, and the network in between'),
  ];
  if (partner !== undefined) findings.push(...aboutPartner(subject, partner, all));
  findings.push(...aboutDatabase(tracker, all));
  if (skewMs !== undefined && Math.abs(skewMs) > SKEW_MAX_MS) {
    const seconds = Math.round(Math.abs(skewMs) / 1_000);
    const found = `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this one`;
    findings.push(note(subject, found, 'synchronize the clocks (NTP); nothing breaks, but logs cannot be compared'));
  }
  // Whether others reach it there is said of the upload port, and why it is not listed, of the file.
  const isSaid =
    reach.some(({ found, insteadOf }) => found !== 'reached' || insteadOf !== undefined) || refusals.length > 0;
  if (listed !== undefined && !isSaid) findings.push(...aboutListing(subject, listed, ownHost));
  return findings;
}

function aboutPartner(
  subject: string,
  { address, following, followedBy, refusedBy }: NonNullable<TrackerFact['partner']>,
  all: readonly TrackerFact[],
): readonly Finding[] {
  if (refusedBy !== '') return [bad(subject, refusedBy, 'start both trackers with the addresses of the same pair')];
  if (following && followedBy) return [];
  // There is a finding of its own when the partner does not answer us either.
  const isDown = all.some((other) => other.address === address && other.failure !== undefined);
  const ways = following || followedBy ? 'in one direction only' : 'in neither direction';
  const found = `it and its partner ${address} can reach each other ${ways}`;
  if (isDown) return [note(subject, found, 'the partner lists new clients when it is back')];
  return [
    bad(subject, found, `each tracker must be able to dial the other: check ${address} and the firewalls between them`),
  ];
}

/** In the words that a download or a share has for it. */
function aboutError(subject: string, errno: string): Finding {
  const { reason, remedy } = meaningOf(errno);
  return bad(subject, reason, remedy);
}

/** Two trackers of one client, each of which is alone with its database, have two: one of them may be a copy. */
function aboutDatabase({ address, sharing }: TrackerFact, all: readonly TrackerFact[]): readonly Finding[] {
  const other = all.find((one) => one.address !== address && one.sharing === 1);
  if (sharing !== 1 || other === undefined) return [];
  const found = `it and ${other.address} each use a database alone: what is shared at one is not found at the other`;
  return [bad(`tracker ${address}`, found, 'start both with the postgres:// address of the same database')];
}

function aboutListing(
  subject: string,
  { hosts, isSample }: NonNullable<TrackerFact['listed']>,
  ownHost: string | undefined,
): readonly Finding[] {
  if (hosts.length === 0) {
    if (isSample) return [];
    return [note(subject, 'does not list what this client shares', 'wait a few seconds, then run `doctor` again')];
  }
  if (ownHost === undefined || hosts.includes(ownHost)) return [];
  const found = `lists this client as ${hosts.join(', ')}, not as ${ownHost}`;
  return [
    bad(
      subject,
      found,
      'other clients dial that address, so it must lead here: start the client with an address that they can reach',
    ),
  ];
}

function aboutDisk(disk: DiskFact): Finding {
  const { directory, room, neededBytes, errno, writtenMs, writtenBytes } = disk;
  const subject = `disk of ${directory}`;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return aboutFull(subject, errno, room);
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS')
    return bad(subject, `cannot be written to (${errno})`, 'check its permissions, or choose another directory');
  if (errno === 'EFBIG')
    return bad(subject, 'this process may write no file as large as this test (EFBIG)', 'raise `ulimit -f`');
  if (errno !== undefined) return aboutError(subject, errno);
  if (writtenMs === undefined) {
    const found = `writing ${formatBytes(writtenBytes)} did not finish in time`;
    return bad(subject, found, 'find out what keeps it busy, or whether it is failing: see `dmesg`');
  }
  if (room.freeInodes === 0) return bad(subject, 'has no free inodes left', 'delete some files there');
  const { freeBytes } = room;
  const free = freeBytes === undefined ? 'does not say what is free' : `${formatBytes(freeBytes)} free`;
  if (freeBytes !== undefined && freeBytes < neededBytes + reserveOf(room)) {
    const found = `${free}, ${formatBytes(neededBytes)} still to be written`;
    return bad(subject, found, 'free some space; downloads wait for it and then continue');
  }
  const rate = rateOf(disk) ?? 0;
  const found = `${free}, writes ${formatBytes(Math.round(rate))}/s`;
  if (rate < DISK_RATE_LOW)
    return note(
      subject,
      found,
      'downloads cannot be faster than that: check what else uses it, or choose another disk',
    );
  return fine(subject, found);
}

/** As little as keeps a download from beginning, whatever its size. */
function reserveOf({ totalBytes = Number.POSITIVE_INFINITY }: Room): number {
  return Math.min(DISK_RESERVE_BYTES, Math.floor(totalBytes / DISK_RESERVE_DIVISOR));
}

function rateOf({ writtenMs, writtenBytes, errno }: DiskFact): number | undefined {
  return writtenMs === undefined || errno !== undefined ? undefined : (writtenBytes / Math.max(writtenMs, 0.1)) * 1_000;
}

function aboutFull(subject: string, errno: string, { freeInodes }: Room): Finding {
  if (errno === 'EDQUOT')
    return bad(subject, 'your quota there is used up', 'free some space, or have the quota raised');
  if (freeInodes === 0) return bad(subject, 'has no free inodes left', 'delete some files there');
  return bad(subject, 'is full', 'free some space');
}

function aboutOpenFiles({ limit, open, needed }: OpenFilesFact): Finding {
  const subject = 'open files';
  const found = `${open} of ${limit}`;
  if (limit < open + needed)
    return note(subject, `${found}; up to ${needed} more may be needed`, `raise the limit: ulimit -n ${open + needed}`);
  return fine(subject, found);
}

function aboutMachine(
  { hashRate, freeMemoryBytes, totalMemoryBytes, rssBytes }: MachineFact,
  { memoryLimitBytes: limit }: ThreadsFact,
): readonly Finding[] {
  const hashes = `${formatBytes(Math.round(hashRate))}/s on one thread`;
  const whole = `${formatBytes(freeMemoryBytes)} of ${formatBytes(totalMemoryBytes)} free, ${formatBytes(rssBytes)} used by this process`;
  const memory = limit === undefined ? whole : `${whole}; the container's limit is ${formatBytes(limit)}`;
  return [
    hashRate < HASH_RATE_LOW
      ? note('hash speed', hashes, 'other programs use the processor: see `top`')
      : fine('hash speed', hashes),
    aboutMemory(memory, freeMemoryBytes, limit),
  ];
}

function aboutMemory(memory: string, freeMemoryBytes: number, limit: number | undefined): Finding {
  if (limit !== undefined && limit < MEMORY_LIMIT_LOW_BYTES)
    return note('memory', memory, `raise the limit: a client needs up to ${formatBytes(MEMORY_LIMIT_LOW_BYTES)}`);
  const isLow = freeMemoryBytes < MEMORY_FREE_LOW_BYTES;
  const remedy = 'close other programs: without memory to cache files, every read waits for the disk';
  return isLow ? note('memory', memory, remedy) : fine('memory', memory);
}

function aboutThreads(threads: ThreadsFact): readonly Finding[] {
  const { systemCores, cores, cpuQuota, peerThreads, isForced, acceptors, hashThreads, slabBytes } = threads;
  const processor =
    cpuQuota === undefined
      ? `${counted(cores, 'core')}`
      : `${cores} of ${counted(systemCores, 'core')}: the container's quota allows ${cpuQuota.toFixed(2)}`;
  const why = isForced ? 'set by peer-threads' : 'chosen for its cores and memory';
  const has = `${counted(peerThreads, 'thread')} for sockets (${why}), ${hashThreads} for hashing, ${formatBytes(slabBytes)} for pieces in flight`;
  if (peerThreads === 1 || acceptors > 1) return [fine('processor', processor), fine('threads', has)];
  const found = `${has}; one of them accepts all connections`;
  return [
    fine('processor', processor),
    note('threads', found, 'run it on Linux with Node 22.12 or later, where several threads can listen on one port'),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function fine(subject: string, found: string): Finding {
  return { severity: 'fine', subject, found, remedy: '' };
}

function note(subject: string, found: string, remedy: string): Finding {
  return { severity: 'note', subject, found, remedy };
}

function bad(subject: string, found: string, remedy: string): Finding {
  return { severity: 'bad', subject, found, remedy };
}

/** As the latest look shows them: bad while nobody else sends. */
function silentPeers({ name, rate, looks }: DownloadFact, { outside }: Facts): readonly Finding[] {
  const judge = rate > 0 ? note : bad;
  return (looks.at(-1)?.silent ?? []).map((silent) => {
    const { found, remedy } = aboutSilent(silent, outside);
    return judge(`peer ${formatAddress(silent)}`, `has ${name}, and ${found}`, remedy);
  });
}
