// Clients of a tracker that will be killed: what each has said, in order, and what was acknowledged. A client's words
// are committed in their order and whole, so after a crash the lists must be as after some prefix of its words that
// holds every acknowledged one. Each word that lists gives another `have`, so a list tells which word it is from.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import type { Prng } from '../../src/foundation/base/prng.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { keyBytes } from '../../src/foundation/torrent/ids.js';
import { isUnasked, type TrackerReply, type TrackerRequest } from '../../src/tracking/tracker/messages.js';
import { swarmOf } from '../tracking/tracker/stage.js';
import { WireClient } from '../tracking/tracker/wire.js';
import { fastRoot } from './e2e-stage.js';

/** Files that the clients list themselves for. */
export const SWARMS = 12;
const PIECE_COUNT = 1_000_000;
const FACTS = { name: 'a.bin', size: PIECE_COUNT * PIECE_SIZE, pieceCount: PIECE_COUNT };
/** A client that looks and is never listed. */
const ONLOOKER = 250;
const FIRST_PORT = 6_000;

type WordKind = 'share' | 'announce' | 'remove' | 'leave';

interface Word {
  readonly kind: WordKind;
  /** Of no meaning for `leave`. */
  readonly swarm: number;
  readonly have: number;
  state: 'open' | 'acknowledged' | 'refused';
}

/** swarm → have, of one client. */
type Places = Map<number, number>;

