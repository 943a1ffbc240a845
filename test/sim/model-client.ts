// A client as the trackers see one: it says one thing at a time, says it again elsewhere when nobody answers, and keeps book of
// what it said and what was acknowledged. The book is what the trackers' lists are judged by.

import { type ClientId, keyBytes, type SwarmKey } from '../../src/torrent/ids.js';
import type { TrackerReply, TrackerRequest } from '../../src/tracker/messages.js';
import type { Paths, World } from './paths.js';
import { type ClientEnd, RENEW_MS, type TrackerNode } from './tracker-node.js';

const PIECES = 100;
const REPLY_MS = 1_500;

interface Asked {
  readonly request: TrackerRequest;
  readonly swarm: SwarmKey | undefined;
  readonly sentMs: number;
}

/** What the owner said with one version. */
export interface Word {
  readonly kind: 'live' | 'removed' | 'left';
  readonly have: number;
}

export class ModelClient implements ClientEnd {
  readonly name: string;
  readonly id: ClientId;
  readonly port: number;
  readonly #world: World;
  readonly #paths: Paths;
  readonly #trackers: readonly [TrackerNode, TrackerNode];
  /** alive: says what it wants. dead: says nothing, as after a power cut. left: took itself off every list. */
  state: 'alive' | 'dead' | 'leaving' | 'left' = 'alive';
  readonly wanted = new Map<SwarmKey, number>();
  /** Every word, by swarm (or '' for leaving) and version. */
  readonly said = new Map<string, Word>();
  /** Last time that a tracker answered. */
  heardMs = 0;
  readonly #removing = new Set<SwarmKey>();
  readonly #told = new Map<SwarmKey, number>();
  #epoch = 1;
  #sequence = 0;
  #tracker: 0 | 1;
  #link: { readonly life: number; readonly connection: number; readonly serial: number } | undefined;
  #serial = 0;
  #asked: Asked | undefined;
  #nextPingMs = 0;
  #lastId = 0;

  constructor(world: World, paths: Paths, trackers: readonly [TrackerNode, TrackerNode], number: number) {
    this.#world = world;
    this.#paths = paths;
    this.#trackers = trackers;
    this.name = `client-${number}`;
    this.id = number.toString(16).padStart(32, '0') as ClientId;
    this.port = 10_000 + number;
    this.#tracker = number % 2 === 0 ? 0 : 1;
  }

