// A file over 4 GiB: every offset beyond 32 bits is used. Mostly a hole, with random pieces where a wrong offset would
// put them elsewhere; so it costs its size in memory or disk at the receiver only.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { open, readFile, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { ProgramProcess } from '../../src/app/demo/processes.js';
import { within } from '../../src/foundation/base/deferred.js';
import { completes, fastRoot, PIECE, stageSwarm } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';

const GIB = 1024 ** 3;
const SIZE = 4 * GIB + PIECE + 4_321;
/** Of the first and last pieces, around 2 and 4 GiB, and across a border. */
const MARKS = [17, 2 * GIB - 9, 3 * GIB + 12_345, 4 * GIB - PIECE / 2, 4 * GIB + PIECE + 300];
const MARK_BYTES = 4_000;
/** Ends what hangs: all of its bytes are read, hashed or written, on whatever machine. */
const HASHED_MS = 400_000;

/** Where SIZE fits: on a disk, or in memory when that leaves twice as much free. */
async function rootWithRoom(): Promise<string | undefined> {
  const memory = /MemAvailable:\s+(\d+) kB/.exec(await readFile('/proc/meminfo', 'utf8').catch(() => ''))?.[1];
  for (const root of [fastRoot(), tmpdir()]) {
    const { bavail, bsize } = await statfs(root);
    const isMemory = root === '/dev/shm';
    if (bavail * bsize > SIZE * 1.25 && (!isMemory || Number(memory) * 1024 > 2 * SIZE)) return root;
  }
  return undefined;
}

test('P27: a file over 4 GiB arrives with every byte in its place', async (t) => {
  const root = await rootWithRoom();
  if (root === undefined) {
    lacksPlace(t, 'neither memory nor the temporary directory has 6 GiB of room for a file over 4 GiB');
    return;
  }
  const swarm = await stageSwarm(t, root);
  await swarm.startTracker(0);
  const source = swarm.path('large.img');
  const handle = await open(source, 'wx');
  await handle.truncate(SIZE);
  const marks = MARKS.map((at) => ({ at, bytes: randomFillSync(new Uint8Array(MARK_BYTES)) }));
  for (const { at, bytes } of marks) await handle.write(bytes, 0, bytes.length, at);
  await handle.close();

  const mtorrent = swarm.path('large.mtorrent');
  await swarm.startClient('seeder').succeed(`share ${source} ${mtorrent}`, HASHED_MS);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path('got.img')}`);
  await completes(leecher, target, HASHED_MS);
  assert.equal((await stat(target)).size, SIZE);
  const got = await open(target, 'r');
  for (const { at, bytes } of marks) {
    const { buffer } = await got.read(new Uint8Array(MARK_BYTES), 0, MARK_BYTES, at);
    assert.deepEqual(buffer, bytes, `the bytes at ${at}`);
  }
  await got.close();
  const verify = swarm.adopt(new ProgramProcess('verify', ['verify', mtorrent, target], swarm.directory));
  const code = await within(verify.exited, HASHED_MS, () => assert.fail('it is not verified'));
  assert.equal(code, 0, verify.stderr);
});
