// The package as a program uses it: the README's example runs as it stands, failures have their codes, and what was
// opened is closed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../../../src/app/demo/processes.js';
import { randomFile, sha256OfFile } from '../../../src/app/demo/swarm.js';
import { planGet } from '../../../src/app/library/get-plan.js';
import {
  createSwarmClient,
  get,
  MiniTorrentError,
  share,
  startTracker,
} from '../../../src/app/library/mini-torrent.js';
import { startGet } from '../../../src/app/library/one-shot.js';
import { eventually, PIECE } from '../../support/e2e-stage.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { example } from './example.js';

const ROOT = new URL('../../../..', import.meta.url).pathname;

/** One-shot state goes into a directory of the test's own. */
function stage(t: TestContext): string {
  const directory = temporaryDirectory(t);
  const before = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = join(directory, 'state-home');
  t.after(() => {
    if (before === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = before;
  });
  return directory;
}

test('the example fetches what it shares, and its progress ends with every piece', async (t) => {
  const directory = stage(t);
  const source = await randomFile(join(directory, 'model.bin'), 20 * PIECE + 5);
  const lines: string[] = [];
  await example(directory, [await freePort(), await freePort()], (line) => lines.push(line));
  assert.equal(await sha256OfFile(join(directory, 'copy.bin')), await sha256OfFile(source));
  assert.match(lines.at(-2) ?? '', /^21 of 21 pieces/);
  assert.equal(lines.at(-1), `complete: ${join(directory, 'copy.bin')}`);
});

test('the README shows the example that runs', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const block = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(block !== undefined, 'the README has a block of TypeScript');
  const text = readFileSync(join(ROOT, 'test/app/library/example.ts'), 'utf8');
  const body = /\/\/ README begins\n([\s\S]*?) {2}\/\/ README ends/.exec(text)?.[1] ?? '';
  assert.ok(block.includes("from 'mini-torrent'"), 'it imports the package by its name');
  assert.ok(
    block.includes(body.replaceAll(/^ {2}/gm, '').trim()),
    'the block is the code of test/app/library/example.ts',
  );
});

test('share and get have a client of their own; a get that is closed early goes on when it is asked for again', async (t) => {
  const directory = stage(t);
  const ports = [await freePort(), await freePort()] as const;
  const [one, two] = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`] as const;
  const tracker = await startTracker({ address: one, partner: two, seederList: join(directory, 'one.db') });
  t.after(() => tracker.stop());
  assert.equal(tracker.address, one);
  const path = await randomFile(join(directory, 'file.bin'), 40 * PIECE);
  const shared = await share(path, { trackers: [one, two], address: '127.0.0.1:0' });
  t.after(() => shared.close());
  assert.equal(shared.mtorrentPath, `${path}.mtorrent`);
  const target = join(directory, 'copy.bin');
  const slow = { address: '127.0.0.1:0', downloadLimit: 4 * PIECE };
  const first = await get(shared.mtorrentPath, target, slow);
  for await (const { have } of first) if (have > 0) break;
  await first.close();
  const again = await get(shared.mtorrentPath, target, { address: '127.0.0.1:0' });
  let begunWith: number | undefined;
  for await (const { have, state } of again) if (state === 'downloading') begunWith ??= have;
  assert.ok(begunWith === undefined || begunWith > 0, 'it began with what was there');
  assert.equal(await again.finished(), target);
  await again.close();
  await again.close();
  assert.deepEqual(await readFile(target), await readFile(path));
});

test('a client’s events say how its download went, and their loop ends when the client is closed', async (t) => {
  const directory = stage(t);
  const ports = [await freePort(), await freePort()] as const;
  const [one, two] = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`] as const;
  const tracker = await startTracker({ address: one, partner: two, seederList: join(directory, 'one.db') });
  t.after(() => tracker.stop());
  const path = await randomFile(join(directory, 'file.bin'), 3 * PIECE);
  const shared = await share(path, { trackers: [one, two], address: '127.0.0.1:0' });
  t.after(() => shared.close());
  const options = { trackers: [one, two] as const, address: '127.0.0.1:0', stateDir: join(directory, 'state') };
  const client = await createSwarmClient(options);
  const events = client.events();
  const target = join(directory, 'copy.bin');
  await (await client.get(shared.mtorrentPath, target)).finished();
  await client.close();
  const completed: string[] = [];
  for await (const event of events) if (event.event === 'completed') completed.push(event.path);
  assert.deepEqual(completed, [target]);
});

