// Two real trackers, some twenty real announcers and the faults between them, in virtual time: disks lost or restored,
// long standstills, clocks that are set. Safety, always: no record is altered, no durable removal undone, nobody living
// expires. Liveness, after the faults: both list the same, and exactly what the living clients share.

import assert from 'node:assert/strict';
import { Prng } from '../../src/foundation/base/prng.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import type { Entry } from '../../src/tracking/registry/records.js';
import { PAIR_RETRY_MAX_MS } from '../../src/tracking/store/pair/limits.js';
import { AnnounceClient, detailsOf } from './announce-client.js';
import { Paths, World } from './paths.js';
import { LEASE_MS, RENEW_MS, TrackerNode } from './tracker-node.js';

const CLIENTS = 20;
const SWARMS = 8;
const FAULTS_MS = 40_000;
/** Between two acts of a client, from least to most. */
const PAUSE_MS = [300, 4_000] as const;
const BUSY_PAUSE_MS = [30, 400] as const;
/** How long busy clients go on after the faults. */
const BUSY_MS = 20_000;
const DAY_MS = 24 * 3_600_000;
/** Both trackers may have been away long enough to be dialed once a minute. */
const SETTLED_MS = 150_000;

export interface PairOptions {
  readonly seed: number;
  /** One outage below a lease, after which nobody may have expired; else anything goes. */
  readonly isGentle: boolean;
  readonly isOnWire: boolean;
  readonly faultEveryMs: number;
  readonly outageMs: number;
  readonly clientFaults: boolean;
  readonly diskFaults: boolean;
  /** Disks are lost, put back from a backup, or replaced by a copy of the other tracker's. */
  readonly losesDisks: boolean;
  /** Clients say ten times as much, and go on for a while after the faults. */
  readonly isBusy: boolean;
  /** Trackers stand still for more than a day, and clocks are set. */
  readonly sleeps: boolean;
  /** The second tracker is of an earlier release until the faults are over. */
  readonly isUpgraded: boolean;
  /** Without, the stream of records alone has to make the two equal. */
  readonly tellsDigests: boolean;
}

export function pairOptionsOf(seed: number): PairOptions {
  const prng = new Prng(seed ^ 0x5eed);
  const isGentle = seed % 3 === 0;
  const sleeps = !isGentle && seed % 7 < 3;
  const losesDisks = !isGentle && prng.next() < 0.4;
  return {
    seed,
    isGentle,
    isOnWire: seed % 10 === 0,
    faultEveryMs: isGentle ? 15_000 : 1_000 + prng.next() * 9_000,
    outageMs: isGentle ? LEASE_MS * 0.9 : prng.next() < 0.5 ? 3_000 : LEASE_MS * 2,
    clientFaults: !isGentle && prng.next() < 0.5,
    diskFaults: !isGentle && prng.next() < 0.3,
    losesDisks,
    sleeps,
    isUpgraded: !losesDisks && seed % 4 === 1,
    isBusy: !isGentle && prng.next() < 0.3,
    // What lapsed at a standstill, and what an older copy of a disk lacks, is behind no position.
    tellsDigests: sleeps || losesDisks || seed % 2 === 0,
  };
}

export class PairScene {
  readonly options: PairOptions;
  readonly world: World;
  readonly paths: Paths;
  readonly trackers: readonly [TrackerNode, TrackerNode];
  readonly clients: readonly AnnounceClient[];
  /** For each tracker: entry → highest version seen removed there. */
  readonly #graves = [new Map<string, number>(), new Map<string, number>()] as const;
  /** Live entries that were found right, with all that was looked at. */
  readonly #checked = new WeakMap<Entry, string>();
  isCalm = false;

  constructor(options: PairOptions) {
    this.options = options;
    this.world = new World(options.seed);
    this.paths = new Paths(this.world);
    const node = (name: string, at: number) => new TrackerNode(this.world, this.paths, name, options.seed * 1_000 + at);
    this.trackers = [node('10.0.0.1', 0), node('10.0.0.2', 500)];
    const [first, second] = this.trackers;
    first.partner = second;
    second.partner = first;
    for (const tracker of this.trackers) {
      tracker.isOnWire = options.isOnWire;
      tracker.tellsDigests = options.tellsDigests;
      tracker.isOfBefore = options.isUpgraded && tracker === second;
      tracker.start();
    }
    this.clients = Array.from(
      { length: CLIENTS },
      (_, at) => new AnnounceClient(this.world, this.paths, this.trackers, at + 1),
    );
    for (const client of this.clients) {
      const [lowestMs, highestMs] = options.isBusy ? BUSY_PAUSE_MS : PAUSE_MS;
      this.#repeat(lowestMs, highestMs, () => !this.isCalm && this.#act(client));
    }
    this.#repeat(150, 250, () => this.#checkSafety());
  }

