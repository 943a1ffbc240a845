// A flood of ten thousand event streams at the HTTP endpoint of a client and of a tracker: the API goes on answering, a
// download goes on whole, and the flood leaves neither memory nor sockets nor a long log behind.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { EVENT_RETRY_S, EVENT_STREAMS_MAX } from '../../src/app/http/limits.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { startDaemon } from '../support/daemon-stage.js';
import { eventually, PIECE, shareHere, stageSwarm } from '../support/e2e-stage.js';
import { ask, type HttpAnswer } from '../support/http-requests.js';
import { PATIENCE_MS } from '../support/patience.js';

const STREAMS = 10_000;
/** More than an endpoint holds connections. */
const AT_ONCE = 600;
/** Of a process of 100 MiB after ten thousand streams; one that is kept costs 20 KiB and more. */
const GROWTH_BYTES_MAX = 48 * 2 ** 20;
/** Sockets, and lines of the log: of the file, of connections to its tracker and its seeder. */
const OF_THE_DOWNLOAD = 10;
const SECOND_MS = 1_000;

interface Door {
  readonly port: number;
  readonly token: string;
  readonly pid: number;
  readonly log: string;
}

/** Opens streams, a few of them without the token, and reads none of them but the first line. */
class Flood {
  readonly #door: Door;
  readonly #sockets = new Set<net.Socket>();
  readonly answers = new Map<string, number>();
  readonly retryAfter = new Set<string>();
  begun = 0;
  held = 0;
  heldMost = 0;
  readonly #done: Promise<unknown>;
  #isOver = false;
  readonly #over = deferred<void>();

  constructor(door: Door) {
    this.#door = door;
    this.#done = Promise.all(Array.from({ length: AT_ONCE }, () => this.#go()));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#over.resolve();
    for (const socket of this.#sockets) socket.destroy();
    await this.#done;
  }

  async #go(): Promise<void> {
    while (this.begun < STREAMS && !this.#isOver) await this.#one();
  }

  /** Until the other side has hung up, or the flood is over. */
  async #one(): Promise<void> {
    const { port, token } = this.#door;
    this.begun += 1;
    const hasToken = this.begun % 10 !== 0;
    const socket = net.connect(port, '127.0.0.1');
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    const closed = deferred<void>();
    socket.on('close', () => closed.resolve());
    const credential = hasToken ? `authorization: Bearer ${token}\r\n` : '';
    socket.write(`GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${credential}\r\n`);
    let head = 'none';
    socket.once('data', (bytes) => {
      const text = String(bytes);
      head = text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
      if (head === '503') this.retryAfter.add(/retry-after: (\d+)/i.exec(text)?.[1] ?? '');
      if (head !== '200') return void socket.resume();
      // Held, and never read again.
      socket.pause();
      this.held += 1;
      this.heldMost = Math.max(this.heldMost, this.held);
    });
    await Promise.race([closed.promise, this.#over.promise]);
    if (head === '200') this.held -= 1;
    this.#sockets.delete(socket);
    socket.destroy();
    this.answers.set(head, (this.answers.get(head) ?? 0) + 1);
  }
}

function sockets({ pid }: Door): number {
  const targetOf = (name: string): string => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      // Closed meanwhile.
      return '';
    }
  };
  return readdirSync(`/proc/${pid}/fd`).filter((name) => targetOf(name).startsWith('socket:')).length;
}

const linesOf = ({ log }: Door): number => readFileSync(log, 'utf8').split('\n').length - 1;

