// Two hundred files in one client: what they cost while they move and while they only lie there, by the system's
// account.

import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { eventually, filesOf, PIECE, share, stageSwarm } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

const FILES = 100;
const MIB = 1024 * 1024;
/** In which the system counts 100 ticks: less than 1 % of a core is none of them. */
const WINDOW_MS = 1_000;
/** Clock ticks a second in /proc. */
const TICKS = 100;

const openFiles = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** Seconds of processor that all threads of a process have taken. */
async function processorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Share of a core that a process takes for a while. */
async function loadOf(pid: number): Promise<number> {
  const [fromMs, from] = [performance.now(), await processorSeconds(pid)];
  const ms = await eventually(
    () => performance.now() - fromMs,
    (passed) => passed >= WINDOW_MS,
    'a while is over',
  );
  return ((await processorSeconds(pid)) - from) / (ms / 1_000);
}

test('L1, L5: a hundred downloads and a hundred shares in one client cost few descriptors and little memory, and at rest next to nothing', async (t) => {
  if (process.platform !== 'linux') {
    lacksPlace(t, 'descriptors and processor time are read from /proc');
    return;
  }
  const swarm = await stageSwarm(t);
  await swarm.startTracker(0);
  const [seeder, client] = [swarm.startClient('seeder'), swarm.startClient('client')];
  const bytes = new Uint8Array(PIECE + 10_000);
  const numbers = Array.from({ length: FILES }, (_, at) => at);
  for (const at of numbers) {
    new DataView(bytes.buffer).setUint32(0, at);
    await writeFile(swarm.path(`theirs-${at}`), bytes);
    await writeFile(swarm.path(`ours-${at}`), `ours ${at}`);
  }
  await Promise.all([
    ...numbers.map((at) => share(seeder, swarm.path(`theirs-${at}`), `theirs-${at}.mtorrent`)),
    ...numbers.map((at) => share(client, swarm.path(`ours-${at}`), `ours-${at}.mtorrent`)),
  ]);
  const gets = numbers.map((at) => client.succeed(`get theirs-${at}.mtorrent ${swarm.path(`got-${at}`)}`));
  const waited = client.command('wait', 60_000);
  let most = 0;
  let isOver = false;
  void waited.then(() => {
    isOver = true;
  });
  await eventually(
    async () => {
      most = Math.max(most, await openFiles(client.pid));
      return isOver;
    },
    (is) => is,
    'all have come',
  );
  await Promise.all(gets);
  assert.deepEqual(new Set((await filesOf(client)).map(({ state }) => state)), new Set(['seeding']));
  assert.equal(await sha256OfFile(swarm.path('got-99')), await sha256OfFile(swarm.path('theirs-99')));
  assert.ok(most < 500, `${most} descriptors`);
  const { rssPeakBytes } = await client.json<{ rssPeakBytes: number }>('show stats');
  assert.ok(rssPeakBytes < 400 * MIB, `${rssPeakBytes} bytes`);

  // Memory is tidied up and idle threads end in the first seconds of rest, so not each of them must be quiet.
  await eventually(
    () => loadOf(seeder.pid),
    (load) => load < 0.01,
    'a hundred shares at rest take less than 1 % of a core',
  );
});
