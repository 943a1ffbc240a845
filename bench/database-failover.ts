// The primary of the database is killed under load and its synchronous standby promoted, round by round with the same
// two trackers: are words lost that were acknowledged, how long are words not taken, and do lists go on. After each
// round the killed server is made anew as the standby of the other one.

import { setTimeout as sleep } from 'node:timers/promises';
import type { TrackerReply } from '../src/tracking/tracker/messages.js';
import { PostgresServer } from '../test/support/postgres.js';
import { type DatabaseSceneOptions, type DatabaseStage, withDatabase } from './database-stage.js';
import { showSpread, spreadOf } from './figures.js';
import { connectFleet, swarmBytes, TrackerClient } from './tracker-driver.js';
import type { Figure } from './tracker-stage.js';

const STANDBY = 'bench_standby';
const CLIENTS_PER_TRACKER = 10;
const BEFORE_MS = 500;
/** The kill meets the groups at any point. */
const BEFORE_DRAWN_MS = 500;
const AFTER_MS = 300;
const LOOK_MS = 10;
const DEADLINE_MS = 60_000;

/** Rounds with one pair of clusters: each word lists a new file, and a tracker lists 200,000 (SWARMS_MAX). */
const ROUNDS_A_STAGE = 50;

export async function databaseFailover({ runs, note }: DatabaseSceneOptions): Promise<readonly Figure[]> {
  const found: Found = { words: new Words(), pauses: [], lists: [] };
  for (let begun = 0; begun < runs; begun += ROUNDS_A_STAGE) {
    const rounds = Math.min(ROUNDS_A_STAGE, runs - begun);
    await withDatabase((stage) => playRounds(stage, rounds, found));
    note(`round ${begun + rounds}: ${found.words.acknowledged} acknowledged words, ${found.words.lost} lost`);
  }
  const { words } = found;
  const [pause, list] = [spreadOf(found.pauses), spreadOf(found.lists)];
  note(`from the kill until a word is acknowledged again: ${showSpread(pause, 0)} ms`);
  return [
    { what: 'rounds', value: runs, unit: '' },
    { what: 'acknowledged words', value: words.acknowledged, unit: '' },
    { what: 'of them lost', value: words.lost, unit: '', atMost: 0 },
    { what: 'words refused with a code, and asked again', value: words.refused, unit: '' },
    { what: 'from the kill until a word is acknowledged again', value: pause.median, unit: 'ms' },
    { what: 'the longest', value: pause.max, unit: 'ms' },
    { what: 'the longest wait for a list meanwhile, median', value: list.median, unit: 'ms' },
    { what: 'the longest of all', value: list.max, unit: 'ms' },
  ];
}

interface Found {
  readonly words: Words;
  /** Milliseconds, one a round. */
  readonly pauses: number[];
  /** Milliseconds, one a tracker and round. */
  readonly lists: number[];
}

async function playRounds(stage: DatabaseStage, rounds: number, { words, pauses, lists }: Found): Promise<void> {
  let primary = stage.server;
  let standby = await standbyOf(primary, stage);
  const ports = [primary.port, standby.port];
  const list = `postgres://postgres@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/postgres?sslmode=disable`;
  const trackers = [await stage.startTracker(list), await stage.startTracker(list)];
  for (let round = 1; round <= rounds; round += 1) {
    const first = 1 + (round - 1) * trackers.length * CLIENTS_PER_TRACKER;
    const fleets = trackers.map(({ address }, at) =>
      connectFleet(address, first + at * CLIENTS_PER_TRACKER, CLIENTS_PER_TRACKER),
    );
    words.begin((await Promise.all(fleets)).flat());
    const looks = trackers.map(({ address }) => lookOn(new TrackerClient(address, 0)));
    await sleep(BEFORE_MS + Math.random() * BEFORE_DRAWN_MS);
    const killedMs = performance.now();
    await primary.stop('SIGKILL');
    await standby.query('select pg_promote(false)');
    pauses.push((await words.taken()) - killedMs);
    await sleep(AFTER_MS);
    await words.end();
    for (const look of looks) lists.push(await look.end());
    words.checkAt(standby);
    const { port } = primary;
    await primary.remove();
    primary = standby;
    if (round < rounds) standby = await standbyOf(primary, stage, port);
  }
}

