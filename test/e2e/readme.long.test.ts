// What the README shows of terminals is what its lines show: each block is played as it stands, what is typed in it is
// typed, and every row of it must come, figures aside. Files are smaller than the README's, and the rates that it
// speaks of are set.

import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { randomFile, sha256OfFile } from '../../src/app/demo/swarm.js';
import { invitationOn, patternOf, playConsole } from '../support/captures.js';
import { DocumentationWorld, type Typed } from '../support/documentation-world.js';
import { eventually, PIECE } from '../support/e2e-stage.js';
import { Stage } from '../support/example-stages.js';
import { pageBlocks } from '../support/examples.js';
import type { TerminalProcess } from '../support/terminal.js';

const SIZE = 40 * PIECE + 5;
/** Files of the folder, which share those bytes. */
const LLAMA = ['1.bin', '2.bin', '3.bin', 'config.json'];

/** The one block of the README in which a row says so. */
function blockWith(text: string): readonly string[] {
  const blocks = pageBlocks().filter(({ lines }) => lines.some((line) => line.includes(text)));
  assert.equal(blocks.length, 1, `blocks of the pages with "${text}"`);
  return blocks[0]?.lines ?? [];
}

/** What is typed first in a block, and what it shows. */
function commandOf(lines: readonly string[]): readonly [command: string, shown: readonly string[]] {
  const [first = '', ...shown] = lines;
  assert.ok(first.startsWith('$ '), first);
  return [first.slice(2), shown];
}

function takeConsole(stage: Stage, lines: readonly string[]): void {
  for (const line of lines.filter((each) => /^mtorrent> (?!show downloads$)./.test(each))) stage.take(line);
}

async function shareOn(client: TerminalProcess, name: string): Promise<void> {
  await client.prompts();
  client.type(`share ${name}.bin ${name}.mtorrent\r`);
  await client.until(new RegExp(`^sharing; give ${name}\\.mtorrent`, 'm'));
}

/** A block whose line ends by itself. */
async function playWhole(stage: Stage, text: string, typed: Typed): Promise<void> {
  const [command, shown] = commandOf(blockWith(text));
  const lines = await stage.ends(command, typed);
  for (const row of shown) assert.match(lines.join('\n'), patternOf(row));
}

/** A block whose line goes on: its terminal, and the rows that are not played yet. */
async function playStart(stage: Stage, text: string, typed: Typed): Promise<[TerminalProcess, readonly string[]]> {
  const [command, shown] = commandOf(blockWith(text));
  takeConsole(stage, shown);
  return [await stage.starts(command, typed), shown];
}

test('a row of a capture is like one with other figures, and like nothing else', () => {
  const row = 'note  big.bin: 19.9 MiB/s: the download limit of 20.0 MiB/s is the bottleneck';
  assert.match('note  big.bin: 983 KiB/s: the download limit of 4.0 MiB/s is the bottleneck', patternOf(row));
  assert.doesNotMatch('note  big.bin: 983 KiB/s: the upload limit of 4.0 MiB/s is the bottleneck', patternOf(row));
  assert.match('TRACKER LISTENING 192.0.2.1:7001', patternOf('TRACKER LISTENING 192.0.2.1:7001'));
  assert.doesNotMatch('TRACKER LISTENING 192.0.2.1:7002', patternOf('TRACKER LISTENING 192.0.2.1:7001'));
  assert.doesNotMatch('TRACKER LISTENING 192.0.2.2:7001', patternOf('TRACKER LISTENING 192.0.2.1:7001'));
  assert.match('serves at 192.0.2.2:40000', patternOf('serves at 192.0.2.2:38597'));
  assert.doesNotMatch('at 192.0.2.2:6881', patternOf('serves at 192.0.2.2:38597'));
});

describe('played', { concurrency: true }, () => {
  test('two terminals, no set-up: share and get', twoTerminals);
  test('a real exchange: two machines, a third by a script, and what a tracker has', exchange);
  test('a tracker that comes back has asked its partner what it missed', comesBack);
});

