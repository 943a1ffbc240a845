// One simulated TCP connection between a real FetchMachine and a real ServeMachine: frames go through the real codec,
// come in order and late; payload comes in bits. Either end may lie, fall silent or vanish, as its node's manner says.

import { Host } from '../../src/foundation/actor/host.js';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import { type Block, blockOf } from '../../src/foundation/torrent/block.js';
import { HEAD_SIZE } from '../../src/foundation/wire/framing.js';
import type { ConnectionCommand } from '../../src/transfer/download/effects.js';
import type { PeerMessage } from '../../src/transfer/peer/codec/meaning.js';
import { mtCodec } from '../../src/transfer/peer/codec/mt.js';
import { type FetchEffect, type FetchInput, FetchMachine } from '../../src/transfer/peer/fetch/machine.js';
import { REQUEST_DEADLINE_MS } from '../../src/transfer/peer/limits.js';
import { type ServeEffect, type ServeInput, ServeMachine } from '../../src/transfer/peer/serve/machine.js';
import type { UploadOrder } from '../../src/transfer/peer/upload/messages.js';
import type { SimNode } from './node.js';
import { Violation } from './slab-book.js';
import type { World } from './world.js';

/** Milliseconds between two bits of a slow payload: a node that drips is never quite silent. */
const DRIP_EVERY_MS = 4_000;
/** A deadline is noticed at the next look at the clock, which comes every second. */
const LOOK_MS = 1_100;

/** The body of a message, as it arrives. */
function frameOf(message: PeerMessage): Uint8Array {
  return new Uint8Array(mtCodec.encode(message).subarray(HEAD_SIZE));
}

/** One direction: what was sent first arrives first. */
class Pipe {
  readonly #world: World;
  readonly #delayMs: () => number;
  #busyUntilMs = 0;
  #lastMs = 0;

  constructor(world: World, delayMs: () => number) {
    this.#world = world;
    this.#delayMs = delayMs;
  }

  /** Sending takes `durationMs` of this pipe's time; answers when the sender has got rid of it. */
  send(durationMs: number, arrive: () => void): number {
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#world.nowMs()) + durationMs;
    this.#lastMs = Math.max(this.#lastMs, this.#busyUntilMs + this.#delayMs());
    this.#world.at(this.#lastMs, arrive);
    return this.#busyUntilMs;
  }
}

export class Connection {
  readonly number: number;
  readonly #world: World;
  readonly #dialer: SimNode;
  readonly #acceptor: SimNode;
  readonly #fetch: Host<FetchInput, FetchEffect>;
  #serve: Host<ServeInput, ServeEffect> | undefined;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #state: 'dialing' | 'open' | 'closed' = 'dialing';
  #hushed = false;
  /** The slots that the payload under way goes to. */
  #receiving: { readonly slots: readonly number[]; readonly firstPiece: number } | undefined;
  /** Requests that the acceptor was told, and answers that it gave: never more answers than requests. */
  readonly #unanswered: Block[] = [];

