// A client of the tracker wire in a few words: shares, removes, lists and asks for statistics, each answered within a
// deadline or the test fails. What a real client does on its own (heartbeats, failover) it leaves to the test.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Deferred, deferred, within } from '../../src/foundation/base/deferred.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { type ClientId, keyBytes, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { DialedConnection } from '../../src/foundation/wire/dialed.js';
import {
  isUnasked,
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../../src/tracking/tracker/messages.js';
import { PATIENCE_MS } from './patience.js';

type ReplyOf<K extends TrackerReply['kind']> = Extract<TrackerReply, { kind: K }>;
type Unnumbered<R> = R extends TrackerRequest ? Omit<R, 'id'> : never;
export type Question = Unnumbered<Exclude<TrackerRequest, { kind: 'hello' }>>;

export interface PartnerFigures {
  readonly following: boolean;
  readonly followedBy: boolean;
  readonly lagChanges: number | null;
  readonly behindChanges: number | null;
  readonly lastCatchUp: { readonly isWhole: boolean; readonly tookMs: number; readonly records: number } | null;
  readonly snapshots: number;
  readonly repairs: number;
  readonly digestEqual: boolean | null;
  readonly isReady: boolean;
  readonly isAlone: boolean;
  readonly refused: number;
  readonly refusedBy: string;
}

export class PairClient {
  readonly #connection: DialedConnection<TrackerRequest, TrackerReply>;
  readonly #open = new Map<number, Deferred<TrackerReply>>();
  readonly #number: number;
  readonly #clientId: Uint8Array;
  #lastId = 0;
  /** Why the connection is no longer there: nothing that is asked on it is answered. */
  #closedBecause: string | undefined;
  #sequence = 0;

  private constructor(t: TestContext, tracker: Address, number: number, epoch: number, clientId = idOf(number)) {
    this.#number = number;
    this.#clientId = clientId;
    this.#connection = new DialedConnection({
      address: tracker,
      magic: TRACKER_MAGIC,
      sent: trackerRequests,
      heard: trackerReplies,
      who: 'the tracker',
      onConnected: () => this.#hello(epoch),
      onMessage: (reply) => this.#came(reply),
      onClosed: (reason) => {
        this.#closedBecause = reason;
        for (const waiting of this.#open.values()) waiting.reject(new Error(reason));
      },
    });
    t.after(() => this.close());
  }

  /** @param number names the client; 0 is a guest. */
  static async connect(t: TestContext, tracker: Address, number: number, epoch = 1): Promise<PairClient> {
    const client = new PairClient(t, tracker, number, epoch);
    await client.#answer(0);
    return client;
  }

  /** In the name of a client that is somebody else's. */
  static async connectAs(t: TestContext, tracker: Address, id: ClientId): Promise<PairClient> {
    const client = new PairClient(t, tracker, 1, 1, keyBytes(id));
    await client.#answer(0);
    return client;
  }

  async reply(question: Question): Promise<TrackerReply> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#connection.send({ ...question, id } as TrackerRequest);
    return this.#answer(id);
  }

  /** Nobody waits for the answer. */
  say(question: Question): void {
    this.#lastId += 1;
    this.#connection.send({ ...question, id: this.#lastId } as TrackerRequest);
  }

  async ask<K extends TrackerReply['kind']>(question: Question, expected: K): Promise<ReplyOf<K>> {
    const reply = await this.reply(question);
    assert.equal(reply.kind, expected, JSON.stringify(reply));
    return reply as ReplyOf<K>;
  }

  share(swarm: SwarmKey, have = 1): Promise<ReplyOf<'shared'>> {
    this.#sequence += 1;
    const facts = { name: 'a.bin', size: 2 * 524_288, pieceCount: 2, have };
    const version = { epoch: 1, sequence: this.#sequence };
    return this.ask({ kind: 'share', swarm: keyBytes(swarm), ...facts, ...version }, 'shared');
  }

  remove(swarm: SwarmKey): Promise<ReplyOf<'removed'>> {
    this.#sequence += 1;
    return this.ask({ kind: 'remove', swarm: keyBytes(swarm), epoch: 1, sequence: this.#sequence }, 'removed');
  }

  /** Ports listed, sorted: 10,000 + the client's number. */
  async listed(swarm: SwarmKey): Promise<number[]> {
    const { seeders } = await this.ask({ kind: 'seeders', swarm: keyBytes(swarm), want: 50 }, 'seederList');
    return seeders.map(({ port }) => port - 10_000).sort((a, b) => a - b);
  }

  async stats(): Promise<{ readonly liveEntries: number; readonly partner: PartnerFigures }> {
    return JSON.parse((await this.ask({ kind: 'stats' }, 'stats')).json);
  }

  async partner(): Promise<PartnerFigures> {
    return (await this.stats()).partner;
  }

  close(): void {
    this.#connection.hangUp();
  }

  get number(): number {
    return this.#number;
  }

  #hello(epoch: number): void {
    const uploadPort = this.#number === 0 ? 0 : 10_000 + this.#number;
    this.#connection.send({
      kind: 'hello',
      clientId: this.#clientId,
      host: '',
      uploadPort,
      epoch,
      token: new Uint8Array(0),
    });
  }

  async #answer(id: number): Promise<TrackerReply> {
    const waiting = deferred<TrackerReply>();
    if (this.#closedBecause !== undefined) throw new Error(this.#closedBecause);
    this.#open.set(id, waiting);
    return within(waiting.promise, PATIENCE_MS, () => assert.fail(`no answer to request ${id} in time`));
  }

  #came(reply: TrackerReply): void {
    if (isUnasked(reply) && reply.kind !== 'helloReply') return;
    const id = reply.kind === 'helloReply' ? 0 : (reply.id ?? 0);
    this.#open.get(id)?.resolve(reply);
    this.#open.delete(id);
  }
}

export function idOf(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, number);
  return id;
}
