// Every example of `--help` and of the console's `help` is typed as it stands and shows what stands beside it.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { randomFile, sha256OfFile } from '../../src/app/demo/swarm.js';
import { invitationOn } from '../support/captures.js';
import { DocumentationWorld } from '../support/documentation-world.js';
import { eventually, PIECE } from '../support/e2e-stage.js';
import { SESSION, SHARED, Stage } from '../support/example-stages.js';
import { hasTool } from '../support/needs.js';
import type { TerminalProcess } from '../support/terminal.js';

const SIZE = 2 * PIECE + 5;
/** More than half a minute at the rate that is set, so that it can be looked at under way. */
const LONG_SIZE = 8 * PIECE;
const SLOW = { MTORRENT_DOWNLOAD_LIMIT: '100K' };

describe('typed', { concurrency: true }, () => {
  test('with a tracker pair of its own: two consoles, share, get', ownPair);
  test('with a client in the background: get again, show, limit, attach, stop', inTheBackground);
  test('with a pair on two machines: trackers, create, doctor, share, daemon, and two consoles', pairOfTwo);
  test('bash: help, and its completion', inBash);
  test('zsh: its completion', inZsh);
  test('fish: its completion', inFish);
});

async function ownPair(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.1']);
  if (world === undefined) return;
  const stage = new Stage(world, 'home');
  const bob = { home: '/home/bob', directory: '/home/bob' };
  await mkdir(world.path('/home/bob'));
  await randomFile(world.path('/home/ada/disk.img'), SIZE);
  const console = await stage.starts('mtorrent');
  // Another user of this machine, let in by the line that the console prints.
  await world.whole(await invitation(console), bob);
  const joined = await stage.starts('mtorrent -t 192.0.2.1:7001 -t 192.0.2.1:7002', bob);
  const sharing = await stage.starts('mtorrent share disk.img');
  await copyFile(world.path('/home/ada/disk.img.mtorrent'), world.path('/home/bob/disk.img.mtorrent'));
  await stage.ends('mtorrent get disk.img.mtorrent', bob);
  await equal(world, '/home/bob/disk.img');
  const seeding = 'mtorrent get disk.img.mtorrent /data/ --seed-time 30m --json';
  await stage.stops(seeding, await stage.starts(seeding, bob));
  await equal(world, '/data/disk.img');
  await rm(world.path('/data/disk.img'));
  await stage.stops('mtorrent share disk.img', sharing);
  await mkdir(world.path('/home/ada/model'));
  await copyFile(world.path('/home/ada/disk.img'), world.path('/home/ada/model/weights.bin'));
  await copyFile(world.path('/home/ada/disk.img.mtorrent'), world.path('/home/ada/model/config.json'));
  await appendTo(world, '/home/ada/disk.img', '/home/ada/v2.img');
  await copyFile(world.path('/home/ada/disk.img'), world.path('/home/bob/v1.img'));
  for (const [name, line] of [
    ['model', "mtorrent get model.mtorrent /data/ --only '*.json'"],
    ['v2.img', 'mtorrent get v2.img.mtorrent /data/ --reuse v1.img'],
  ] as const) {
    const sharer = world.type(`mtorrent share ${name} -o ../bob/${name}.mtorrent`, { directory: '/home/ada' });
    await sharer.until(/^\.\.\/bob\/.*\.mtorrent$/m);
    await stage.ends(line, bob);
    sharer.type('\x03');
    assert.equal(await sharer.exited, 130);
  }
  assert.deepEqual(await readdir(world.path('/data/model')), ['config.json']);
  for (const terminal of [joined, console]) {
    await terminal.prompts();
    terminal.type('quit\r');
    assert.equal(await terminal.exited, 0);
  }
  stage.done();
}

async function invitation(console: TerminalProcess): Promise<string> {
  await console.prompts();
  console.type('invite\r');
  return invitationOn(console);
}

