// The two trackers of a pair are upgraded one after the other, from the first release to this one, while clients
// announce at the rate of a busy cluster. In the end both lists hold exactly what was acknowledged.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { runProgram, TrackerProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { type Address, formatAddress } from '../../src/foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { listSeeders } from '../../src/tracking/store/sqlite/list.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';
import { firstProgram } from '../support/first-program.js';
import { PairClient } from '../support/pair-client.js';

const CLIENTS = 20;
/** Each client says a word this often: 400 a second altogether. */
const EACH_MS = 50;
/** Words before, between and after the upgrades. */
const WORDS = 1_600;
const PIECE_COUNT = 1_000_000;
const FACTS = { name: 'a.bin', size: PIECE_COUNT * 524_288, pieceCount: PIECE_COUNT };
const DEADLINE = { timeout: 600_000 };

const swarmOf = (client: number, file: number): SwarmKey =>
  createHash('sha1').update(`${client} ${file}`).digest('hex') as SwarmKey;

/** Words that a client may have said without an answer, as in the time that a tracker needs to be replaced. */
const OWED_MAX = 40;

/** One client that says each word until it is acknowledged, at whichever tracker answers. */
class Announcer {
  readonly #t: TestContext;
  readonly #number: number;
  readonly #trackers: readonly [Address, Address];
  readonly #owed: (() => Promise<void>)[] = [];
  #which: 0 | 1;
  #client: PairClient | undefined;
  #sequence = 0;
  #said = 0;
  #files = 0;
  #isBusy = false;
  #isOver = false;
  acknowledged = 0;
  /** What must be listed: swarm → have. */
  readonly listed = new Map<SwarmKey, number>();

  constructor(t: TestContext, number: number, trackers: readonly [Address, Address]) {
    this.#t = t;
    this.#number = number;
    this.#trackers = trackers;
    this.#which = number % 2 === 0 ? 0 : 1;
    t.after(() => {
      this.#isOver = true;
    });
  }

  get isDone(): boolean {
    return this.#owed.length === 0 && !this.#isBusy;
  }

  /**
   * Of eight words one lists a new file, one takes one of these off again, the others are progress of the first file.
   * On a machine that is too slow for the rate, nothing new is said before what was said is acknowledged.
   */
  say(): void {
    if (this.#owed.length >= OWED_MAX) return;
    const at = this.#said++;
    if (at === 0 || at % 8 === 1) this.#owed.push(this.#share(this.#files++, at));
    else if (at % 8 === 5 && this.#files > 2) this.#owed.push(this.#remove(this.#files - 2));
    else this.#owed.push(this.#announce(at));
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let word = this.#owed[0]; word !== undefined && !this.#isOver; word = this.#owed[0]) {
      try {
        this.#client ??= await PairClient.connect(this.#t, this.#trackers[this.#which], this.#number);
        await word();
        this.acknowledged += 1;
        this.#owed.shift();
      } catch {
        // This tracker is away: the word is said again to the other one.
        this.#client = undefined;
        this.#which = this.#which === 0 ? 1 : 0;
      }
    }
    this.#isBusy = false;
  }

  #share(file: number, have: number): () => Promise<void> {
    const swarm = swarmOf(this.#number, file);
    return async () => {
      const word = { kind: 'share', swarm: keyBytes(swarm), ...FACTS, have, ...this.#version() } as const;
      await this.#connected().ask(word, 'shared');
      this.listed.set(swarm, have);
    };
  }

  #announce(have: number): () => Promise<void> {
    const swarm = swarmOf(this.#number, 0);
    return async () => {
      const word = { swarm: keyBytes(swarm), have, ...this.#version() };
      // The other tracker may not have the file yet; then it is listed there, as a client does.
      const reply = await this.#connected().reply({ kind: 'announce', ...word });
      if (reply.kind !== 'announced') await this.#connected().ask({ kind: 'share', ...word, ...FACTS }, 'shared');
      this.listed.set(swarm, have);
    };
  }

  #remove(file: number): () => Promise<void> {
    const swarm = swarmOf(this.#number, file);
    return async () => {
      await this.#connected().ask({ kind: 'remove', swarm: keyBytes(swarm), ...this.#version() }, 'removed');
      this.listed.delete(swarm);
    };
  }

  #version(): { readonly epoch: number; readonly sequence: number } {
    this.#sequence += 1;
    return { epoch: 1, sequence: this.#sequence };
  }

  #connected(): PairClient {
    return this.#client ?? assert.fail('a word is said on a connection');
  }
}

async function tracker(swarm: Swarm, which: 0 | 1, program?: string): Promise<TrackerProcess> {
  const [own, partner] = [swarm.trackers[which], swarm.trackers[which === 0 ? 1 : 0]];
  const running = new TrackerProcess(`tracker-${which + 1}`, own, partner, swarm.directory, [], { program });
  await swarm.adopt(running).started();
  return running;
}

/** `swarm port have` of every entry of a tracker's file. */
async function rowsOf(swarm: Swarm, which: 0 | 1): Promise<string> {
  const { swarms } = JSON.parse(await listSeeders(swarm.path(`tracker-${which + 1}.db`), { json: true })) as {
    readonly swarms: readonly {
      readonly swarm: string;
      readonly seeders: readonly { readonly address: string; readonly have: number }[];
    }[];
  };
  const rows = swarms.flatMap(({ swarm: key, seeders }) =>
    seeders.map(({ address, have }) => `${key} ${address.split(':')[1]} ${have}`),
  );
  return rows.sort().join('\n');
}

test(
  'a pair whose halves are upgraded in turn at 400 announces a second loses no acknowledged word',
  DEADLINE,
  async (t) => {
    const program = firstProgram(t);
    if (program === undefined) return;
    const swarm = await stageSwarm(t);
    const old = [await tracker(swarm, 0, program), await tracker(swarm, 1, program)] as const;
    const clients = Array.from({ length: CLIENTS }, (_, at) => new Announcer(t, at + 1, swarm.trackers));
    const beat = setInterval(() => {
      for (const client of clients) client.say();
    }, EACH_MS);
    t.after(() => clearInterval(beat));
    const acknowledged = (): number => clients.reduce((sum, client) => sum + client.acknowledged, 0);
    const more = async (what: string): Promise<void> => {
      const [from, fromMs] = [acknowledged(), performance.now()];
      await eventually(acknowledged, (count) => count >= from + WORDS, what, 120_000);
      t.diagnostic(`${what}: ${Math.round((WORDS / (performance.now() - fromMs)) * 1_000)} words a second`);
    };
    await more('both of the first release');
    for (const which of [0, 1] as const) {
      assert.equal(await old[which].end(), 0);
      await tracker(swarm, which);
      await eventually(
        async () =>
          (await runProgram(['tracker-status', formatAddress(swarm.trackers[which])], swarm.directory)).stdout,
        (status) => /connected$/m.test(status) && !/catching up/.test(status),
        `tracker ${which + 1} has caught up`,
      );
      await more(`tracker ${which + 1} upgraded`);
    }
    clearInterval(beat);
    await eventually(
      () => clients.every(({ isDone }) => isDone),
      (isDone) => isDone,
      'every word is acknowledged',
    );
    const expected = clients
      .flatMap(({ listed }, at) => [...listed].map(([key, have]) => `${key} ${10_001 + at} ${have}`))
      .sort()
      .join('\n');
    for (const which of [0, 1] as const)
      await eventually(
        async () => (await rowsOf(swarm, which)) === expected,
        (isEqual) => isEqual,
        `the list of tracker ${which + 1} is what was acknowledged`,
      );
  },
);
