// What clients do by themselves, as real processes: hooks at the ends of downloads, what is dropped into a folder,
// limits by the time of day, and the end of sharing by a ratio.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { CommandRun, makeUser } from '../support/command-run.js';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import {
  create,
  eventually,
  killHard,
  namesIn,
  PIECE,
  shareHere,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';

async function program(swarm: Swarm, name: string, text: string): Promise<string> {
  await writeFile(swarm.path(name), `#!/bin/sh\n${text}\n`);
  await chmod(swarm.path(name), 0o755);
  return swarm.path(name);
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

test('a hook runs when a download is complete, with its facts; a one-shot get waits for it, and a name is never a command', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const odd = '$(touch pwned); "x".bin';
  await shareHere(swarm, await swarm.makeFile(odd, 3 * PIECE), 'a.mtorrent');
  const hook = await program(
    swarm,
    'hook',
    `printf '%s|%s|%s|%s' "$MTORRENT_HOOK_EVENT" "$MTORRENT_HOOK_NAME" "$MTORRENT_HOOK_PATH" "$MTORRENT_HOOK_SIZE" > ${swarm.path('facts')}; echo said so; exit 4`,
  );
  const user = await makeUser(swarm.directory, 'ada');
  const run = new CommandRun(t, user, ['get', 'a.mtorrent', 'got.bin', '--alone'], { MTORRENT_ON_COMPLETE: hook });
  const { code, stderr } = await run.outcome();
  assert.equal(code, 0, stderr);
  assert.equal(await textOf(swarm.path('facts')), `complete|${odd}|${swarm.path('got.bin')}|${3 * PIECE}`);
  assert.match(stderr, /hook ended with exit code 4, run for/);
});

test('a daemon refuses a hook that cannot run before it starts, and ends one that hangs when it ends itself', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const words = ['daemon', '127.0.0.1:0', '--socket', swarm.path('run/x.sock'), '--state-dir', swarm.path('x')];
  const refused = await runProgram([...words, '--on-error', swarm.path('gone')], swarm.directory);
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /FILE_NOT_FOUND: on-error: .*gone is not there/);

  await shareHere(swarm, await swarm.makeFile('a.bin', PIECE), 'a.mtorrent');
  const hook = await program(swarm, 'hangs', `echo $$ > ${swarm.path('pid')}; echo it hangs; trap '' TERM; sleep 300`);
  const daemon = await startDaemon(swarm, ['--on-complete', hook]);
  const got = await onDaemon(swarm, 'get', 'a.mtorrent', swarm.path('got.bin'));
  assert.equal(got.code, 0, got.stderr);
  await eventually(
    () => textOf(swarm.path('daemon.log')),
    (text) => text.includes('its output: it hangs'),
    'its output is in the log',
  );
  const pid = Number(await textOf(swarm.path('pid')));
  assert.equal((await onDaemon(swarm, 'stop')).code, 0);
  assert.equal(await daemon.exited, 0);
  await eventually(
    () => textOf(`/proc/${pid}/stat`),
    (text) => text === '' || text.includes(') Z '),
    'the hook has ended with the daemon',
  );
});

test('on-error runs with the code and the reason of what failed', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const [source, other] = [await swarm.makeFile('a.bin', 2 * PIECE), await swarm.makeFile('b.bin', 2 * PIECE)];
  await shareHere(swarm, source, 'a.mtorrent');
  const hook = await program(
    swarm,
    'hook',
    `printf '%s|%s|%s' "$MTORRENT_HOOK_EVENT" "$MTORRENT_HOOK_CODE" "$MTORRENT_HOOK_PATH" > ${swarm.path('facts')}`,
  );
  // The right pieces under the digest of another content.
  const right = await readFile(await create(swarm, source, 'right.mtorrent', true), 'utf8');
  const wrong = await readFile(await create(swarm, other, 'wrong.mtorrent', true), 'utf8');
  const digestOf = (text: string): string => /^sha256: .*$/m.exec(text)?.[0] ?? '';
  await writeFile(swarm.path('bad.mtorrent'), right.replace(digestOf(right), digestOf(wrong)));
  const user = await makeUser(swarm.directory, 'ada');
  const run = new CommandRun(t, user, ['get', 'bad.mtorrent', 'got.bin', '--alone', '--on-error', hook]);
  const { code, stderr } = await run.outcome();
  assert.equal(code, 12, stderr);
  assert.equal(await textOf(swarm.path('facts')), `error|VERIFICATION_FAILED|${swarm.path('got.bin')}`);
});