async function pairOfTwo(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.1', '192.0.2.2', '192.0.2.7']);
  if (world === undefined) return;
  const stage = new Stage(world, 'pair');
  await randomFile(world.path('/home/ada/disk.img'), SIZE);
  await mkdir(world.path('/home/ada/images'));
  const first = 'mtorrent tracker 192.0.2.1:7001 192.0.2.2:7001 seeders.db tracker.log';
  const other = world.type('mtorrent tracker 192.0.2.2:7001 192.0.2.1:7001 seeders.db tracker.log', {
    directory: '/home/ada/other',
  });
  const tracker = await stage.starts(first);
  await other.until(/^TRACKER LISTENING/m);
  await stage.ends('mtorrent create disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001');
  await stage.ends('mtorrent report disk.img.mtorrent');
  await mkdir(world.path('/home/ada/models'));
  await copyFile(world.path('/home/ada/disk.img'), world.path('/home/ada/models/a.bin'));
  await stage.ends("mtorrent create models -t 192.0.2.1:7001 -t 192.0.2.2:7001 --exclude '*.tmp'");
  await randomFile(world.path('/home/ada/llama.img'), SIZE);
  const llama = world.type('mtorrent share llama.img -t 192.0.2.1:7001 -t 192.0.2.2:7001', { directory: '/home/ada' });
  await llama.until(/^llama\.img\.mtorrent$/m);
  await stage.ends('mtorrent list llama -t 192.0.2.1:7001 -t 192.0.2.2:7001');
  llama.type('\x03');
  assert.equal(await llama.exited, 130);
  await stage.ends('mtorrent doctor -t 192.0.2.1:7001 -t 192.0.2.2:7001 --address 192.0.2.7:6881');
  const share = 'mtorrent share disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001 -o images/disk.mtorrent';
  await stage.stops(share, await stage.starts(share));
  const daemon = 'mtorrent daemon 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001';
  await stage.stops(daemon, await stage.starts(daemon));
  await consoles(stage);
  await stage.stops(first, tracker);
  stage.done();
}

async function inTheBackground(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.1']);
  if (world === undefined) return;
  const stage = new Stage(world, 'background');
  const bob = { home: '/home/bob', directory: '/home/bob', env: SLOW };
  await mkdir(world.path('/home/bob'));
  await randomFile(world.path('/home/ada/disk.img'), LONG_SIZE);
  await stage.ends('mtorrent daemon --detach');
  await world.whole('mtorrent share disk.img -o ../bob/disk.img.mtorrent');
  const getting = 'mtorrent get disk.img.mtorrent /data/ --timeout 1h';
  const slow = world.type(getting, bob);
  await slow.until(/[1-9][\d.]* %/);
  await stage.ends('mtorrent show peers disk.img');
  await stage.ends('mtorrent map disk.img');
  await stage.ends('mtorrent retention');
  await stage.ends('mtorrent retention --keep-days 30 --disk-budget 500G');
  slow.type('\x03');
  assert.equal(await slow.exited, 7, slow.raw);
  const [shown] = await Promise.all([
    stage.ends(getting, { ...bob, env: {} }),
    stage.ends('mtorrent show'),
    stage.ends('mtorrent limit up 10M'),
  ]);
  assert.equal(shown.at(-1), '/data/disk.img');
  await equal(world, '/data/disk.img');
  const attached = await stage.starts('mtorrent attach');
  await attached.prompts();
  attached.type('quit\r');
  assert.equal(await attached.exited, 0);
  await stage.ends('mtorrent retrack 192.0.2.1:7001 192.0.2.7:7001 --dry-run');
  await stage.ends('mtorrent retrack 192.0.2.1:7001 192.0.2.7:7001');
  await stage.ends('mtorrent stop');
  stage.done();
}

async function appendTo(world: DocumentationWorld, from: string, to: string): Promise<void> {
  await writeFile(world.path(to), Buffer.concat([await readFile(world.path(from)), Buffer.from('a new version')]));
}

async function equal(world: DocumentationWorld, path: string): Promise<void> {
  assert.equal(await sha256OfFile(world.path(path)), await sha256OfFile(world.path('/home/ada/disk.img')));
}

