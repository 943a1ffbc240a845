// A crowd: one seeder and many leechers that all want its file at once, run by the real machines over a network of
// links with rates. Answers how long it took and what it cost. Deterministic: a run is a function of its options.

import { PIECE_SIZE, SEEDERS_PER_REPLY_MAX } from '../../src/foundation/base/limits.js';
import { Prng } from '../../src/foundation/base/prng.js';
import { Geometry } from '../../src/foundation/torrent/geometry.js';
import { CrowdClient } from './crowd-client.js';
import type { LinkRates, NetTraits } from './network.js';
import { World } from './world.js';

/** Milliseconds of virtual time after which a run counts as stuck. */
const STUCK_MS = 3_600_000;
/** Milliseconds over which the leechers start: someone typed one command for all hosts. */
const START_SPREAD_MS = 100;

export interface CrowdOptions extends NetTraits {
  readonly seed: number;
  readonly pieceCount: number;
  /** Of each so many pieces one is data and the others are zeros, which leechers have from the start. Absent: 1. */
  readonly dataEvery?: number;
  readonly seeder: LinkRates;
  readonly leechers: readonly LeecherOptions[];
  /** The seeder loses its power once it has sent its file so many times. */
  readonly seederCopiesMax?: number;
}

export interface LeecherOptions {
  readonly rates: LinkRates;
  /** Loses its power at this time. */
  readonly diesAtMs?: number;
}

export interface CrowdRun {
  readonly makespanMs: number;
  /** When each leecher had the file; undefined for those that died. */
  readonly completedMs: readonly (number | undefined)[];
  /** How many times the file's size, without its zeros, the seeder sent. */
  readonly seederCopies: number;
  /** Of the payload received, the share that was not needed. */
  readonly wasteShare: number;
  /** Connections to the seeder, at the most at one time. */
  readonly seederConnections: number;
  readonly events: number;
}

/** What a tracker does for a swarm: lists who registered, a random sample when they are many. */
class CrowdTracker {
  readonly #ports: number[] = [];
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  register(port: number): void {
    this.#ports.push(port);
  }

  sample(caller: number): readonly number[] {
    const others = this.#ports.filter((port) => port !== caller);
    return this.#prng.shuffle(others).slice(0, SEEDERS_PER_REPLY_MAX);
  }
}

export class Crowd {
  readonly options: CrowdOptions;
  readonly world = new World();
  readonly prng: Prng;
  readonly geometry: Geometry;
  readonly swarmKey = new Uint8Array(20).fill(7);
  readonly tracker: CrowdTracker;
  readonly #seeder: CrowdClient;
  readonly #leechers: readonly CrowdClient[];
  #incomplete: number;
  #nextConnection = 1;
  #crash: unknown;

  constructor(options: CrowdOptions) {
    this.options = options;
    this.prng = new Prng(options.seed);
    this.geometry = new Geometry(options.pieceCount * PIECE_SIZE);
    this.tracker = new CrowdTracker(new Prng(options.seed + 1));
    this.#seeder = new CrowdClient(this, 1, options.seeder);
    this.#leechers = options.leechers.map(({ rates }, at) => new CrowdClient(this, at + 2, rates));
    this.#incomplete = this.#leechers.length;
  }

  nextConnection(): number {
    this.#nextConnection += 1;
    return this.#nextConnection;
  }

  clientAt(port: number): CrowdClient {
    return this.#leechers[port - 2] ?? this.#seeder;
  }

  onCompleted(): void {
    this.#incomplete -= 1;
  }

  /** A machine's assertion failed: our bug. */
  crashed(error: unknown): void {
    this.#crash ??= error;
  }

  run(): CrowdRun {
    const { seederCopiesMax } = this.options;
    this.#seeder.seed();
    this.#leechers.forEach((leecher, at) => {
      this.world.at(this.prng.next() * START_SPREAD_MS, () => leecher.start());
      const diesAtMs = this.options.leechers[at]?.diesAtMs;
      if (diesAtMs !== undefined) this.world.at(diesAtMs, () => this.#die(leecher));
    });
    while (this.#incomplete > 0) {
      if (!this.world.step(STUCK_MS)) throw new Error(`${this.#incomplete} leechers never completed`);
      if (this.#crash !== undefined) throw this.#crash;
      if (this.#seeder.isAlive && this.#seederCopies >= (seederCopiesMax ?? Number.POSITIVE_INFINITY))
        this.#seeder.die();
    }
    const sum = (of: (leecher: CrowdClient) => number): number => this.#leechers.reduce((all, one) => all + of(one), 0);
    const completedMs = this.#leechers.map((leecher) => leecher.completedMs);
    return {
      makespanMs: Math.max(...completedMs.map((atMs) => atMs ?? 0)),
      completedMs,
      seederCopies: this.#seederCopies,
      seederConnections: this.#seeder.acceptedMost,
      wasteShare: sum(({ wastedBytes }) => wastedBytes) / sum(({ receivedBytes }) => receivedBytes),
      events: this.world.happened,
    };
  }

  get #seederCopies(): number {
    return this.#seeder.host.sentBytes / dataBytesOf(this.options);
  }

  #die(leecher: CrowdClient): void {
    if (leecher.completedMs === undefined) this.#incomplete -= 1;
    leecher.die();
  }
}

function dataBytesOf({ pieceCount, dataEvery = 1 }: CrowdOptions): number {
  return Math.ceil(pieceCount / dataEvery) * PIECE_SIZE;
}

/**
 * Milliseconds that no way of sharing can beat: the seeder sends each piece once, each takes each once, all links full.
 */
export function lowerBoundMs(options: CrowdOptions): number {
  const { seeder, leechers } = options;
  const size = dataBytesOf(options);
  const ups = leechers.reduce((sum, { rates }) => sum + rates.up, seeder.up);
  return Math.max(
    size / seeder.up,
    size / Math.min(...leechers.map(({ rates }) => rates.down)),
    (leechers.length * size) / ups,
  );
}
