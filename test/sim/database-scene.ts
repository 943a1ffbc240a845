// Three trackers' stores on a modelled database, in virtual time: commits that nobody answers, crashes, freezes, lost
// notifications and failovers, a schedule a seed. At the end what was acknowledged is everywhere, and whoever speaks is
// listed everywhere.

import assert from 'node:assert/strict';
import { type ClientId, clientId, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { type Change, type ChangeOf, compareVersions, type EntryState } from '../../src/tracking/registry/changes.js';
import type { DatabaseChange } from '../../src/tracking/store/postgres/batch.js';
import type {
  FedEntry,
  FedProgress,
  FedRows,
  PostgresEffect,
  PostgresInput,
} from '../../src/tracking/store/postgres/messages.js';
import { PostgresStore } from '../../src/tracking/store/postgres/store.js';
import { StoreHost } from '../tracking/store/contract.js';
import { clientBytes, swarmOf } from '../tracking/tracker/stage.js';
import { World } from './paths.js';

const TRACKERS = 3;
const CLIENTS = 12;
const FAULTS_MS = 40_000;
const CALM_MS = 60_000;
/** Milliseconds for which news are kept for a tracker that says nothing. */
const NEWS_KEPT_MS = 3_000;

interface Row extends ChangeOf<'put'> {
  state: EntryState;
  changed: number;
  writer: number;
}

/** What a shared PostgreSQL does, without its SQL: rows with versions, positions and leases. */
class ModelDatabase {
  readonly rows = new Map<string, Row>();
  readonly heard = new Map<ClientId, { ms: number; writer: number }>();
  readonly passed = new Map<number, { position: number; seenMs: number }>();
  /** The first tells behind which position none is missing. */
  news: { position: number; writer: number; words: FedProgress[] }[] = [{ position: 0, writer: 0, words: [] }];
  position = 0;
  runs = 0;
  timeline = 1;
  isAway = false;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Answers the position and who expired. */
  write(changes: readonly DatabaseChange[], writer: number, leaseMs: number) {
    this.position += 1;
    const expired: ClientId[] = [];
    for (const change of changes) this.#apply(change as Change, writer, leaseMs, expired);
    return { position: this.position, expired };
  }

  #apply(change: Change, writer: number, leaseMs: number, expired: ClientId[]): void {
    switch (change.kind) {
      case 'put':
        this.#word({ ...change, state: 'live' }, writer);
        return;
      case 'replicatedEntry':
        this.#word({ ...change, kind: 'put', state: change.state }, writer);
        return;
      case 'progress':
        this.#progress(change, writer);
        return;
      case 'remove':
        this.#word({ ...change, kind: 'put', host: '', port: 0, have: 0, state: 'removed' }, writer);
        return;
      case 'expire': {
        const { ms = Number.NEGATIVE_INFINITY } = this.heard.get(change.client) ?? {};
        if (ms > this.#world.nowMs - leaseMs) return;
        expired.push(change.client);
        for (const row of this.rows.values())
          if (row.client === change.client && row.state === 'live') this.#touch(row, 'lapsed', writer);
        return;
      }
      default:
    }
  }

  #word(word: ChangeOf<'put'> & { state: EntryState }, writer: number): void {
    const key = word.swarm + word.client;
    const known = this.rows.get(key);
    const order = known === undefined ? 1 : compareVersions(word, known);
    const rank = { lapsed: 0, live: 1, removed: 2 };
    if (order < 0 || (order === 0 && known !== undefined && rank[word.state] <= rank[known.state])) return;
    this.rows.set(key, { ...word, changed: this.position, writer });
  }

  /** A row that is listed already keeps its place in the feed. */
  #progress(word: ChangeOf<'progress'>, writer: number): void {
    const known = this.rows.get(word.swarm + word.client);
    if (known === undefined || known.state === 'removed' || compareVersions(word, known) <= 0) return;
    const { have, epoch, sequence } = word;
    Object.assign(known, { have, epoch, sequence });
    if (known.state !== 'live') this.#touch(known, 'live', writer);
    else this.news.push({ position: this.position, writer, words: [{ ...word, changed: this.position }] });
  }

  seen(run: number, position: number): void {
    const { nowMs } = this.#world;
    this.passed.set(run, { position, seenMs: nowMs });
    const heard = [...this.passed.values()].filter(({ seenMs }) => seenMs > nowMs - NEWS_KEPT_MS);
    const passed = Math.min(...heard.map((tracker) => tracker.position));
    const begin = this.news.findLast((news) => news.position <= passed)?.position ?? 0;
    this.news = this.news.filter((news) => news.position >= begin);
  }

  hasNewsBehind(position: number): boolean {
    return (this.news[0]?.position ?? 0) <= position;
  }

  #touch(row: Row, state: EntryState, writer: number): void {
    row.state = state;
    row.changed = this.position;
    row.writer = writer;
  }

  fed(after: number, upTo: number, run: number): FedRows {
    const entries = [...this.rows.values()]
      .filter(({ changed, writer }) => changed > after && changed <= upTo && writer !== run)
      .sort((a, b) => a.changed - b.changed)
      .map((row): FedEntry => ({ ...row, isListed: false, ageMs: 0 }));
    const progress = this.news
      .filter(({ position, writer }) => position > after && position <= upTo && writer !== run)
      .flatMap(({ words }) => words);
    return { swarms: [], leaves: [], entries, progress, membership: [] };
  }
}

