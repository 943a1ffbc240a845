// What the page of a client costs while somebody looks at the map of a large download, and while nobody does: frames a
// second, and the shares of a core of the client and of the browser's renderer. A real browser, a real client, and
// forty seeders that change.

import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import { Driver, withSwarm } from './faults-stage.js';
import { printTable } from './figures.js';
import { PageBrowser, secondsOf } from './page-browser.js';
import { cpuSeconds } from './tracker-vitals.js';

/** Pieces a second that come: enough to see the map move, and too few to hide what the page costs. */
const DOWN = `${2 * 512}K`;
/** In turn, so that what else the machine does falls on all phases. */
const ROUNDS = 3;
const SETTLE_MS = 4_000;
/** What attaching to the page left to do. */
const ATTACHED_MS = 500;
/** Of the page since they were cleared; a browser counts 250 at most, more than are made. */
const REQUESTS = `performance.getEntriesByType('resource').length`;
const DEADLINE_MS = 60_000;
const WANTED = '60 frames a second, client and renderer each at most 3 % of a core while looked at, and 0 while not';

interface Phase {
  readonly name: string;
  /** Of a core, in per cent. */
  readonly client: number;
  readonly renderer: number;
  /** The process that draws; without a graphics card it does the work of one. */
  readonly drawing: number;
  /** That the page made. */
  readonly requests: number;
}

interface Frames {
  readonly aSecond: number;
  readonly longestMs: number;
  /** Those that came later than two frames of 60 a second after the one before. */
  readonly late: number;
}

interface Result {
  readonly phases: readonly Phase[];
  readonly frames: Frames;
}

export async function runPageBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      pieces: { type: 'string', default: '8000' },
      peers: { type: 'string', default: '40' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [pieces, peers] = [Number(values.pieces), Number(values.peers)];
  const seconds = Number(values.seconds ?? (values.quick ? 4 : 15));
  if (![pieces, peers, seconds].every((count) => Number.isInteger(count) && count > 0)) {
    process.stderr.write('--pieces, --peers and --seconds are whole numbers above 0\n');
    return 2;
  }
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const result = await withSwarm(root, async (swarm, cleanup) => {
    const mtorrent = swarm.path('crowd.mtorrent');
    const [tracker] = swarm.trackers;
    await Driver.start('page-crowd', [String(peers), String(pieces), formatAddress(tracker), mtorrent], cleanup);
    const client = swarm.startClient('watched', 0, ['--http', '127.0.0.1:0', '--download-limit', DOWN]);
    await client.succeed(`get ${mtorrent} ${swarm.path('crowd.img')}`);
    const browser = await PageBrowser.start(swarm.path('browser'), cleanup);
    return measure(client, browser, { seconds, peers });
  });
  const facts = { schema: 1, bench: 'page', pieces, peers, seconds, cores: cpus().length, wanted: WANTED, ...result };
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(result, pieces, peers);
  return 0;
}

/** Seconds of processor. */
type Spent = Readonly<Record<'client' | 'renderer' | 'drawing', number>>;

interface How {
  readonly seconds: number;
  readonly peers: number;
}

async function measure(client: ClientProcess, browser: PageBrowser, { seconds, peers }: How): Promise<Result> {
  const link = /http:\S+/.exec((await client.command('web')).result)?.[0] ?? '';
  const at = new URL('/', link).href;
  const say = (text: string): boolean => process.stderr.write(`page: ${text}, ${seconds} s\n`);
  const openMap = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'crowd.img', exact: true }).click();
    await page.getByRole('row').nth(peers).waitFor({ timeout: DEADLINE_MS });
  };
  const phase = async (name: string, prepare: (page: Page) => Promise<unknown>): Promise<Phase> => {
    await browser.with(prepare);
    await pause(SETTLE_MS);
    const processes = await browser.processes();
    await browser.with((page) => page.evaluate('performance.clearResourceTimings()'));
    const spent = (): Spent => ({
      client: cpuSeconds(client.pid),
      renderer: secondsOf(processes.renderers),
      drawing: secondsOf(processes.drawing),
    });
    await pause(ATTACHED_MS);
    const [before, from] = [performance.now(), spent()];
    await pause(seconds * 1_000);
    const [passedMs, to] = [performance.now() - before, spent()];
    const percent = (key: keyof Spent): number => ((to[key] - from[key]) * 100_000) / passedMs;
    const requests = await browser.with((page) => page.evaluate(REQUESTS));
    return {
      name,
      client: percent('client'),
      renderer: percent('renderer'),
      drawing: percent('drawing'),
      requests: Number(requests),
    };
  };
  say('frames of the map');
  const frames = await browser.with(async (page) => {
    await page.goto(link);
    await openMap(page);
    return framesOf(page, seconds);
  });
  const phases: Phase[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    say(`round ${round} of ${ROUNDS}: looked at`);
    phases.push(await phase('looked at', async () => undefined));
    say('hidden');
    phases.push(await phase('hidden', hide));
    say('no page');
    phases.push(await phase('no page', (page) => page.goto('about:blank')));
    say('the list alone');
    phases.push(await phase('the list alone', (page) => page.goto(at)));
    await browser.with(openMap);
  }
  return { phases: meansOf(phases), frames };
}

/** Of the rounds, by name. */
function meansOf(phases: readonly Phase[]): readonly Phase[] {
  return [...new Set(phases.map(({ name }) => name))].map((name) => {
    const same = phases.filter((phase) => phase.name === name);
    const mean = (of: (phase: Phase) => number): number => same.reduce((sum, each) => sum + of(each), 0) / same.length;
    return {
      name,
      client: mean((each) => each.client),
      renderer: mean((each) => each.renderer),
      drawing: mean((each) => each.drawing),
      requests: mean((each) => each.requests),
    };
  });
}

/** As the browser gives the page a turn for each. */
function framesOf(page: Page, seconds: number): Promise<Frames> {
  return page.evaluate(`new Promise((resolve) => {
    const begin = performance.now();
    let [last, count, longestMs, late] = [begin, 0, 0, 0];
    const frame = () => {
      const now = performance.now();
      longestMs = Math.max(longestMs, now - last);
      if (now - last > 34) late += 1;
      last = now;
      count += 1;
      if (now - begin < ${seconds * 1_000}) requestAnimationFrame(frame);
      else resolve({ aSecond: count * 1000 / (now - begin), longestMs, late });
    };
    requestAnimationFrame(frame);
  })`);
}

/** As a browser does with a tab behind another; one without a window never does it by itself. */
function hide(page: Page): Promise<unknown> {
  return page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

function show({ phases, frames }: Result, pieces: number, peers: number): void {
  const closed = phases.find(({ name }) => name === 'no page')?.client ?? Number.NaN;
  printTable([
    [`${pieces} pieces, ${peers} peers`, 'client, % of a core', 'above no page', 'renderer', 'drawing', 'requests'],
    ...phases.map(({ name, client, renderer, drawing, requests }) => [
      name,
      ...[client, client - closed, renderer, drawing].map((value) => value.toFixed(2)),
      requests.toFixed(1),
    ]),
  ]);
  const { aSecond, longestMs, late } = frames;
  process.stdout.write(
    `${aSecond.toFixed(1)} frames a second, the longest pause ${longestMs.toFixed(0)} ms, ${late} late\nwanted: ${WANTED}\n`,
  );
}
