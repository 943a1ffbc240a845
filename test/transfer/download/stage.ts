// One download machine with a clock that a test moves, and peers that say what the test makes them say.

import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import { Bitfield, type PieceRange } from '../../../src/foundation/torrent/bitfield.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import type { DownloadEffect, DownloadInput, StoreOutcome } from '../../../src/transfer/download/effects.js';
import { DownloadMachine } from '../../../src/transfer/download/machine.js';
import { OwnPieces, type PartialChoice } from '../../../src/transfer/download/requests/own-pieces.js';
import { Pacer } from '../../../src/transfer/download/requests/pacer.js';
import { SlotPool } from '../../../src/transfer/download/requests/slots.js';
import type { FetchEvent, HangUpReason } from '../../../src/transfer/peer/messages.js';

export type Request = Extract<DownloadEffect, { kind: 'request' }>;

export const FILE = 7;

export interface StageOptions {
  readonly pieces: number;
  readonly slots?: number;
  readonly have?: readonly number[];
  readonly pool?: SlotPool;
  readonly pacer?: Pacer;
  readonly file?: number;
  readonly seed?: number;
  readonly choice?: PartialChoice;
}

export class Stage {
  readonly have: Bitfield;
  readonly slots: SlotPool;
  readonly machine: DownloadMachine;
  readonly geometry: Geometry;
  /** Everything that was asked for so far, wake-ups aside. */
  readonly effects: DownloadEffect[] = [];
  nowMs = 0;
  #wakeMs = Number.POSITIVE_INFINITY;
  readonly #file: number;
  #nextConnection = 1;
  #nextPort = 7000;

  constructor(options: StageOptions) {
    const { pieces, slots = 96, have = [], pool, pacer = new Pacer(), file = FILE, seed = 1, choice } = options;
    // The last piece is one byte: the shortest there is.
    this.geometry = new Geometry(pieces === 0 ? 0 : (pieces - 1) * PIECE_SIZE + 1);
    this.have = new Bitfield(pieces);
    for (const piece of have) this.have.set(piece);
    this.#file = file;
    this.slots = pool ?? new SlotPool(slots);
    this.machine = new DownloadMachine({
      file,
      pacer,
      geometry: this.geometry,
      pieces: new OwnPieces(this.have, choice),
      slots: this.slots,
      prng: new Prng(seed),
      nextConnection: () => this.#nextConnection++,
    });
  }

  get freeSlots(): number {
    return this.slots.capacity - this.slots.heldBy(this.#file);
  }

  /** What the machine asks for because of `input`. */
  post(input: DownloadInput | { readonly kind: 'wake' }): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    for (const effect of this.machine.receive(input, this.nowMs)) {
      if (effect.kind === 'wakeAt') this.#wakeMs = effect.atMs;
      else effects.push(effect);
    }
    this.effects.push(...effects);
    return effects;
  }

  /** Moves the clock, waking the machine whenever it asked for it. */
  pass(ms: number): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    const untilMs = this.nowMs + ms;
    while (this.#wakeMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#wakeMs);
      this.#wakeMs = Number.POSITIVE_INFINITY;
      effects.push(...this.post({ kind: 'wake' }));
    }
    this.nowMs = untilMs;
    return effects;
  }

  /** An address is found and dialed; answers the connection's number. */
  dial(): number {
    this.#nextPort += 1;
    const [dial] = this.post({
      kind: 'peersFound',
      incoming: false,
      peers: [{ host: '192.0.2.1', port: this.#nextPort }],
    });
    if (dial?.kind !== 'dial') throw new Error('the address was not dialed');
    return dial.connection;
  }

  /** A peer is dialed, says hello, and has these pieces (all when absent); answers what it is asked for. */
  join(
    pieces?: readonly number[],
    rttMs = 1,
    runs = false,
    parallel = false,
  ): { readonly connection: number; readonly requests: readonly Request[] } {
    const connection = this.dial();
    return { connection, requests: this.greet(connection, pieces, rttMs, runs, parallel) };
  }

  greet(connection: number, pieces?: readonly number[], rttMs = 1, runs = false, parallel = false): readonly Request[] {
    const offered = new Bitfield(this.geometry.pieceCount);
    if (pieces === undefined) offered.setAll();
    for (const piece of pieces ?? []) offered.set(piece);
    this.post({ kind: 'connected', connection, connectMs: rttMs, rttMs, runs, parallel });
    this.post({ kind: 'bitfieldPart', connection, offset: 0, part: offered.bytes, last: true });
    return requestsIn(this.post({ kind: 'unchoked', connection }));
  }

  say(event: FetchEvent): readonly DownloadEffect[] {
    return this.post(event);
  }

  haves(connection: number, ...ranges: PieceRange[]): readonly DownloadEffect[] {
    return this.say({ kind: 'havesReceived', connection, ranges });
  }

  /** The peer sends what it was asked for. */
  arrive({ connection, piece, begin, length }: Request): readonly DownloadEffect[] {
    return this.say({ kind: 'blockReceived', connection, piece, begin, length });
  }

  reject({ connection, piece, begin, length }: Request): readonly DownloadEffect[] {
    return this.say({ kind: 'blockRejected', connection, piece, begin, length });
  }

  lose(connection: number, reason: HangUpReason = 'closed'): readonly DownloadEffect[] {
    return this.say({ kind: 'disconnected', connection, reason, sentence: reason });
  }

  /** The hash pool's word on each piece that arrived as `request`. */
  stored({ piece, slots }: Request, outcome: StoreOutcome = { kind: 'stored' }): readonly DownloadEffect[] {
    return this.post({ kind: 'stored', pieces: slots.map((_, at) => ({ piece: piece + at, outcome })) });
  }

  /** Brings everything that is asked for until nothing is asked any more. */
  serve(requests: readonly Request[]): void {
    const open = [...requests];
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      open.push(...requestsIn(this.arrive(next)), ...requestsIn(this.stored(next)));
    }
  }

  /** The last word, once it was said. */
  get ending(): Extract<DownloadEffect, { kind: 'ended' }>['ending'] | undefined {
    const last = this.effects.findLast((effect) => effect.kind === 'ended');
    return last?.kind === 'ended' ? last.ending : undefined;
  }
}

export function requestsIn(effects: readonly DownloadEffect[]): readonly Request[] {
  return effects.filter((effect) => effect.kind === 'request');
}

export function kinds(effects: readonly DownloadEffect[]): readonly string[] {
  return effects.map(({ kind }) => kind);
}