  #repeat(lowestMs: number, highestMs: number, run: () => unknown): void {
    const again = (): void => {
      run();
      this.world.after(this.world.between(lowestMs, highestMs), again);
    };
    this.world.after(this.world.between(0, highestMs), again);
  }

  #act(client: AnnounceClient): void {
    const { world } = this;
    const swarm = swarmOf(world.prng.below(SWARMS));
    const draw = world.prng.next();
    if (draw < 0.6) client.share(swarm, world.prng.below(100));
    else if (draw < 0.85) client.remove(swarm);
    else if (draw < 0.9) client.leave();
    else if (draw < 0.93 && !this.options.isGentle) client.die();
    else {
      // A client that lost its state learns its epoch from the trackers, unless these lost or forgot theirs, too.
      const mayForget = !this.options.losesDisks && !this.options.sleeps;
      client.comeBack(mayForget && world.chance(0.2));
    }
  }

  /** One thing that goes wrong, and its end. */
  fault(): void {
    const { world, paths, options } = this;
    const tracker = this.trackers[world.prng.below(2) as 0 | 1];
    const [a, b] = world.chance(0.5) ? this.trackers : ([...this.trackers].reverse() as [TrackerNode, TrackerNode]);
    const forMs = options.isGentle ? options.outageMs : world.between(0, options.outageMs);
    const draw = world.prng.next();
    if (options.losesDisks && world.chance(0.3)) tracker.backUp();
    if (draw < 0.3) {
      tracker.crash();
      if (!options.isGentle) this.#harm(tracker);
      world.after(forMs, () => tracker.isUp || tracker.start());
    } else if (options.sleeps && draw < 0.4) {
      tracker.standStill(world.between(0.5, 3) * DAY_MS, world.chance(0.5));
    } else if (draw < 0.5) {
      tracker.freeze();
      world.after(forMs, () => tracker.thaw());
    } else if (draw < 0.65) {
      paths.cut(a.name, b.name);
      world.after(forMs, () => paths.heal(a.name, b.name));
    } else if (draw < 0.85) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        paths.cut(from.name, to.name);
      world.after(forMs, () => {
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const)
          paths.heal(from.name, to.name);
      });
    } else tracker.resetPair();
    if (!options.clientFaults) return;
    const client = this.clients[world.prng.below(CLIENTS)] as AnnounceClient;
    paths.cut(client.name, tracker.name);
    world.after(forMs, () => paths.heal(client.name, tracker.name));
  }

  /** What happens to a tracker that is down. */
  #harm(tracker: TrackerNode): void {
    const { world, options } = this;
    const draw = world.prng.next();
    if (options.losesDisks && draw < 0.4) {
      // Removals that only this disk had are its owners' to say again. A copy is as old as the clocks say, which here
      // go apart.
      if (draw < 0.1) tracker.copyPartnersDisk();
      else if (draw < 0.25 || options.sleeps) tracker.loseDisk();
      else if (!tracker.restore()) return;
      this.#graves[this.trackers.indexOf(tracker) as 0 | 1].clear();
    }
    if (options.sleeps && draw >= 0.4 && draw < 0.7) tracker.setClock(world.between(-3, 3) * DAY_MS);
  }

  /** No more faults. Busy clients go on until `calm`. */
  heal(): void {
    this.paths.healAll();
    for (const tracker of this.trackers) {
      tracker.refuses = 0;
      tracker.thaw();
      if (!tracker.isUp) tracker.start();
    }
  }

  calm(): void {
    this.isCalm = true;
  }

  entriesOf(tracker: TrackerNode): Entry[] {
    return [...(tracker.machine?.registry.clients() ?? [])].flatMap(({ entries }) => [...entries.values()]);
  }

  listOf(tracker: TrackerNode, withoutTheDead = false): string[] {
    const gone = new Set(this.clients.filter((client) => withoutTheDead && client.isGoneUnheard).map(({ id }) => id));
    const live = this.entriesOf(tracker).filter(({ state, client }) => state === 'live' && !gone.has(client.id));
    return live
      .map(({ swarm, client, port, have, isListed }) => {
        const told = swarm.facts?.details?.info === detailsOf(swarm.key).info ? 'told' : 'untold';
        return `${swarm.key} ${client.id} ${port} ${have} ${told}${isListed ? ' listed' : ''}`;
      })
      .sort();
  }

  truth(): string[] {
    const living = this.clients.filter(({ state }) => state === 'alive');
    return living
      .flatMap((client) => {
        const { id, port, wanted } = client;
        return [...wanted].map(
          ([swarm, have]) => `${swarm} ${id} ${port} ${have} told${client.lists(swarm) ? ' listed' : ''}`,
        );
      })
      .sort();
  }

  #checkSafety(): void {
    for (const [at, tracker] of this.trackers.entries()) {
      const graves = this.#graves[at as 0 | 1];
      for (const { id, entries } of tracker.machine?.registry.clients() ?? []) {
        const client = this.clients[(Number.parseInt(id, 16) % 0x1000) - 1];
        if (client === undefined) throw new Error(`I4: nobody is ${id}`);
        for (const entry of entries.values()) this.#checkEntry(entry, client, tracker, graves);
      }
    }
  }

  #checkEntry(entry: Entry, client: AnnounceClient, tracker: TrackerNode, graves: Map<string, number>): void {
    const { swarm, epoch, sequence, state, have, port } = entry;
    const version = epoch * 1_000_000 + sequence;
    const found = `${version} ${have} ${port}`;
    if (state === 'live' && this.#checked.get(entry) === found) return;
    this.#checked.delete(entry);
    const name = `${swarm.key} ${entry.client.id}`;
    const grave = graves.get(name) ?? 0;
    if (state === 'removed') {
      graves.set(name, Math.max(version, grave));
      return;
    }
    // A tracker that slept for more than a day has forgotten the removal, and takes an older record that lapsed at the
    // other one. It is listed to nobody.
    const mayHaveForgotten = this.options.sleeps && state === 'lapsed';
    if (version <= grave && !mayHaveForgotten)
      throw new Error(`I3: ${tracker.name} lists ${name} again at ${epoch}.${sequence}`);
    const isSaid = client.said.has(`${entry.client.id} ${swarm.key} ${epoch}.${sequence} live ${have}`);
    if (!isSaid || port !== client.port) throw new Error(`I4: ${tracker.name} says of ${name} what it never said`);
    if (state === 'live') this.#checked.set(entry, found);
    const isHeard = client.state === 'alive' && this.world.nowMs - client.heardMs < LEASE_MS / 2;
    if (this.options.isGentle && state === 'lapsed' && isHeard && !tracker.isFrozen)
      throw new Error(`I5: ${tracker.name} let ${name} expire at ${this.world.nowMs} ms`);
  }
}

