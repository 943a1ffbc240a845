// `relocate` at a client in the background: what was moved by `mv` is shared from where it lies now, also after a
// restart; what is not right there changes nothing.

import assert from 'node:assert/strict';
import { mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser } from '../support/command-run.js';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import { PIECE, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

interface Stage {
  readonly swarm: Swarm;
  /** One command on the client in the background, which must succeed; answers what it printed. */
  readonly ask: (...words: readonly string[]) => Promise<string>;
  readonly refused: (code: number, says: RegExp, ...words: readonly string[]) => Promise<void>;
  /** Another user gets it alone; answers where it lies. */
  readonly fetch: (mtorrent: string) => Promise<string>;
}

async function stage(t: TestContext): Promise<Stage> {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const other = await makeUser(swarm.directory, 'other');
  const ask = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await onDaemon(swarm, ...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  };
  const refused = async (code: number, says: RegExp, ...words: readonly string[]): Promise<void> => {
    const outcome = await onDaemon(swarm, ...words);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, says);
  };
  let fetched = 0;
  const fetch = async (mtorrent: string): Promise<string> => {
    fetched += 1;
    const target = swarm.path(`fetched-${fetched}`);
    const words = ['get', mtorrent, target, '--alone', '--timeout', '60s', '-q'];
    const { code, stderr } = await new CommandRun(t, other, words).outcome();
    assert.equal(code, 0, stderr);
    return target;
  };
  return { swarm, ask, refused, fetch };
}

test('a file and a folder that were moved are shared from their new places, and from nowhere that is not right', async (t) => {
  const { swarm, ask, refused, fetch } = await stage(t);
  const daemon = await startDaemon(swarm);
  const digest = await sha256OfFile(await swarm.makeFile('disk.img', 3 * PIECE + 7));
  const tree = swarm.path('tree');
  await mkdir(swarm.path('tree/docs'), { recursive: true });
  for (let at = 0; at < 20; at += 1) await writeFile(swarm.path(`tree/docs/${at}.txt`), `page ${at}\n`);
  await ask('share', 'disk.img', '-q');
  await ask('share', 'tree', '-q');
  await mkdir(swarm.path('new'));

  await writeFile(swarm.path('new/wrong.img'), new Uint8Array(3 * PIECE + 7));
  await refused(12, /differs from disk\.img: 0 of its 4 pieces are right/, 'relocate', 'disk.img', 'new/wrong.img');
  await refused(3, /new is a directory and disk\.img is a file/, 'relocate', 'disk.img', 'new');
  await refused(3, /nothing\.img/, 'relocate', 'disk.img', 'new/nothing.img');
  await refused(12, /20 of its 20 files are missing or differ/, 'relocate', 'tree', 'new');
  assert.equal(await sha256OfFile(await fetch('disk.img.mtorrent')), digest, 'a refusal changes nothing');
  assert.equal(await readFile(`${await fetch('tree.mtorrent')}/docs/7.txt`, 'utf8'), 'page 7\n');

  await rename(swarm.path('disk.img'), swarm.path('new/disk.img'));
  await rename(tree, swarm.path('new/tree'));
  // Another time: its bytes decide.
  await utimes(swarm.path('new/tree/docs/7.txt'), 1_000_000_000, 1_000_000_000);
  assert.match(await ask('relocate', 'disk.img', 'new/disk.img'), /^shared from .*\/new\/disk\.img now$/);
  assert.match(await ask('relocate', 'tree', 'new/tree'), /^shared from .*\/new\/tree now$/);
  assert.equal(await sha256OfFile(await fetch('disk.img.mtorrent')), digest);
  assert.equal(await readFile(`${await fetch('tree.mtorrent')}/docs/7.txt`, 'utf8'), 'page 7\n');

  await writeFile(swarm.path('new/third.bin'), 'third');
  await ask('share', 'new/third.bin', '-o', 'third.mtorrent', '-q');
  await rename(swarm.path('new'), swarm.path('newer'));
  await writeFile(swarm.path('newer/tree/docs/3.txt'), 'PAGE 3\n');
  const [from, to] = [swarm.path('new'), swarm.path('newer')];
  const told = await ask('relocate', '--from', from, '--to', to);
  assert.match(told, /^relocated 2 shares from .*\nnot relocated: .*1 of its 20 files are missing or differ \(docs\/3/);
  await writeFile(swarm.path('newer/tree/docs/3.txt'), 'page 3\n');
  assert.match(await ask('relocate', '--from', from, '--to', to), /^relocated 1 share from /);
  await refused(3, /nothing that is shared here lies at /, 'relocate', '--from', from, '--to', to);

  daemon.kill('SIGTERM');
  assert.equal(await daemon.exited, 0);
  await startDaemon(swarm);
  const rows = await ask('show', 'shares');
  for (const name of ['disk.img', 'tree', 'third.bin']) assert.ok(rows.includes(`/newer/${name}  `), rows);
  assert.equal(await sha256OfFile(await fetch('disk.img.mtorrent')), digest, 'after a restart');
  assert.equal(await readFile(`${await fetch('tree.mtorrent')}/docs/3.txt`, 'utf8'), 'page 3\n');
});
