// A whole swarm under virtual time: builds it from its options, lets it run, and judges it. Safety is judged at every
// step (a Violation ends the run); liveness at the end: whoever wants the file has it, since an honest copy of each
// piece stayed.

import { Prng } from '../../src/foundation/base/prng.js';
import { Geometry } from '../../src/foundation/torrent/geometry.js';
import { SimNode } from './node.js';
import { describeOptions, type SwarmOptions } from './options.js';
import { World } from './world.js';

/**
 * Virtual time for everyone to complete: the slowest honest rate brings 34 pieces in ten minutes, and drips cost
 * patience.
 */
const LIVENESS_MS = 2_400_000;

export interface Run {
  readonly digest: number;
  readonly happened: number;
  readonly endedMs: number;
  readonly operations: number;
  /** Requests for more than one piece. */
  readonly runs: number;
}

export class Swarm {
  readonly options: SwarmOptions;
  readonly world = new World();
  readonly prng: Prng;
  readonly geometry: Geometry;
  readonly swarmKey = new Uint8Array(20).fill(7);
  readonly nodes: readonly SimNode[];
  #nextConnection = 1;
  #crash: unknown;
  #operations = 0;
  #runs = 0;

  constructor(options: SwarmOptions) {
    this.options = options;
    this.prng = new Prng(options.seed ^ 0x5eed);
    this.geometry = new Geometry(options.size);
    this.nodes = options.nodes.map((node, index) => new SimNode(this, index, node));
  }

  nextConnection(): number {
    this.#nextConnection += 1;
    return this.#nextConnection;
  }

  /** One more dial, request, store or finish: true when it is the one to fail. */
  failsNow(): boolean {
    this.#operations += 1;
    return this.#operations === this.options.failsAt;
  }

  /** Somebody was asked for several pieces at once. */
  askedForRun(): void {
    this.#runs += 1;
  }

  nodeAt(port: number): SimNode | undefined {
    return this.nodes.find((node) => node.port === port);
  }

  /** What the tracker answers: everyone in some order, the asker with them, and one address where nobody is. */
  seederList(): readonly number[] {
    return this.prng.shuffle([...this.nodes.map(({ port }) => port), 999]);
  }

  /** A machine's assertion failed: our bug, whoever caused it. */
  crashed(error: unknown): void {
    this.#crash ??= error;
  }

  run(): Run {
    for (const node of this.nodes) {
      if (node.leeches) this.world.after(this.prng.next() * 2_000, () => node.start());
    }
    const leechers = this.nodes.filter(({ leeches }) => leeches);
    while (!leechers.every(({ isComplete }) => isComplete)) {
      if (!this.world.step(LIVENESS_MS)) throw this.#stuck();
      if (this.#crash !== undefined) throw this.#crash;
    }
    for (const node of this.nodes) node.checkHave();
    const { digest, happened } = this.world;
    return { digest, happened, endedMs: this.world.nowMs(), operations: this.#operations, runs: this.#runs };
  }

  #stuck(): Error {
    const states = this.nodes.map(
      ({ port, have, endings }) => `${port}: ${have.count} pieces, ${endings.length} endings`,
    );
    return new Error(`not everyone completed; ${states.join('; ')}`);
  }
}

/** Runs a swarm; a failure names the seed and says what it means. */
export function runSwarm(options: SwarmOptions): Run {
  try {
    return new Swarm(options).run();
  } catch (error) {
    throw new Error(
      `seed ${options.seed}: ${error instanceof Error ? error.message : String(error)}\n${describeOptions(options)}`,
      {
        cause: error,
      },
    );
  }
}
