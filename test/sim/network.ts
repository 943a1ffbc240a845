// A network of hosts under virtual time, each with an up-link and a down-link of so many bytes a second. Bytes move in
// quanta: an up-link gives its connections one each in turn, and a connection has no more on its way than a round trip
// holds, or than the kernels buffer where that is given: then it begins with little, as TCP does. Loses nothing.

import { assert } from '../../src/foundation/base/assert.js';
import type { World } from './world.js';

/** Bytes an up-link sends for one connection before the next has its turn: a burst of a TCP sender at 1 Gbit/s. */
const QUANTUM_BYTES = 64 * 1024;
/**
 * Quanta that a connection may have on its way besides what its round trip holds: TCP's first window is of that order.
 */
const QUANTA_SPARE = 2;

export interface LinkRates {
  /** Bytes a millisecond. */
  readonly up: number;
  readonly down: number;
}

export interface NetTraits {
  readonly latencyMs: number;
  /** Bytes that the kernels buffer for one connection; absent: what a round trip holds. */
  readonly connectionBytes?: number;
}

export interface Transfer {
  /** The receiver has this many more bytes. */
  readonly arrived: (count: number) => void;
  left: number;
}

/** One direction of one connection: transfers go one after the other. */
export class Flow {
  readonly to: NetHost;
  readonly waiting: Transfer[] = [];
  /** Quanta that may be on their way: now, and at most. */
  quantaNow: number;
  readonly quantaMax: number;
  quantaAway = 0;
  isQueued = false;
  isCut = false;

  constructor(from: NetHost, to: NetHost, { latencyMs, connectionBytes }: NetTraits) {
    this.to = to;
    const rate = Math.min(from.rates.up, to.rates.down);
    const held = QUANTA_SPARE + Math.ceil((2 * latencyMs * rate) / QUANTUM_BYTES);
    this.quantaMax = Math.min(held, Math.ceil((connectionBytes ?? Number.POSITIVE_INFINITY) / QUANTUM_BYTES));
    this.quantaNow = connectionBytes === undefined ? held : 1;
  }

  get isReady(): boolean {
    return !this.isCut && this.waiting.length > 0 && this.quantaAway < this.quantaNow;
  }
}

export class NetHost {
  readonly rates: LinkRates;
  readonly #world: World;
  readonly #traits: NetTraits;
  /** Flows that may send a quantum, in turn; those before `#next` had theirs. */
  #ready: Flow[] = [];
  #next = 0;
  #isSending = false;
  #downFreeMs = 0;
  #sentBytes = 0;

  constructor(world: World, rates: LinkRates, traits: NetTraits) {
    assert(rates.up > 0 && rates.down > 0, 'a link has a rate');
    this.#world = world;
    this.rates = rates;
    this.#traits = traits;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  flowTo(to: NetHost): Flow {
    return new Flow(this, to, this.#traits);
  }

  send(flow: Flow, transfer: Transfer): void {
    flow.waiting.push(transfer);
    this.#offer(flow);
  }

  /** Nothing of this flow arrives any more. */
  cut(flow: Flow): void {
    flow.isCut = true;
    flow.waiting.length = 0;
  }

  #offer(flow: Flow): void {
    if (flow.isQueued || !flow.isReady) return;
    flow.isQueued = true;
    this.#ready.push(flow);
    if (!this.#isSending) this.#sendNext();
  }

  #sendNext(): void {
    const flow = this.#takeReady();
    this.#isSending = flow !== undefined;
    if (flow === undefined) return;
    const transfer = flow.waiting[0];
    assert(transfer !== undefined, 'a ready flow has something to send');
    const count = Math.min(QUANTUM_BYTES, transfer.left);
    transfer.left -= count;
    const isLast = transfer.left === 0;
    if (isLast) flow.waiting.shift();
    flow.quantaAway += 1;
    this.#sentBytes += count;
    this.#world.after(count / this.rates.up, () => {
      flow.to.#arrive(this, flow, transfer, count);
      this.#offer(flow);
      this.#sendNext();
    });
  }

  #takeReady(): Flow | undefined {
    while (this.#next < this.#ready.length) {
      const flow = this.#ready[this.#next];
      this.#next += 1;
      if (this.#next > 64 && this.#next * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#next);
        this.#next = 0;
      }
      if (flow === undefined) continue;
      flow.isQueued = false;
      if (flow.isReady) return flow;
    }
    return undefined;
  }

  /** Where the kernels bound a connection, the receiver's word of it travels back; else it costs no time. */
  #acked(from: NetHost, flow: Flow): void {
    const { connectionBytes, latencyMs } = this.#traits;
    const hear = (): void => {
      flow.quantaAway -= 1;
      flow.quantaNow = Math.min(flow.quantaMax, flow.quantaNow + 1);
      if (!flow.isCut) from.#offer(flow);
    };
    if (connectionBytes === undefined) hear();
    else this.#world.after(latencyMs, hear);
  }

  #arrive(from: NetHost, flow: Flow, transfer: Transfer, count: number): void {
    this.#downFreeMs =
      Math.max(this.#downFreeMs, this.#world.nowMs() + this.#traits.latencyMs) + count / this.rates.down;
    this.#world.at(this.#downFreeMs, () => {
      if (!flow.isCut) transfer.arrived(count);
      this.#acked(from, flow);
    });
  }
}