  constructor(number: number, dialer: SimNode, acceptor: SimNode | undefined, self: SimNode) {
    const { world, options, prng } = dialer.swarm;
    this.number = number;
    this.#world = world;
    this.#dialer = dialer;
    this.#acceptor = acceptor ?? self;
    const delayMs = (): number => options.latencyMs + prng.next() * options.jitterMs;
    this.#up = new Pipe(world, delayMs);
    this.#down = new Pipe(world, delayMs);
    const { swarmKey, geometry } = dialer.swarm;
    this.#fetch = new Host<FetchInput, FetchEffect>({
      name: `fetch ${number}`,
      machine: new FetchMachine({
        connection: number,
        swarm: swarmKey,
        peerId: dialer.peerId,
        uploadPort: dialer.port,
        pieceCount: geometry.pieceCount,
        startedMs: world.nowMs(),
      }),
      perform: (effect) => this.#performFetch(effect),
      onCrash: (error) => dialer.swarm.crashed(error),
      timers: world,
    });
    this.#fetch.post({ kind: 'wake' });
    if (acceptor === undefined || !acceptor.isReachable) world.after(delayMs(), () => this.#closed('unreachable'));
    else this.#up.send(0, () => this.#accepted());
    if (prng.next() < options.cuts) world.after(prng.next() * 60_000, () => this.cut());
  }

  get acceptor(): SimNode {
    return this.#acceptor;
  }

  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  command(command: ConnectionCommand): void {
    this.#fetch.post(command);
  }

  /** What its acceptor has decided. */
  tell(input: Extract<ServeInput, { kind: 'refused' | 'faulted' | 'blockFailed' }>): void {
    this.#serve?.post(input);
  }

  haves(ranges: Extract<ServeInput, { kind: 'haves' }>['ranges']): void {
    this.#serve?.post({ kind: 'haves', ranges });
  }

  /** Both ends find the connection gone. */
  cut(): void {
    this.#closed('closed');
  }

  #accepted(): void {
    if (this.#state !== 'dialing') return;
    const { swarmKey, geometry } = this.#dialer.swarm;
    const node = this.#acceptor;
    this.#state = 'open';
    const served = { file: 1, swarm: swarmKey, geometry, bitfield: node.have };
    this.#serve = new Host<ServeInput, ServeEffect>({
      name: `serve ${this.number}`,
      machine: new ServeMachine({
        connection: this.number,
        peerIdIn: () => node.peerId,
        uploadPort: () => node.port,
        lookUp: () => served,
        startedMs: this.#world.nowMs(),
      }),
      perform: (effect) => this.#performServe(effect),
      onCrash: (error) => node.swarm.crashed(error),
      timers: this.#world,
    });
    this.#serve.post({ kind: 'wake' });
    node.accepts(this, this.#dialer);
    this.#down.send(0, () => this.#toFetch({ kind: 'tcpConnected' }));
    if (node.manner === 'silent') {
      this.#world.after(node.swarm.prng.next() * 5_000, () => {
        this.#hush();
      });
    }
    if (node.manner === 'chokes') this.#chokeNowAndThen();
  }

  /** From now on nothing arrives either way. Who is owed something gives up in time; it asks elsewhere then. */
  #hush(): void {
    this.#hushed = true;
    if (!this.#dialer.slab.isLentTo(this.number)) return;
    this.#world.after(REQUEST_DEADLINE_MS + LOOK_MS, () => {
      if (this.isOpen) throw new Violation(`${this.number} is silent, owes blocks, and is still waited for`);
    });
  }

  #chokeNowAndThen(): void {
    const { prng } = this.#acceptor.swarm;
    this.#world.after(prng.next() * 3_000, () => {
      if (this.#state !== 'open') return;
      this.#send({ kind: prng.next() < 0.5 ? 'choke' : 'unchoke' });
      this.#chokeNowAndThen();
    });
  }

  #toFetch(input: FetchInput): void {
    if (this.#state !== 'closed' && !this.#hushed) this.#fetch.post(input);
  }

  #performFetch(effect: FetchEffect): void {
    switch (effect.kind) {
      case 'send': {
        const frame = frameOf(effect.message);
        this.#up.send(0, () => {
          if (this.#state !== 'open' || this.#hushed) return;
          const message = mtCodec.decode(frame);
          if (message.kind === 'request') this.#unanswered.push(message);
          this.#serve?.post({ kind: 'received', message });
        });
        break;
      }
      case 'receivePayload':
        this.#receiving = slotsOf(effect);
        for (const slot of this.#receiving.slots) this.#dialer.slab.writes(slot, this.number, undefined);
        break;
      case 'tell':
        this.#dialer.heard(effect.event);
        break;
      case 'closeTcp':
        this.#world.after(0, () => this.#closed('closed'));
        break;
    }
  }

  #performServe(effect: ServeEffect): void {
    const node = this.#acceptor;
    switch (effect.kind) {
      case 'send':
        this.#send(effect.message);
        break;
      case 'opened':
        node.joined(this.#dialer);
        break;
      case 'tell': {
        const { report } = effect;
        if (report.kind === 'requested' && node.manner === 'rejects' && node.swarm.prng.next() < 0.3) {
          this.#serve?.post({ kind: 'blockFailed', block: blockOf(report) });
        } else node.reports(report);
        break;
      }
      case 'hangUp':
        this.#down.send(0, () => this.#closed('closed'));
        break;
    }
  }

  #send(message: PeerMessage): void {
    if (this.#acceptor.manner === 'hushed' && message.kind !== 'hello' && message.kind !== 'keepAlive') return;
    if (message.kind === 'piece' || message.kind === 'reject') this.#answer(message);
    const frame = frameOf(message);
    this.#down.send(0, () => this.#toFetch({ kind: 'received', message: mtCodec.decode(frame) }));
  }

  #answer({ piece, begin, length }: Block): void {
    const at = this.#unanswered.findIndex((block) => block.piece === piece && block.begin === begin);
    const asked = this.#unanswered[at];
    if (asked !== undefined && length < asked.length) {
      this.#unanswered[at] = { piece, begin: begin + length, length: asked.length - length };
      return;
    }
    if (asked?.length !== length)
      throw new Violation(`${this.number}: block of piece ${piece} is answered more often than it was asked for`);
    this.#unanswered.splice(at, 1);
  }

  /** A block, or a part of one, that is this connection's turn: header, then its bytes in bits, at the node's rate. */
  upload(order: Extract<UploadOrder, { kind: 'send' }>, taken: () => void): void {
    const node = this.#acceptor;
    const block = blockOf(order);
    this.#serve?.post({ kind: 'handed' });
    this.#send({ kind: 'piece', ...block });
    const right = node.manner === 'corrupt' ? node.swarm.prng.next() < 0.5 : node.manner !== 'lies';
    const durationMs = node.manner === 'drip' ? 3_600_000 : block.length / node.rate;
    const bits = Math.min(block.length, Math.max(1, Math.ceil(durationMs / DRIP_EVERY_MS)));
    let left = block.length;
    let goneMs = 0;
    for (let bit = bits; bit > 0; bit -= 1) {
      const count = Math.floor(left / bit);
      left -= count;
      goneMs = this.#down.send(durationMs / bits, () => this.#payload(block, count, bit === 1, right));
    }
    this.#world.at(node.manner === 'drip' ? this.#world.nowMs() : goneMs, () => {
      this.#serve?.post({ kind: 'taken', completes: order.completes });
      taken();
    });
  }

  #payload({ piece }: Block, count: number, isLast: boolean, right: boolean): void {
    if (this.#state !== 'open' || this.#hushed) return;
    const target = this.#receiving;
    // The fetcher is closing: it reads no more.
    if (target === undefined) return;
    this.#toFetch({ kind: 'payloadBytes', count });
    for (const [at, slot] of target.slots.entries()) {
      const content = isLast ? { piece: piece + target.firstPiece + at, right } : undefined;
      this.#dialer.slab.writes(slot, this.number, content);
    }
    if (!isLast) return;
    this.#receiving = undefined;
    this.#toFetch({ kind: 'payloadDone' });
  }

  #closed(reason: 'closed' | 'unreachable'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const serve = this.#serve;
    serve?.stop();
    this.#acceptor.left(this);
    this.#fetch.post({ kind: 'tcpClosed', reason, sentence: 'the connection was lost' });
    this.#fetch.stop();
  }
}

/** Those that `length` bytes from `begin` on go to, and how many pieces lie before them. */
function slotsOf({ slots, begin, length }: Extract<FetchEffect, { kind: 'receivePayload' }>): {
  readonly slots: readonly number[];
  readonly firstPiece: number;
} {
  const firstPiece = Math.floor(begin / PIECE_SIZE);
  return { slots: slots.slice(firstPiece, Math.ceil((begin + length) / PIECE_SIZE)), firstPiece };
}