/** kill -9 leaves what the kernel has, on a disk as in memory; memory is faster. */
export function directoryInMemory(t: TestContext): string {
  const directory = mkdtempSync(join(fastRoot(), 'mtorrent-test-'));
  // A tracker of the test that still writes may bring a name back meanwhile.
  t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/**
 * Real time, where it is what the test is about: a lease that runs out, a moment between two commits, another process's
 * /proc.
 */
export function passes(ms: number): Promise<void> {
  return sleep(ms);
}

export class Speaker {
  readonly number: number;
  readonly #words: Word[] = [];
  /** As the lists were when they were last looked at. */
  #base: Places = new Map();
  #spoken = 0;
  #epoch = 0;
  #client: WireClient | undefined;
  #repliesTaken = 0;
  #firstId = 1;

  constructor(number: number) {
    this.number = number;
  }

  get acknowledgedCount(): number {
    return this.#words.filter(({ state }) => state === 'acknowledged').length;
  }

  /** A new connection and a new epoch; what was said before is settled by `check`. */
  async connect(t: TestContext, tracker: Address): Promise<void> {
    this.#client = new WireClient(t, tracker);
    const hello = await this.#client.hello(this.number, FIRST_PORT + this.number);
    assert.ok(
      hello.kind === 'helloReply' && hello.highestEpoch <= this.#epoch,
      'it knows no epoch that was never said',
    );
    this.#repliesTaken = 1;
    this.#firstId = this.#spoken + 1;
    this.#epoch += 1;
  }

  /** Says `count` words at once; resolves with false when the tracker ended before the answer number `count - left`. */
  async say(kinds: readonly (readonly [WordKind, number])[], left = 0): Promise<boolean> {
    const client = this.#present();
    client.send(...kinds.map(([kind, swarm]) => this.#request(kind, swarm)));
    const lastReply = this.#repliesTaken + this.#openCount() - 1;
    await client.replyOrEnd(lastReply - left);
    this.take();
    return !client.socket.closed;
  }

  /** Random words in bursts until the tracker ends. */
  async sayOn(prng: Prng): Promise<void> {
    for (;;) {
      const burst: (readonly [WordKind, number])[] = [];
      for (let count = 1 + prng.below(24); count > 0; count -= 1) burst.push(this.#draw(prng, burst));
      if (!(await this.say(burst, prng.below(burst.length)))) return;
    }
  }

  /** Marks what was answered so far. Called once more after the end: acknowledgements that arrived before it count. */
  take(): void {
    const { replies } = this.#present();
    for (; this.#repliesTaken < replies.length; this.#repliesTaken += 1) {
      const reply = replies[this.#repliesTaken] as TrackerReply;
      const id = isUnasked(reply) ? undefined : reply.id;
      const word = this.#words[(id ?? 0) - this.#firstId];
      assert.ok(word?.state === 'open', `an answer to nothing: ${JSON.stringify(reply)}`);
      assert.notEqual(reply.kind, 'error', `${word.kind} of swarm ${word.swarm}: ${JSON.stringify(reply)}`);
      word.state = 'acknowledged';
    }
  }

  async ended(): Promise<void> {
    await this.#present().closed();
    this.take();
  }

  /** The lists are as after a prefix of the words that holds every acknowledged one; from now on this is the base. */
  check(listed: Places, when: string): void {
    const last = this.#words.findLastIndex(({ state }) => state === 'acknowledged');
    const places = new Map(this.#base);
    for (const word of this.#words.slice(0, last + 1)) applyWord(places, word);
    for (const word of [undefined, ...this.#words.slice(last + 1)]) {
      if (word !== undefined) applyWord(places, word);
      if (!samePlaces(places, listed)) continue;
      this.#base = new Map(listed);
      this.#words.length = 0;
      return;
    }
    const told = this.#words.map(({ kind, swarm, have, state }) => `${kind} ${swarm} ${have} ${state}`).slice(-40);
    const shown = (of: Places): string => JSON.stringify([...of].sort(([a], [b]) => a - b));
    assert.fail(
      `${when}: client ${this.number} is listed as ${shown(listed)}; before it was ${shown(this.#base)} and said ${told.join(', ')}`,
    );
  }

  #draw(prng: Prng, burst: readonly (readonly [WordKind, number])[]): readonly [WordKind, number] {
    const swarm = 1 + prng.below(SWARMS);
    const dice = prng.below(100);
    if (dice < 1) return ['leave', 0];
    if (dice < 20) return ['remove', swarm];
    // An announce is refused where the share before it is not committed yet, and after a removal.
    const open = this.#words.filter(({ state }) => state === 'open').map(({ kind, swarm: of }) => [kind, of] as const);
    const isSettled = ![...open, ...burst].some(([kind, of]) => of === swarm || kind === 'leave');
    return [isSettled && this.#placesNow().has(swarm) && dice < 60 ? 'announce' : 'share', swarm];
  }

  #request(kind: WordKind, number: number): TrackerRequest {
    this.#spoken += 1;
    const have = this.#spoken % PIECE_COUNT;
    this.#words.push({ kind, swarm: number, have, state: 'open' });
    const version = { id: this.#spoken, epoch: this.#epoch, sequence: this.#spoken };
    const swarm = keyBytes(swarmOf(number));
    if (kind === 'share') return { kind, swarm, ...FACTS, have, ...version };
    if (kind === 'announce') return { kind, swarm, have, ...version };
    return kind === 'remove' ? { kind, swarm, ...version } : { kind, ...version };
  }

  #placesNow(): Places {
    const places = new Map(this.#base);
    for (const word of this.#words) applyWord(places, word);
    return places;
  }

  #openCount(): number {
    return this.#words.filter(({ state }) => state === 'open').length;
  }

  #present(): WireClient {
    assert.ok(this.#client !== undefined, 'a speaker connects before it speaks');
    return this.#client;
  }
}

function applyWord(places: Places, { kind, swarm, have }: Word): void {
  if (kind === 'leave') places.clear();
  else if (kind === 'remove') places.delete(swarm);
  else places.set(swarm, have);
}

function samePlaces(a: Places, b: Places): boolean {
  return a.size === b.size && [...a].every(([swarm, have]) => b.get(swarm) === have);
}

/** Who is listed where, by number of client, asked over the wire. */
export async function listedAt(t: TestContext, tracker: Address): Promise<ReadonlyMap<number, Places>> {
  const guest = new WireClient(t, tracker);
  await guest.hello(ONLOOKER);
  const swarms = Array.from({ length: SWARMS }, (_, at) => at + 1);
  guest.send(
    ...swarms.map((number) => ({ kind: 'seeders', id: number, swarm: keyBytes(swarmOf(number)), want: 50 }) as const),
  );
  const listed = new Map<number, Places>();
  for (const number of swarms) {
    const list = await guest.reply(number);
    assert.ok(list.kind === 'seederList' && list.seeders.length === list.total, `the list of swarm ${number}`);
    for (const { port, have } of list.seeders) {
      const places = listed.get(port - FIRST_PORT) ?? new Map();
      listed.set(port - FIRST_PORT, places.set(number, have));
    }
  }
  guest.socket.destroy();
  return listed;
}