function residentBytes({ pid }: Door): number {
  return 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Of what a process said about the endpoint that it opened. */
async function doorOf(said: string, pid: number, log: string): Promise<Door> {
  const port = Number(/HTTP is served at http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
  const path = /the token for scripts is in (.*)/.exec(said)?.[1] ?? '';
  return { port, token: (await readFile(path, 'utf8')).trim(), pid, log };
}

/** Like a script that tries again when it found no room. */
async function asked({ port, token }: Door, path: string): Promise<HttpAnswer> {
  const headers = { authorization: `Bearer ${token}` };
  const once = () => ask({ port }, path, { headers }).catch((): undefined => undefined);
  return (await eventually(once, (answer) => answer?.status === 200, `${path} is answered`)) as HttpAnswer;
}

async function get({ port, token }: Door, mtorrentPath: string, destination: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'x-mtorrent': '1', 'content-type': 'application/json' };
  const body = JSON.stringify({ mtorrentPath, destination });
  const once = () => ask({ port }, '/api/v1/get', { method: 'POST', headers, body }).catch((): undefined => undefined);
  await eventually(once, (answer) => answer?.status === 200, 'the download begins');
}

const growthOf = (now: readonly number[], before: readonly number[]): readonly number[] =>
  now.map((value, at) => value - (before[at] ?? 0));

/** Both doors are asked as long as it lasts. */
async function wave(t: TestContext, doors: readonly Door[], begin: () => Promise<void>): Promise<readonly Flood[]> {
  const floods = doors.map((door) => new Flood(door));
  t.after(() => floods.map((flood) => flood.end()));
  await eventually(
    () => floods[0]?.held,
    (held) => held === EVENT_STREAMS_MAX,
    'all streams are taken',
  );
  await begin();
  let [answers, longestMs] = [0, 0];
  const look = async (): Promise<readonly number[]> => {
    for (const door of doors) {
      const fromMs = performance.now();
      await asked(door, '/api/v1/about');
      longestMs = Math.max(longestMs, performance.now() - fromMs);
      answers += 1;
      assert.match((await asked(door, '/metrics')).text, /^process_cpu_seconds_total/m);
    }
    return floods.map(({ begun }) => begun);
  };
  const isThrough = (counts: readonly number[]): boolean => counts.every((count) => count >= STREAMS);
  // Twenty thousand connections, which this machine makes as well as takes.
  await eventually(look, isThrough, 'the flood is through', 3 * PATIENCE_MS);
  t.diagnostic(`${answers} answers meanwhile, the slowest after ${Math.round(longestMs)} ms`);
  return floods;
}

test('ten thousand event streams at a client and a tracker leave their APIs and a download alive, and nothing behind', {
  timeout: 300_000,
}, async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0, ['--http', '127.0.0.1:0']);
  const daemon = await startDaemon(swarm, ['--http', '127.0.0.1:0', '--download-limit', String(4 * PIECE)]);
  const ofClient = await doorOf(daemon.stderr, daemon.pid, swarm.path('daemon.log'));
  const saidTracker = await tracker.said(/the token for scripts/);
  const doors = [ofClient, await doorOf(saidTracker, tracker.pid, swarm.path('tracker-1.log'))];
  const source = await swarm.makeFile('a.img', 40 * PIECE);
  await shareHere(swarm, source, 'a.mtorrent');

  const socketsBefore = doors.map(sockets);
  // The first wave warms up what stays: code, pools of the allocator.
  for (const flood of await wave(t, doors, async () => undefined)) await flood.end();
  const [residentBefore, linesBefore, startMs] = [doors.map(residentBytes), doors.map(linesOf), performance.now()];
  const floods = await wave(t, doors, () => get(ofClient, swarm.path('a.mtorrent'), swarm.path('b.img')));
  await eventually(
    async () => (await asked(ofClient, '/api/v1/downloads')).json<{ files: { state: string }[] }>().files,
    ([file]) => file?.state === 'seeding',
    'the download is complete',
  );
  assert.equal(await sha256OfFile(swarm.path('b.img')), await sha256OfFile(source));
  assert.deepEqual(
    floods.map(({ held }) => held),
    [EVENT_STREAMS_MAX, 0],
  );
  for (const flood of floods) await flood.end();
  assert.deepEqual(
    floods.map(({ heldMost }) => heldMost),
    [EVENT_STREAMS_MAX, 0],
  );
  // Not dropped without a word, as by an endpoint that those fill up who were turned away.
  const told = [floods[0]?.answers.get('503') ?? 0, floods[1]?.answers.get('404') ?? 0];
  assert.ok(
    told.every((count) => count > STREAMS / 4),
    String(told),
  );
  assert.deepEqual([...(floods[0]?.retryAfter ?? [])], [String(EVENT_RETRY_S)]);

  const left = await eventually(
    () => growthOf(doors.map(sockets), socketsBefore),
    (growth) => growth.every((count) => count <= OF_THE_DOWNLOAD),
    'sockets come back',
  );
  const grown = await eventually(
    () => growthOf(doors.map(residentBytes), residentBefore),
    (growth) => growth.every((bytes) => bytes < GROWTH_BYTES_MAX),
    'memory comes back',
  );
  const seconds = (performance.now() - startMs) / SECOND_MS;
  const lines = growthOf(doors.map(linesOf), linesBefore);
  for (const count of lines) assert.ok(count <= seconds + OF_THE_DOWNLOAD, `${lines} lines in ${seconds} s`);
  const answers = floods.map((flood) => JSON.stringify(Object.fromEntries(flood.answers)));
  t.diagnostic(`${answers.join(' ')}; sockets +${left}, bytes +${grown}, lines +${lines}, ${seconds} s`);
});