/** What keeps this process alive, how many of each kind. */
function resources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

test('L7: after everything was closed no thread, socket, timer or lock is left of a share and a get', async (t) => {
  const before = resources();
  const directory = stage(t);
  const ports = [await freePort(), await freePort()] as const;
  const [one, two] = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`] as const;
  const tracker = await startTracker({ address: one, partner: two, seederList: join(directory, 'one.db') });
  const path = await randomFile(join(directory, 'file.bin'), 3 * PIECE);
  const shared = await share(path, { trackers: [one, two], address: '127.0.0.1:0' });
  const got = await get(shared.mtorrentPath, join(directory, 'copy.bin'), { address: '127.0.0.1:0' });
  await got.finished();
  const more = (): readonly string[] =>
    [...resources()].flatMap(([kind, count]) => (count > (before.get(kind) ?? 0) ? [kind] : []));
  assert.ok(more().length > 0, 'there was something to close');
  await got.close();
  await shared.close();
  await tracker.stop();
  await eventually(more, (kinds) => kinds.length === 0, 'nothing is left');
});

test('what cannot work is a MiniTorrentError with its code, and leaves nothing running', async (t) => {
  const directory = stage(t);
  const trackers = ['127.0.0.1:1', '127.0.0.1:2'] as const;
  const stateDir = join(directory, 'state');
  const refused = async (work: Promise<unknown>, code: string): Promise<void> => {
    await assert.rejects(work, MiniTorrentError);
    await assert.rejects(work, failsWith(code));
  };
  await refused(createSwarmClient({ trackers: ['http://localhost:1', '127.0.0.1:2'], stateDir }), 'INVALID_ARGUMENTS');
  await refused(createSwarmClient({ trackers, stateDir, address: '192.0.2.254:0' }), 'ADDRESS_UNUSABLE');
  await refused(share(join(directory, 'none'), { trackers, address: '127.0.0.1:0' }), 'FILE_NOT_FOUND');
  await refused(get(join(directory, 'none.mtorrent'), directory), 'MTORRENT_FILE_NOT_FOUND');
  const own = { address: '127.0.0.1:9', partner: '127.0.0.1:9', seederList: join(directory, 'list') };
  await refused(startTracker(own), 'INVALID_ARGUMENTS');
  const client = await createSwarmClient({ trackers, stateDir, address: '127.0.0.1:0' });
  await refused(createSwarmClient({ trackers, stateDir, address: '127.0.0.1:0' }), 'ALREADY_RUNNING');
  await client.close();
  await refused(client.files(), 'CANCELLED');
});

test('L3: while a client hashes a huge file it answers what else it is asked', async (t) => {
  const directory = stage(t);
  const trackers = ['127.0.0.1:1', '127.0.0.1:2'] as const;
  const client = await createSwarmClient({ trackers, stateDir: join(directory, 'state'), address: '127.0.0.1:0' });
  const path = join(directory, 'big.bin');
  await writeFile(path, '');
  // Of holes: it takes minutes to hash, and no room.
  await truncate(path, 2 ** 40);
  let isHashed = false;
  const sharing = client.share(path, join(directory, 'big.mtorrent')).finally(() => {
    isHashed = true;
  });
  // Whether it is closed before its end is not the matter here.
  sharing.catch(() => undefined);
  for (let asked = 0; asked < 20; asked += 1) assert.deepEqual(await client.files(), []);
  assert.ok(!isHashed, 'all answers came while it was hashed');
  await client.close();
  await assert.rejects(sharing, failsWith('CANCELLED'));
});

test('a get reads its .mtorrent once: the client begins with what was read for the plan', async (t) => {
  const directory = stage(t);
  const path = await randomFile(join(directory, 'file.bin'), 2 * PIECE);
  const trackers = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`) as [string, string];
  const shared = await share(path, { trackers, address: '127.0.0.1:0' });
  await shared.close();
  const plan = await planGet(shared.mtorrentPath, join(directory, 'copy.bin'));
  await rm(shared.mtorrentPath);
  const fetching = await startGet(plan, {
    upload: { host: '127.0.0.1', port: 0 },
    rates: { up: 0, down: 0 },
    log: { level: 'info' },
    stateRoot: join(directory, 'state'),
  });
  t.after(() => fetching.close());
  assert.equal((await fetching.begin()).path, join(directory, 'copy.bin'));
});