test('what is dropped into the watched folder is fetched, through a kill as well; what cannot be says why', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const seeder = await shareHere(swarm, await swarm.makeFile('a.bin', 2 * PIECE), 'a.mtorrent');
  await seeder.share(await swarm.makeFile('b.bin', PIECE), swarm.path('b.mtorrent'));
  await seeder.share(await swarm.makeFile('c.bin', PIECE), swarm.path('c.mtorrent'));
  const [inbox, got] = [swarm.path('inbox'), swarm.path('got')];
  const options = ['--watch-dir', inbox, '--watch-dest', got];
  const first = await startDaemon(swarm, options);
  await first.said(/nothing is fetched from .*inbox until this is mended/);
  await mkdir(got);
  await mkdir(inbox);
  await first.said(/inbox is watched again/);
  // Half of it first, and the rest before anything else is done.
  const text = await readFile(swarm.path('a.mtorrent'), 'utf8');
  writeFileSync(`${inbox}/a.mtorrent`, text.slice(0, 60));
  writeFileSync(`${inbox}/a.mtorrent`, text);
  await writeFile(`${inbox}/b.link`, `${await seeder.link('b.bin')}\n`);
  await writeFile(`${inbox}/bad.mtorrent`, 'no such thing\n');
  await symlink(swarm.path('c.mtorrent'), `${inbox}/link.mtorrent`);
  const done = ['a.mtorrent.added', 'b.link.added', 'bad.mtorrent.failed', 'bad.mtorrent.failed.txt'];
  const refused = ['link.mtorrent.failed', 'link.mtorrent.failed.txt'];
  await eventually(
    () => namesIn(inbox),
    (names) => names.join() === [...done, ...refused].join(),
    'all are done',
  );
  assert.match(await textOf(`${inbox}/link.mtorrent.failed.txt`), /symbolic link/);
  await eventually(
    () => namesIn(got),
    (names) => names.join() === 'a.bin,b.bin',
    'both are fetched',
  );
  // Killed after the client took it over, before it was renamed.
  await killHard(first);
  await rename(`${inbox}/a.mtorrent.added`, `${inbox}/a.mtorrent`);
  await copyFile(swarm.path('c.mtorrent'), `${inbox}/c.mtorrent`);
  await startDaemon(swarm, options);
  await eventually(
    () => namesIn(inbox),
    (names) => names.includes('c.mtorrent.added') && names.includes('a.mtorrent.added'),
    'both are taken after the kill',
  );
  await eventually(
    () => namesIn(got),
    (names) => names.join() === 'a.bin,b.bin,c.bin',
    'the other one is fetched as well',
  );
});

test('a timetable sets the limits of a daemon, a limit by hand holds, and both are told', async (t) => {
  const swarm = await stageSwarm(t);
  await startDaemon(swarm, ['--limit-schedule', 'daily 00:00-24:00 up=3M', '--download-limit', '5M']);
  const shown = await eventually(
    () => onDaemon(swarm, 'limit'),
    ({ stdout }) => stdout.includes('up: 3.0 MiB/s'),
    'the window applies',
  );
  assert.match(shown.stdout, /down: 5\.0 MiB\/s/);
  assert.match((await onDaemon(swarm, 'limit', 'schedule')).stdout, /^daily 00:00-24:00 up=3M applies$/m);
  assert.equal((await onDaemon(swarm, 'limit', 'up', '7M')).code, 0);
  assert.match((await onDaemon(swarm, 'limit', 'schedule')).stdout, /^set by hand, although daily /m);
});

test('a one-shot get with a seed-ratio ends when enough was sent', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const first = await shareHere(swarm, await swarm.makeFile('a.bin', 4 * PIECE), 'a.mtorrent');
  const user = await makeUser(swarm.directory, 'ada');
  const words = ['get', 'a.mtorrent', 'got.bin', '--alone', '--seed-ratio', '1', '--stats-interval', '1s'];
  const run = new CommandRun(t, user, words);
  await run.line(/got\.bin$/);
  // From now on nobody else has it.
  await first.quit();
  const second = new CommandRun(t, user, ['get', 'a.mtorrent', 'again.bin', '--alone']);
  assert.equal((await second.outcome()).code, 0);
  const { code, stderr } = await run.outcome();
  assert.equal(code, 0, stderr);
});