type Host = StoreHost<PostgresInput, PostgresEffect>;

class ModelTracker {
  host: Host | undefined;
  #run = 0;
  #session = 0;
  #isConnected = false;
  /** While frozen nothing is done, and what happens meanwhile comes afterwards. */
  #frozenUntilMs = 0;
  readonly #world: World;
  readonly #database: ModelDatabase;
  readonly #trackers: readonly ModelTracker[];
  /** Chances of each fault, none once the schedule is calm. */
  isCalm = false;

  constructor(world: World, database: ModelDatabase, trackers: readonly ModelTracker[]) {
    this.#world = world;
    this.#database = database;
    this.#trackers = trackers;
  }

  start(): void {
    this.#database.runs += 1;
    this.#run = this.#database.runs;
    this.#session += 1;
    this.#isConnected = false;
    const host: Host = new StoreHost<PostgresInput, PostgresEffect>(
      this.#world,
      (sink) => new PostgresStore(sink),
      (effect) => this.#perform(effect, host),
    );
    this.host = host;
    host.turn(() => undefined);
  }

  crash(): void {
    this.host?.end();
    this.host = undefined;
    this.#session += 1;
    this.#database.passed.delete(this.#run);
  }

  freeze(forMs: number): void {
    // What comes keeps its order: a later freeze never ends before an earlier one.
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#world.nowMs + forMs);
  }

  lose(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#session += 1;
    this.#post(this.host, { kind: 'lost', sentence: 'cut' });
  }

