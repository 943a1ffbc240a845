// An honest transfer in a closed swarm while something hostile is done to it: it ends whole, over one connection and
// with no byte twice; the attacker's connections leave no socket behind, and the log says of them at most a line a
// second.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REFUSALS_TOLD_MS } from '../../src/foundation/wire/limits.js';
import type { ClosedStage, StagedClient } from './closed-stage.js';
import type { ClosedSwarm } from './closed-swarm.js';
import { eventually } from './e2e-stage.js';

/** Longer than what is done beside it, where that waits for nobody. */
const SECONDS = 1.5;
const BYTES_PER_SECOND = 1_000_000;
/** Of this process, that come and go by themselves: both ends of connections of clients to peers and trackers. */
const STRAY_SOCKETS = 8;
const PLAIN = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
const WHOLE = { only: [], except: [], reuse: [], noReuse: false, exact: false };
/** As listeners of both wires word it; each thread has one. */
const REFUSED = /"msg":"refused /;
const DIALED = /"msg":"dialing a peer"/;

export class HonestBeside {
  readonly #stage: ClosedStage;
  readonly #leecher: StagedClient;
  readonly #bytes: Uint8Array;
  readonly #destination: string;
  readonly #sockets: number;

  private constructor(stage: ClosedStage, leecher: StagedClient, bytes: Uint8Array, destination: string) {
    this.#stage = stage;
    this.#leecher = leecher;
    this.#bytes = bytes;
    this.#destination = destination;
    this.#sockets = sockets();
  }

  /** Its transfer is under way, and takes so many seconds. */
  static async begin(stage: ClosedStage, swarm: ClosedSwarm, seconds = SECONDS): Promise<HonestBeside> {
    const bytes = randomFillSync(new Uint8Array(seconds * BYTES_PER_SECOND + 1));
    const path = join(stage.directory, 'honest.bin');
    await writeFile(path, bytes);
    const mtorrentPath = join(stage.directory, 'honest.mtorrent');
    const seeder = await stage.client('honest-seeder', swarm.member({ name: 'honest-seeder' }));
    assert.equal((await seeder.ask({ kind: 'share', path, mtorrentPath, ...PLAIN })).kind, 'accepted', seeder.said);
    const slow = { rates: { up: 0, down: BYTES_PER_SECOND } };
    const leecher = await stage.client('honest-leecher', swarm.member({ name: 'honest-leecher' }), slow);
    const destination = join(stage.directory, 'honest.got');
    await leecher.ask({ kind: 'get', mtorrentPath, destination, ...WHOLE });
    const honest = new HonestBeside(stage, leecher, bytes, destination);
    await eventually(
      () => honest.#counts(),
      ({ received }) => received > 0,
      'the honest transfer has begun',
    );
    return honest;
  }

  async #counts(): Promise<{ readonly received: number; readonly wasted: number }> {
    const listed = await this.#leecher.ask({ kind: 'list' });
    const [row] = listed.kind === 'listed' ? listed.rows : [];
    const { received, wasted } = row ?? { received: 0, wasted: 0 };
    return { received, wasted };
  }

  /** By counted work, which no busy machine changes: every byte came once, and nothing was refused or began anew. */
  async #lostNothing(): Promise<void> {
    assert.deepEqual(await this.#counts(), { received: this.#bytes.length, wasted: 0 }, this.#leecher.said);
    const log = readFileSync(join(this.#stage.directory, 'honest-leecher.log'), 'utf8');
    const dials = log.split('\n').filter((line) => DIALED.test(line)).length;
    assert.equal(dials, 1, 'one connection brought all of it');
  }

  /** What was hostile is over. @param own sockets that the test itself has opened and keeps. */
  async end(own = 0): Promise<void> {
    await this.#leecher.until((event) => event.kind === 'completed');
    assert.deepEqual(await readFile(this.#destination), Buffer.from(this.#bytes), 'the honest transfer is whole');
    await this.#lostNothing();
    const most = this.#sockets + own + STRAY_SOCKETS;
    await eventually(sockets, (count) => count <= most, `no more than ${most} sockets are open`);
    for (const name of readdirSync(this.#stage.directory).filter((file) => file.endsWith('.log')))
      atMostALineASecond(readFileSync(join(this.#stage.directory, name), 'utf8'), name);
  }
}

/** Other descriptors say nothing: each thread that a client starts for its download has some for its event loop. */
function sockets(): number {
  return readdirSync('/proc/self/fd').filter((number) => linkOf(number).startsWith('socket:')).length;
}

/** Empty for one that was closed meanwhile. */
function linkOf(number: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${number}`);
  } catch {
    return '';
  }
}

function atMostALineASecond(log: string, name: string): void {
  const byThread = new Map<string, number[]>();
  for (const line of log.split('\n').filter((each) => REFUSED.test(each))) {
    const { time, thread } = JSON.parse(line) as { readonly time: string | number; readonly thread: string };
    const moments = byThread.get(thread) ?? [];
    byThread.set(thread, [...moments, typeof time === 'number' ? time : Date.parse(time)]);
  }
  for (const [thread, moments] of byThread) {
    const [firstMs = 0, lastMs = 0] = [moments[0], moments.at(-1)];
    const most = Math.floor((lastMs - firstMs) / REFUSALS_TOLD_MS) + 2;
    assert.ok(moments.length <= most, `${name}, ${thread}: ${moments.length} lines about refusals instead of ${most}`);
  }
}