function swarmOf(number: number): SwarmKey {
  return (number * 37 + 11).toString(16).padStart(2, '0').padEnd(40, '5') as SwarmKey;
}

/** Runs a pair; a failure names the seed and says what it means. Answers what both list in the end. */
export function runPair(options: PairOptions): readonly string[] {
  try {
    return simulate(options);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${what}\n${JSON.stringify(options)} (again: SIM_SEED=${options.seed})`, { cause: error });
  }
}

function simulate(options: PairOptions): readonly string[] {
  const scene = new PairScene(options);
  const { world, trackers } = scene;
  world.runUntil(5_000);
  if (options.diskFaults) for (const tracker of trackers) tracker.refuses = 0.05;
  if (options.isGentle) scene.fault();
  else {
    for (let atMs = world.nowMs; atMs < FAULTS_MS; atMs += world.between(0.2, 1.8) * options.faultEveryMs)
      world.at(atMs, () => scene.fault());
  }
  world.runUntil(FAULTS_MS);
  scene.heal();
  if (options.isUpgraded) trackers[1].upgrade();
  if (options.isBusy) world.runUntil(FAULTS_MS + BUSY_MS);
  scene.calm();
  const healedMs = world.nowMs;
  const isOver = (): boolean => scene.clients.every((client) => client.isSettled);
  while (!isOver() && world.nowMs < healedMs + SETTLED_MS) world.runUntil(world.nowMs + 100);
  assert.ok(isOver(), 'every client has said what it wanted');
  // Who lapsed at a standstill is told again when it is heard at the other tracker, or when the digests show it. What a
  // client let go of while nobody heard it, it notices at its second heartbeat.
  const repairMs = options.sleeps ? LEASE_MS * 2 : RENEW_MS * 3;
  const deadlineMs = Math.max(world.nowMs, healedMs + PAIR_RETRY_MAX_MS) + repairMs;
  // Leases of the dead end at either tracker within a tick of the other.
  const lists = () => trackers.map((tracker) => scene.listOf(tracker, true));
  const isSame = ([first, second] = lists()): boolean => first?.join() === second?.join();
  while (!isSame() && world.nowMs < deadlineMs) world.runUntil(world.nowMs + 100);
  assert.deepEqual(lists()[0], lists()[1], 'I2: both list the same');
  // Leases of the dead end meanwhile, with a grace for whatever went wrong last.
  world.runUntil(world.nowMs + LEASE_MS * 3);
  for (const tracker of trackers)
    assert.deepEqual(scene.listOf(tracker), scene.truth(), `I1: ${tracker.name} lists the truth`);
  for (const { name, renewals } of scene.clients) assert.ok(renewals === 0, `I6: ${name} took a new id for nothing`);
  const digests = trackers.map((tracker) => tracker.machine?.digests());
  assert.deepEqual(digests[0], digests[1], 'equal lists have equal digests');
  return scene.listOf(trackers[0]);
}