/** Runs, and commits of its primary wait for it. @param port of the server whose place it takes. */
async function standbyOf(primary: PostgresServer, stage: DatabaseStage, port?: number): Promise<PostgresServer> {
  const standby = await PostgresServer.standbyOf(primary, STANDBY, port);
  stage.adopt(standby);
  primary.sql(`alter system set synchronous_standby_names = '${STANDBY}'`);
  primary.sql('select pg_reload_conf()');
  const isSynchronous = `select count(*) from pg_stat_replication where sync_state = 'sync'`;
  await until(
    () => primary.sql(isSynchronous) === '1',
    () => 'the standby is synchronous',
  );
  return standby;
}

/** Every word lists a file that nobody has listed before, so that no later word hides the loss of an earlier one. */
class Words {
  refused = 0;
  lost = 0;
  #lastRefusal = 'none was refused';
  /** Why a tracker has ended a connection; undefined: none has. */
  #lostBecause: string | undefined;
  #said = 0;
  #first = 1;
  #fleet: readonly TrackerClient[] = [];
  #isOver = false;
  readonly #all: number[] = [];

  get acknowledged(): number {
    return this.#all.length;
  }

  begin(fleet: readonly TrackerClient[]): void {
    this.#fleet = fleet;
    this.#first = this.#said + 1;
    this.#isOver = false;
    for (const client of fleet) {
      client.onLost = (reason) => {
        this.#lostBecause ??= reason;
      };
      client.onReply = (reply, word) => {
        if (reply.kind === 'shared') this.#all.push(word);
        else this.#refusedBy(reply);
        if (!this.#isOver) this.#say(client);
      };
      this.#say(client);
      client.flush();
    }
  }

  /** When the next word is acknowledged that was said now or later. */
  async taken(): Promise<number> {
    const known = this.#all.length;
    await until(
      () => this.#areConnected() && this.#all.length > known,
      () => `words are taken again (refused last: ${this.#lastRefusal})`,
    );
    return performance.now();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await until(
      () => this.#areConnected() && this.#fleet.every(({ openCount }) => openCount === 0),
      () => 'every word is answered',
    );
    for (const client of this.#fleet) client.close();
  }

  /** Of this round. */
  checkAt(server: PostgresServer): void {
    const from = Buffer.from(swarmBytes(this.#first)).toString('hex');
    const rows = server.sql(`select encode(swarm, 'hex') from entries where swarm >= decode('${from}', 'hex')`);
    const kept = new Set(rows.split('\n'));
    const ofRound = this.#all.filter((word) => word >= this.#first);
    this.lost += ofRound.filter((word) => !kept.has(Buffer.from(swarmBytes(word)).toString('hex'))).length;
  }

  /** Throws where one is not. */
  #areConnected(): boolean {
    if (this.#lostBecause !== undefined) throw new Error(`a tracker has ended a connection: ${this.#lostBecause}`);
    return true;
  }

  #refusedBy(reply: TrackerReply): void {
    this.refused += 1;
    this.#lastRefusal = reply.kind === 'error' ? reply.sentence : reply.kind;
  }

  #say(client: TrackerClient): void {
    this.#said += 1;
    client.share(swarmBytes(this.#said), 1, this.#said);
  }
}

/** Asks for one list after the other; answers the longest wait in milliseconds. */
function lookOn(guest: TrackerClient): { end(): Promise<number> } {
  let isOver = false;
  let longestMs = 0;
  const work = (async () => {
    await guest.greeted();
    while (!isOver) {
      const askedMs = performance.now();
      await guest.seederCount(swarmBytes(1));
      longestMs = Math.max(longestMs, performance.now() - askedMs);
      await sleep(LOOK_MS);
    }
    guest.close();
  })();
  // Told by `end`: where the round fails before it, that failure is the one to show.
  work.catch(() => undefined);
  return {
    async end() {
      isOver = true;
      await work;
      return longestMs;
    },
  };
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  for (const endMs = performance.now() + DEADLINE_MS; !isSo(); await sleep(2))
    if (performance.now() > endMs) throw new Error(`not within ${DEADLINE_MS / 1000} s: ${what()}`);
}
