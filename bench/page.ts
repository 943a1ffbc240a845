// What the page of a client costs while somebody looks at the map of a large download, and while nobody does: frames a
// second, and the shares of a core of the client and of the browser's renderer. A real browser, a real client, and
// forty seeders that change.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import type { Cleanup } from './cleanup.js';
import { Driver, withSwarm } from './faults-stage.js';
import { printTable } from './figures.js';
import { cpuSeconds } from './tracker-vitals.js';

/** Pieces a second that come: enough to see the map move, and too few to hide what the page costs. */
const DOWN = `${2 * 512}K`;
/** In turn, so that what else the machine does falls on all phases. */
const ROUNDS = 2;
const SETTLE_MS = 4_000;
const DEADLINE_MS = 60_000;
const WANTED = '60 frames a second, client and renderer each at most 3 % of a core while looked at, and 0 while not';

interface Phase {
  readonly name: string;
  /** Of a core, in per cent. */
  readonly client: number;
  readonly renderer: number;
  /** The process that draws; without a graphics card it does the work of one. */
  readonly drawing: number;
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
    return measure(client, { seconds, peers }, cleanup);
  });
  const facts = { schema: 1, bench: 'page', pieces, peers, seconds, cores: cpus().length, wanted: WANTED, ...result };
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(result, pieces, peers);
  return 0;
}

interface How {
  readonly seconds: number;
  readonly peers: number;
}

async function measure(client: ClientProcess, { seconds, peers }: How, cleanup: Cleanup): Promise<Result> {
  const browser = await open(cleanup);
  const tools = await browser.newBrowserCDPSession();
  const link = /http:\S+/.exec((await client.command('web')).result)?.[0] ?? '';
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const at = new URL('/', link).href;
  await page.goto(link);
  const phase = async (name: string): Promise<Phase> => {
    await pause(SETTLE_MS);
    const [before, from] = [performance.now(), await spent(client, tools)];
    await pause(seconds * 1_000);
    const to = await spent(client, tools);
    const percent = (key: keyof typeof to): number => ((to[key] - from[key]) * 100_000) / (performance.now() - before);
    return { name, client: percent('client'), renderer: percent('renderer'), drawing: percent('drawing') };
  };
  await page.getByRole('button', { name: 'crowd.img', exact: true }).click();
  await page.getByRole('row').nth(peers).waitFor({ timeout: DEADLINE_MS });
  const frames = await framesOf(page, seconds);
  const phases: Phase[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    phases.push(await phase('looked at'));
    await hide(page);
    phases.push(await phase('hidden'));
    await page.goto('about:blank');
    phases.push(await phase('no page'));
    await page.goto(at);
    phases.push(await phase('the list alone'));
    await page.getByRole('button', { name: 'crowd.img', exact: true }).click();
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
    };
  });
}

async function open(cleanup: Cleanup): Promise<Browser> {
  const executablePath = execFileSync('/bin/sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  // Its own sandbox needs another user than root; the page comes from this bench.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  cleanup.add(() => browser.close());
  return browser;
}

/** Seconds of processor that each has used. */
async function spent(
  { pid }: ClientProcess,
  tools: CDPSession,
): Promise<{ readonly client: number; readonly renderer: number; readonly drawing: number }> {
  const { processInfo } = await tools.send('SystemInfo.getProcessInfo');
  const of = (type: string): number =>
    processInfo.filter((each) => each.type === type).reduce((sum, { id }) => sum + cpuSeconds(id), 0);
  return { client: cpuSeconds(pid), renderer: of('renderer'), drawing: of('GPU') };
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
    [`${pieces} pieces, ${peers} peers`, 'client, % of a core', 'above no page', 'renderer', 'drawing'],
    ...phases.map(({ name, client, renderer, drawing }) => [
      name,
      ...[client, client - closed, renderer, drawing].map((value) => value.toFixed(2)),
    ]),
  ]);
  const { aSecond, longestMs, late } = frames;
  process.stdout.write(
    `${aSecond.toFixed(1)} frames a second, the longest pause ${longestMs.toFixed(0)} ms, ${late} late\nwanted: ${WANTED}\n`,
  );
}