  notified(): void {
    if (this.#isConnected && (this.isCalm || !this.#world.chance(0.3))) this.#post(this.host, { kind: 'notified' });
  }

  #post(host: Host | undefined, input: PostgresInput): void {
    const atMs = Math.max(this.#world.nowMs, this.#frozenUntilMs);
    this.#world.at(atMs, () => {
      if (host === this.host) host?.post(input);
    });
  }

  /** An answer on this session, after a while. */
  #answer(host: Host, answer: () => PostgresInput | undefined): void {
    const session = this.#session;
    this.#world.after(this.#world.between(0.5, 8), () => {
      if (session !== this.#session) return;
      const input = answer();
      if (input !== undefined) this.#post(host, input);
    });
  }

  #perform(effect: PostgresEffect, host: Host): void {
    const database = this.#database;
    switch (effect.kind) {
      case 'connect':
        this.#answer(host, () => {
          if (database.isAway) return { kind: 'notConnected', sentence: 'away' };
          this.#isConnected = true;
          database.seen(this.#run, database.passed.get(this.#run)?.position ?? 0);
          const identity = { system: 'one', timeline: database.timeline };
          return { kind: 'connected', server: 'model', identity, position: database.position, run: this.#run };
        });
        return;
      case 'load': {
        const { position } = database;
        this.#answer(host, () => {
          this.#post(host, { kind: 'loaded', rows: database.fed(-1, Number.MAX_SAFE_INTEGER, -1) });
          return { kind: 'loadEnded', position, trackerId: new Uint8Array(16) };
        });
        return;
      }
      case 'write':
        this.#answer(host, () => this.#write(effect));
        return;
      case 'poll':
        this.#answer(host, () => this.#poll(host, effect));
        return;
      default:
    }
  }

  #write({ group, changes, leaseMs }: Extract<PostgresEffect, { kind: 'write' }>): PostgresInput | undefined {
    const { prng } = this.#world;
    const dice = this.isCalm ? 1 : prng.next();
    if (dice < 0.03) return { kind: 'notWritten', group, outcome: 'refused', sentence: 'cancelled' };
    if (dice < 0.04) return { kind: 'notWritten', group, outcome: 'full', sentence: 'full' };
    const written = this.#database.write(changes, this.#run, leaseMs);
    for (const other of this.#trackers) if (other !== this) other.notified();
    if (dice < 0.07) return { kind: 'notWritten', group, outcome: 'unknown', sentence: 'a warning' };
    if (dice < 0.1) {
      this.lose();
      return undefined;
    }
    return { kind: 'written', group, ...written, tookMs: 1 };
  }

  #poll(host: Host, { after, upkeep }: Extract<PostgresEffect, { kind: 'poll' }>): PostgresInput {
    const { nowMs } = this.#world;
    const database = this.#database;
    for (const client of upkeep?.renewed ?? []) database.heard.set(client, { ms: nowMs, writer: this.#run });
    if (upkeep !== undefined) database.seen(this.#run, after);
    const { position } = database;
    if (!database.hasNewsBehind(after)) return { kind: 'missed' };
    this.#post(host, { kind: 'fed', rows: database.fed(after, position, this.#run), upTo: position });
    const others = [...database.passed].filter(([run]) => run !== this.#run).map(([, passed]) => passed.position);
    const heard = [...database.heard]
      .filter(([, { ms, writer }]) => writer !== this.#run && ms > nowMs - (upkeep?.sinceMs ?? 0))
      .map(([client, { ms }]) => [client, nowMs - ms] as const);
    const acknowledged = others.length === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...others);
    const state = { position, acknowledged, trackers: database.passed.size, clockS: 0, heard };
    return { kind: 'polled', position, state: upkeep === undefined ? undefined : state };
  }
}

/** Words of one client: which sequence is the newest that was acknowledged, and whether it was a removal. */
interface Said {
  sequence: number;
  acknowledged: { readonly sequence: number; readonly isRemoval: boolean } | undefined;
  /** It was listed, and has said nothing since but its progress. */
  isListed: boolean;
}

export interface DatabaseRun {
  readonly acknowledged: number;
  readonly positions: number;
}

/** Throws when an invariant is broken; the message names the seed. */
export function runDatabase(seed: number): DatabaseRun {
  const world = new World(seed);
  const database = new ModelDatabase(world);
  const trackers: ModelTracker[] = [];
  for (let at = 0; at < TRACKERS; at += 1) trackers.push(new ModelTracker(world, database, trackers));
  for (const tracker of trackers) tracker.start();
  const said = Array.from({ length: CLIENTS }, (): Said => ({ sequence: 0, acknowledged: undefined, isListed: false }));
  let acknowledged = 0;
  let isCalm = false;
  const speak = (number: number): void => {
    const client = clientId(clientBytes(number + 1));
    const { host } = trackers[Math.floor(world.between(0, TRACKERS))] ?? {};
    const words = said[number];
    if (host === undefined || words === undefined || host.isEnded) return;
    words.sequence += 1;
    const { sequence } = words;
    const isRemoval = !isCalm && world.chance(0.2);
    const isProgress = !isRemoval && words.isListed && world.chance(0.6);
    const swarm = swarmOf(1);
    const change = wordOf({ client, swarm, sequence }, isRemoval ? 'remove' : isProgress ? 'progress' : 'put');
    const isLast = (): boolean => words.sequence === sequence;
    if (isRemoval) words.isListed = false;
    const settled = (refusal: unknown): void => {
      if (refusal !== undefined) return;
      // As a client is told that it is not listed.
      const entry = host.registry.client(client)?.entries.get(swarm);
      if (isProgress && (entry?.sequence ?? 0) < sequence) return;
      if (!isRemoval && isLast()) words.isListed = true;
      acknowledged += 1;
      if ((words.acknowledged?.sequence ?? 0) < sequence) words.acknowledged = { sequence, isRemoval };
    };
    host.turn((store, nowMs) => {
      host.leases.renew(client, nowMs);
      if (!store.isOverloaded) store.commit({ changes: [change], weight: 1, asker: number, settled });
    });
  };
  for (let number = 0; number < CLIENTS; number += 1) {
    const again = (): void => {
      speak(number);
      world.after(world.between(500, 3_000), again);
    };
    world.after(world.between(100, 2_000), again);
  }
  letExpire(world, trackers);
  const fault = (): void => {
    if (isCalm) return;
    const tracker = trackers[Math.floor(world.between(0, TRACKERS))];
    const dice = world.prng.next();
    if (dice < 0.3) tracker?.lose();
    else if (dice < 0.5) {
      tracker?.crash();
      world.after(world.between(10, 4_000), () => tracker?.start());
    } else if (dice < 0.65) tracker?.freeze(world.between(10, 5_000));
    else if (dice < 0.85) outage(world, database, trackers);
    world.after(world.between(200, 4_000), fault);
  };
  world.after(2_000, fault);
  world.runUntil(FAULTS_MS);
  isCalm = true;
  for (const tracker of trackers) tracker.isCalm = true;
  world.runUntil(FAULTS_MS + CALM_MS);
  judge(seed, database, trackers, said);
  return { acknowledged, positions: database.position };
}

/** Each tracker lets expire whose lease is over, as its machine does. */
function letExpire(world: World, trackers: readonly ModelTracker[]): void {
  for (const tracker of trackers) {
    const tick = (): void => {
      const { host } = tracker;
      const { clients = [] } = host?.leases.expired(world.nowMs, 100) ?? {};
      if (clients.length > 0) host?.commit(clients.map((client) => ({ kind: 'expire', client })));
      world.after(1_000, tick);
    };
    world.after(1_000, tick);
  }
}

/** The database is away for a while; sometimes a standby takes over. */
function outage(world: World, database: ModelDatabase, trackers: readonly ModelTracker[]): void {
  if (database.isAway) return;
  database.isAway = true;
  for (const tracker of trackers) tracker.lose();
  world.after(world.between(50, 8_000), () => {
    database.isAway = false;
    if (world.chance(0.5)) database.timeline += 1;
  });
}

interface Spoken {
  readonly client: ClientId;
  readonly swarm: SwarmKey;
  readonly sequence: number;
}

function wordOf({ sequence, ...of }: Spoken, kind: 'put' | 'progress' | 'remove'): Change {
  const version = { epoch: 1, sequence };
  if (kind === 'remove') return { kind, ...of, ...version };
  if (kind === 'progress') return { kind, ...of, have: sequence, ...version };
  return { kind, ...of, host: '10.0.0.1', port: 7_000, have: 1, ...version };
}

function judge(seed: number, database: ModelDatabase, trackers: readonly ModelTracker[], said: readonly Said[]): void {
  const swarm = swarmOf(1);
  for (const [number, { acknowledged }] of said.entries()) {
    const client = clientId(clientBytes(number + 1));
    const row = database.rows.get(swarm + client);
    const where = `seed ${seed}, client ${number}`;
    assert.ok(
      acknowledged === undefined || (row?.sequence ?? 0) >= acknowledged.sequence,
      `${where}: its word is lost`,
    );
    assert.ok(row !== undefined && row.state === 'live', `${where}: it speaks and is not listed (${row?.state})`);
    for (const [at, { host }] of trackers.entries()) {
      assert.ok(host?.isReady, `seed ${seed}: tracker ${at} is ready`);
      const entry = host.registry.client(client)?.entries.get(swarm);
      assert.equal(entry?.state, 'live', `${where}, tracker ${at}: the state`);
      assert.ok((entry?.sequence ?? 0) >= (acknowledged?.sequence ?? 0) - 1, `${where}, tracker ${at}: the version`);
    }
  }
}