  /** Nothing is left to be told. */
  get isSettled(): boolean {
    if (this.state === 'dead' || this.state === 'left') return true;
    if (this.state === 'leaving' || this.#removing.size > 0 || this.#link === undefined) return false;
    return (
      [...this.wanted].every(([swarm, have]) => this.#told.get(swarm) === have) && this.#told.size === this.wanted.size
    );
  }

  share(swarm: SwarmKey, have: number): void {
    if (this.state !== 'alive') return;
    this.wanted.set(swarm, have);
    this.#removing.delete(swarm);
  }

  remove(swarm: SwarmKey): void {
    if (this.state === 'alive' && this.wanted.delete(swarm)) this.#removing.add(swarm);
  }

  leave(): void {
    if (this.state === 'alive') this.state = 'leaving';
  }

  die(): void {
    if (this.state !== 'alive') return;
    this.state = 'dead';
    this.#hangUp();
  }

  /** A new start of the same client. */
  comeBack(): void {
    if (this.state !== 'dead' && this.state !== 'left') return;
    if (this.state === 'left') this.wanted.clear();
    this.state = 'alive';
    this.#epoch += 1;
    this.#sequence = 0;
  }

  /** Called every now and then. */
  step(): void {
    if (this.state === 'dead' || this.state === 'left') return;
    if (this.#asked !== undefined) {
      if (this.#world.nowMs - this.#asked.sentMs > REPLY_MS) this.#failOver();
      return;
    }
    if (this.#link === undefined) this.#dial();
    else this.#say();
  }

  answered(reply: TrackerReply): void {
    const asked = this.#asked;
    if (asked === undefined || this.#link === undefined) return;
    if (reply.kind === 'helloReply') {
      this.heardMs = this.#world.nowMs;
      if (reply.highestEpoch > this.#epoch) [this.#epoch, this.#sequence] = [reply.highestEpoch + 1, 0];
      this.#asked = undefined;
      this.#told.clear();
      return;
    }
    if (!('id' in asked.request) || reply.id !== asked.request.id) return;
    this.#asked = undefined;
    this.heardMs = this.#world.nowMs;
    if (reply.kind === 'error') {
      if (reply.code === 'unknown' && asked.swarm !== undefined) this.#told.delete(asked.swarm);
    } else this.#acknowledged(asked, reply);
    if (this.state !== 'left') this.step();
  }

  closed(): void {
    if (this.#link !== undefined) this.#failOver();
  }

  #acknowledged({ request, swarm }: Asked, reply: TrackerReply): void {
    if (request.kind === 'leave') {
      this.state = 'left';
      this.#removing.clear();
      this.#hangUp();
    } else if (reply.kind === 'pong' && reply.entries !== this.#told.size) this.#told.clear();
    else if ((request.kind === 'share' || request.kind === 'announce') && swarm !== undefined) {
      if (this.wanted.has(swarm)) this.#told.set(swarm, request.have);
    } else if (request.kind === 'remove' && swarm !== undefined) {
      this.#removing.delete(swarm);
      this.#told.delete(swarm);
    }
  }

  #say(): void {
    const id = ++this.#lastId;
    if (this.state === 'leaving') {
      this.#ask({ kind: 'leave', id, ...this.#version('', 'left', 0) }, undefined);
      return;
    }
    for (const swarm of this.#removing) {
      this.#ask({ kind: 'remove', id, swarm: keyBytes(swarm), ...this.#version(swarm, 'removed', 0) }, swarm);
      return;
    }
    for (const [swarm, have] of this.wanted) {
      if (this.#told.get(swarm) === have) continue;
      const word = { id, swarm: keyBytes(swarm), have, ...this.#version(swarm, 'live', have) };
      const facts = { name: 'a.bin', size: PIECES * 524_288, pieceCount: PIECES };
      this.#ask(this.#told.has(swarm) ? { kind: 'announce', ...word } : { kind: 'share', ...facts, ...word }, swarm);
      return;
    }
    if (this.#world.nowMs < this.#nextPingMs) return;
    this.#nextPingMs = this.#world.nowMs + RENEW_MS;
    this.#ask({ kind: 'ping', id }, undefined);
  }

  #version(swarm: SwarmKey | '', kind: Word['kind'], have: number) {
    this.#sequence += 1;
    this.said.set(`${swarm} ${this.#epoch}.${this.#sequence}`, { kind, have });
    return { epoch: this.#epoch, sequence: this.#sequence };
  }

  #dial(): void {
    const tracker = this.#trackers[this.#tracker];
    const serial = ++this.#serial;
    this.#asked = { request: { kind: 'ping', id: -1 }, swarm: undefined, sentMs: this.#world.nowMs };
    this.#paths.send(this.name, tracker.name, () => {
      const far = tracker.accept({
        name: this.name,
        answered: (reply) => serial === this.#serial && this.answered(reply),
        closed: () => serial === this.#serial && this.#failOver(),
      });
      this.#paths.send(tracker.name, this.name, () => {
        if (serial !== this.#serial) return;
        if (far === undefined) {
          this.#failOver();
          return;
        }
        this.#link = { ...far, serial };
        const hello = { clientId: keyBytes(this.id), host: '', uploadPort: this.port, token: new Uint8Array(0) };
        this.#ask({ kind: 'hello', ...hello, epoch: this.#epoch }, undefined);
      });
    });
  }

  #ask(request: TrackerRequest, swarm: SwarmKey | undefined): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#asked = { request, swarm, sentMs: this.#world.nowMs };
    const tracker = this.#trackers[this.#tracker];
    this.#paths.send(this.name, tracker.name, () => tracker.request(link.life, link.connection, request));
  }

  #failOver(): void {
    this.#hangUp();
    this.#tracker = this.#tracker === 0 ? 1 : 0;
  }

  #hangUp(): void {
    const link = this.#link;
    const tracker = this.#trackers[this.#tracker];
    this.#serial += 1;
    this.#link = undefined;
    this.#asked = undefined;
    if (link !== undefined)
      this.#paths.send(this.name, tracker.name, () => tracker.connectionLost(link.life, link.connection));
  }
}
