// One connection of a crowd: a real FetchMachine and a real ServeMachine. Messages arrive whole after the latency,
// payload at the rate that both hosts' links allow; it is counted and not carried, since everyone in a crowd is honest.

import { Host } from '../../src/foundation/actor/host.js';
import { blockOf } from '../../src/foundation/torrent/block.js';
import type { ConnectionCommand } from '../../src/transfer/download/effects.js';
import type { PeerMessage } from '../../src/transfer/peer/codec/meaning.js';
import { type FetchEffect, type FetchInput, FetchMachine } from '../../src/transfer/peer/fetch/machine.js';
import { type ServeEffect, type ServeInput, ServeMachine } from '../../src/transfer/peer/serve/machine.js';
import type { UploadOrder } from '../../src/transfer/peer/upload/messages.js';
import type { CrowdClient } from './crowd-client.js';
import type { Flow } from './network.js';

/** A window of requests and as many haves at once. */
const MAILBOX_MAX = 256;

export class CrowdConnection {
  readonly number: number;
  readonly #dialer: CrowdClient;
  readonly #acceptor: CrowdClient;
  readonly #flow: Flow;
  readonly #fetch: Host<FetchInput, FetchEffect>;
  #serve: Host<ServeInput, ServeEffect> | undefined;
  /** The dialer has closed its socket: nothing reaches it any more. */
  #isLeft = false;
  #isClosed = false;

  constructor(number: number, dialer: CrowdClient, acceptor: CrowdClient) {
    const { world, options, geometry, swarmKey } = dialer.crowd;
    this.number = number;
    this.#dialer = dialer;
    this.#acceptor = acceptor;
    this.#flow = acceptor.host.flowTo(dialer.host);
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
      onCrash: (error) => dialer.crowd.crashed(error),
      timers: world,
      mailboxMax: MAILBOX_MAX,
    });
    this.#fetch.post({ kind: 'wake' });
    // A dial, its answer, and the dialer's first word, which travels with it.
    world.after(options.latencyMs, () => this.#accepted());
  }

  command(command: ConnectionCommand): void {
    this.#fetch.post(command);
  }

  /** Called when the frame reaches the dialer: one event serves all connections of a client. */
  haves(frame: FetchInput): void {
    if (!this.#isClosed) this.#fetch.post(frame);
  }

  /** What its acceptor has decided. */
  tell(input: Extract<ServeInput, { kind: 'refused' | 'faulted' | 'blockFailed' }>): void {
    this.#serve?.post(input);
  }

  /** A block whose turn it is. */
  upload({ completes, ...order }: Extract<UploadOrder, { kind: 'send' }>, taken: () => void): void {
    const block = blockOf(order);
    const { world } = this.#dialer.crowd;
    let hereBytes = 0;
    this.#serve?.post({ kind: 'handed' });
    this.#acceptor.host.send(this.#flow, {
      left: block.length,
      arrived: (count) => {
        if (this.#isLeft) return;
        if (hereBytes === 0) this.#fetch.post({ kind: 'received', message: { kind: 'piece', ...block } });
        hereBytes += count;
        this.#fetch.post({ kind: 'payloadBytes', count });
        if (hereBytes === block.length) this.#fetch.post({ kind: 'payloadDone' });
      },
    });
    // A socket takes at once what one peer may have under way, long before the link has carried it.
    world.after(0, () => {
      if (!this.#isClosed) {
        this.#serve?.post({ kind: 'taken', completes });
      }
      taken();
    });
  }

  /** Both ends find the connection gone. */
  cut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#acceptor.host.cut(this.#flow);
    this.#serve?.stop();
    this.#acceptor.left(this);
    this.#fetch.post({ kind: 'tcpClosed', reason: 'closed', sentence: 'the connection was lost' });
    this.#fetch.stop();
  }

  #accepted(): void {
    if (this.#isClosed) return;
    const { world, options } = this.#dialer.crowd;
    const node = this.#acceptor;
    if (!node.isAlive) {
      world.after(options.latencyMs, () => this.cut());
      return;
    }
    this.#serve = new Host<ServeInput, ServeEffect>({
      name: `serve ${this.number}`,
      machine: new ServeMachine({
        connection: this.number,
        peerIdIn: () => node.peerId,
        uploadPort: () => node.port,
        lookUp: () => node.served,
        startedMs: world.nowMs(),
      }),
      perform: (effect) => this.#performServe(effect),
      onCrash: (error) => node.crowd.crashed(error),
      timers: world,
      mailboxMax: MAILBOX_MAX,
    });
    this.#serve.post({ kind: 'wake' });
    node.accepts(this, this.#dialer);
    this.#later(() => this.#fetch.post({ kind: 'tcpConnected' }));
  }

  #later(run: () => void): void {
    const { world, options } = this.#dialer.crowd;
    world.after(options.latencyMs, () => {
      if (!this.#isClosed) run();
    });
  }

  #performFetch(effect: FetchEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#later(() => this.#serve?.post({ kind: 'received', message: effect.message }));
        break;
      case 'tell':
        this.#dialer.heard(effect.event);
        break;
      case 'closeTcp':
        this.#isLeft = true;
        this.#later(() => this.cut());
        break;
      case 'receivePayload':
        break;
    }
  }

  #performServe(effect: ServeEffect): void {
    const node = this.#acceptor;
    switch (effect.kind) {
      case 'send':
        // Haves are brought by the client, for all its connections at once.
        if (effect.message.kind !== 'have') this.#toFetch(effect.message);
        break;
      case 'opened':
        node.joined(this, this.#dialer);
        break;
      case 'tell':
        node.reports(effect.report);
        break;
      case 'hangUp':
        this.#later(() => this.cut());
        break;
    }
  }

  #toFetch(message: PeerMessage): void {
    this.#later(() => this.#fetch.post({ kind: 'received', message }));
  }
}