async function consoles(stage: Stage): Promise<void> {
  const { world } = stage;
  await mkdir(world.path('/home/ada/a'));
  await mkdir(world.path('/home/ada/b'));
  await mkdir(world.path('/home/ada/images'), { recursive: true });
  await randomFile(world.path('/home/ada/a/two words.bin'), 1_000);
  await mkdir(world.path('/home/ada/model/docs'), { recursive: true });
  for (const name of ['config.json', 'docs/index.json', 'weights.bin'])
    await writeFile(world.path(`/home/ada/model/${name}`), name);
  const line = 'mtorrent client 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001 client.log';
  const sharer = await stage.starts(line, { directory: '/home/ada/a' });
  for (const [typed, shows] of SHARED) {
    await sharer.prompts();
    sharer.type(`${typed}\r`);
    await sharer.until(shows, typed);
  }
  await copyFile(world.path('/home/ada/a/model.mtorrent'), world.path('/home/ada/b/model.mtorrent'));
  for (const place of ['/home/ada/b/disk.mtorrent', '/tmp/disk.mtorrent'])
    await copyFile(world.path('/home/ada/a/disk.mtorrent'), world.path(place));
  // `cat` makes of a terminal what a script writes: each command is answered by a line.
  const getter = world.type('cat | mtorrent client 192.0.2.2:0 192.0.2.1:7001 192.0.2.2:7001 client.log', {
    directory: '/home/ada/b',
  });
  await getter.until(/^this client serves at/m);
  for (const [typed, shows] of SESSION) {
    // Peers are connected, and pieces come, a moment after they were asked for.
    const told = await eventually(
      () => answered(getter, typed),
      (answer) => shows.test(answer) || /^FAILURE:/m.test(answer),
      `what "${typed}" shows`,
    );
    assert.match(told, /^SUCCESS:/m, typed);
  }
  await equal(world, '/home/ada/b/disk.img');
  await equal(world, '/home/ada/images/new.img');
  assert.deepEqual(await readdir(world.path('/home/ada/b/model')), ['config.json']);
  sharer.type('quit\r');
  assert.equal(await sharer.exited, 0);
}

/** The rows and the result of one console line. */
async function answered(console: TerminalProcess, line: string): Promise<string> {
  const from = console.raw.length;
  console.type(`${line}\r`);
  const answer = (): string => console.raw.slice(from).replaceAll('\r', '');
  await console.until(() => /^(SUCCESS|FAILURE):.*\n/m.test(answer()), `an answer to "${line}"`);
  return answer();
}

async function inBash(t: TestContext): Promise<void> {
  const world = await DocumentationWorld.open(t, ['192.0.2.1']);
  if (world === undefined) return;
  const stage = new Stage(world, 'bash');
  await stage.ends('mtorrent --help');
  const line = 'eval "$(mtorrent completion bash)"';
  stage.take(line);
  const shown = await world.whole(`${line}\ncomplete -p mtorrent`);
  assert.match(shown.join('\n'), /^complete .* mtorrent$/m);
  stage.done();
}

async function inZsh(t: TestContext): Promise<void> {
  const world = hasTool(t, 'zsh') ? await DocumentationWorld.open(t, ['192.0.2.1']) : undefined;
  if (world === undefined) return;
  const stage = new Stage(world, 'zsh');
  const line = 'eval "$(mtorrent completion zsh)"';
  stage.take(line);
  const shown = await world.whole(`autoload -Uz compinit; compinit -u -D\n${line}\nprint $_comps[mtorrent]`, {
    shell: 'zsh',
  });
  assert.match(shown.join('\n'), /^_mtorrent$/m);
  stage.done();
}

async function inFish(t: TestContext): Promise<void> {
  const world = hasTool(t, 'fish') ? await DocumentationWorld.open(t, ['192.0.2.1']) : undefined;
  if (world === undefined) return;
  const stage = new Stage(world, 'fish');
  // fish makes it when it asks for a line for the first time.
  await mkdir(world.path('/home/ada/.config/fish/completions'), { recursive: true });
  await stage.ends('mtorrent completion fish > ~/.config/fish/completions/mtorrent.fish');
  const offered = await world.whole("complete --do-complete 'mtorrent tracker-'", { shell: 'fish' });
  assert.match(offered.join('\n'), /tracker-list[\s\S]*tracker-status/);
  stage.done();
}