async function twoTerminals(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.2']);
  if (world === undefined) return;
  const stage = new Stage(world, 'readme: two terminals');
  const sharing = blockWith('share llama');
  const getting = blockWith('get ../llama.mtorrent');
  for (const block of [sharing, getting]) takeConsole(stage, block);
  await mkdir(world.path('/tmp/try/llama'), { recursive: true });
  for (const name of LLAMA) await randomFile(world.path(`/tmp/try/llama/${name}`), Math.floor(SIZE / LLAMA.length));
  const first = world.type('mtorrent', { directory: '/tmp/try' });
  await playConsole(first, sharing);
  await first.prompts();
  // The line for the second one stands in the first one's block.
  const line = await invitationOn(first);
  const state2 = { XDG_STATE_HOME: '/tmp/try/state2', XDG_CONFIG_HOME: '/tmp/try/config2' };
  const place = { directory: '/tmp/try/b', env: { ...state2, MTORRENT_DOWNLOAD_LIMIT: '1M' } };
  await world.whole(line, place);
  const second = world.type('mtorrent', place);
  await playConsole(second, getting);
  await second.until(/^from 192\.0\.2\.2:6881 +\S+@\S+ \(\w+\) +received /m);
  await second.prompts();
  second.type('limit down off\r');
  await second.until(/^complete: /m);
  for (const name of LLAMA)
    assert.equal(
      await sha256OfFile(world.path(`/tmp/try/b/llama/${name}`)),
      await sha256OfFile(world.path(`/tmp/try/llama/${name}`)),
    );
  stage.done();
}

async function exchange(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.11', '192.0.2.12', '192.0.2.13']);
  if (world === undefined) return;
  const stage = new Stage(world, 'readme: exchange');
  const [one, two, three] = ['one', 'two', 'three'].map((name) => ({ directory: `/home/ada/${name}` }));
  await mkdir(world.path('/home/ada/one'));
  await randomFile(world.path('/home/ada/one/model.bin'), SIZE);
  for (const [text, place] of [
    ['$ mtorrent tracker 192.0.2.11', one],
    ['$ mtorrent tracker 192.0.2.12', two],
  ] as const) {
    const [tracker, shown] = await playStart(stage, text, place ?? {});
    await playConsole(tracker, shown);
  }
  const slow = { MTORRENT_UPLOAD_LIMIT: '1M' };
  const [sharer, shared] = await playStart(stage, '$ mtorrent client 192.0.2.11', { ...one, env: slow });
  await playConsole(sharer, shared);
  await mkdir(world.path('/home/ada/two'), { recursive: true });
  await copyFile(world.path('/home/ada/one/model.mtorrent'), world.path('/home/ada/two/model.mtorrent'));
  const [getter, got] = await playStart(stage, '$ mtorrent client 192.0.2.12', two ?? {});
  const at = got.findIndex((row) => row.endsWith('show downloads'));
  await playConsole(getter, got.slice(0, at));
  await getter.until(/↓ *[1-9].*1 peer/);
  const end = got.findIndex((row) => row.startsWith('complete:'));
  await playConsole(getter, got.slice(at, end));
  // It has been looked at under way.
  await sharer.prompts();
  sharer.type('limit up off\r');
  await playConsole(getter, got.slice(end));
  // It serves it from now on.
  await sharer.prompts();
  sharer.type('quit\r');
  assert.equal(await sharer.exited, 0);
  await playWhole(stage, 'tracker-list seeders.db', one ?? {});
  await mkdir(world.path('/home/ada/three'));
  await copyFile(world.path('/home/ada/one/model.mtorrent'), world.path('/home/ada/three/model.mtorrent'));
  await playWhole(stage, '$ printf', three ?? {});
  for (const path of ['/home/ada/two/model.bin', '/data/model.bin'])
    assert.equal(await sha256OfFile(world.path(path)), await sha256OfFile(world.path('/home/ada/one/model.bin')));
  stage.done();
}

async function comesBack(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.1']);
  if (world === undefined) return;
  const stage = new Stage(world, 'readme: a tracker comes back');
  for (const name of ['before', 'since-1', 'since-2', 'since-3'])
    await randomFile(world.path(`/home/ada/${name}.bin`), 1_000);
  const own = 'mtorrent tracker 127.0.0.1:7101 127.0.0.1:7102 one.db one.log';
  const tracker = world.type(own);
  const partner = world.type('mtorrent tracker 127.0.0.1:7102 127.0.0.1:7101 two.db two.log');
  for (const each of [tracker, partner]) await each.until(/^TRACKER LISTENING/m);
  const [command, shown] = commandOf(blockWith('tracker-status 127.0.0.1:7101'));
  const status = async (): Promise<string> => (await stage.ends(command)).join('\n');
  // A tracker has a position in its partner's order from the first change on that it took over from there.
  const client = world.type('mtorrent client 127.0.0.1:0 127.0.0.1:7102 127.0.0.1:7101 client.log');
  await shareOn(client, 'before');
  await eventually(status, (text) => /files 1 /.test(text), "tracker 1 has a change of tracker 2's");
  tracker.kill('SIGKILL');
  await tracker.exited;
  for (const name of ['since-1', 'since-2', 'since-3']) await shareOn(client, name);
  await world.type(own).until(/^TRACKER LISTENING/m);
  // Whether their lists are equal they tell each other from time to time.
  await eventually(status, (text) => shown.every((row) => patternOf(row).test(text)), 'the rows of the README');
  stage.done();
}
