// Which programs may be hooks, and what is said of those that may not; and one that is run, with what it starts.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkHookProgram } from '../../../src/app/automation/hook-program.js';
import { HookRun } from '../../../src/app/automation/hook-run.js';
import { HOOK_LOOK_MS } from '../../../src/app/automation/limits.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { eventually } from '../../support/e2e-stage.js';
import { failsWith } from '../../support/failures.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

function program(t: TestContext, text: string, mode = 0o755): string {
  const path = join(temporaryDirectory(t), 'hook');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

async function refusal(path: string): Promise<string> {
  const error = await checkHookProgram(path, 'on-complete').then(
    () => assert.fail('it was taken'),
    (why: unknown) => why,
  );
  assert.ok(error instanceof MiniTorrentError, String(error));
  assert.match(error.message, /^on-complete: /);
  return `${error.code} ${error.message}`;
}

test('a hook is a file that is there, that may be executed, and that nobody else can replace', async (t) => {
  const good = program(t, 'true');
  await checkHookProgram(good, 'on-complete');
  assert.match(await refusal(`${good} --now`), /^FILE_NOT_FOUND .*without arguments/);
  assert.match(await refusal(join(good, '..')), /^NOT_A_FILE /);
  assert.match(await refusal(program(t, 'true', 0o644)), /^PERMISSION_DENIED .*chmod \+x/);
  assert.match(await refusal(program(t, 'true', 0o757)), /^PERMISSION_DENIED .*chmod o-w/);
  const open = join(temporaryDirectory(t), 'open');
  mkdirSync(open);
  writeFileSync(join(open, 'hook'), '#!/bin/sh\n', { mode: 0o755 });
  chmodSync(open, 0o777);
  assert.match(await refusal(join(open, 'hook')), /^PERMISSION_DENIED .*may replace/);
  const link = join(temporaryDirectory(t), 'link');
  symlinkSync(join(open, 'hook'), link);
  assert.match(await refusal(link), /^PERMISSION_DENIED .*may replace/);
});

test('a look at a program whose disk hangs ends in time, and holds one thread of the system however often it is asked', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const disk = deferred<void>();
  let looks = 0;
  const look = (): Promise<void> => {
    looks += 1;
    return disk.promise;
  };
  const asked = (): Promise<void> => checkHookProgram('/net/hook', 'on-complete', look);
  const refusals = [asked(), asked()].map((check) =>
    assert.rejects(check, failsWith('IO_ERROR', 'on-complete: the disk of /net/hook does not answer')),
  );
  t.mock.timers.tick(HOOK_LOOK_MS);
  await Promise.all(refusals);
  const again = asked();
  assert.equal(looks, 1);
  disk.resolve();
  await again;
  await asked();
  assert.equal(looks, 2, 'a disk that answers again is asked again');
});

test('a hook has its output passed on by lines, and its exit code told', async (t) => {
  const lines: string[] = [];
  const path = program(t, 'echo "$FACT"; echo wrong >&2; pwd; printf rest; exit 3');
  const { failure } = await new HookRun(path, { FACT: 'a; rm -rf $(b)' }, (line) => lines.push(line)).ended;
  assert.equal(failure, 'ended with exit code 3');
  assert.deepEqual(lines.sort(), ['/', 'a; rm -rf $(b)', 'rest', 'wrong']);
});

test('a hook that is no program fails with the reason', async (t) => {
  const path = join(temporaryDirectory(t), 'hook');
  writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 });
  const { failure } = await new HookRun(path, {}, () => undefined).ended;
  assert.match(failure ?? '', /could not be started: .* after #! is not there \(ENOENT\)/);
});

test('the end of a hook is not waited for by what it leaves behind, and a signal reaches all it has started', async (t) => {
  const directory = temporaryDirectory(t);
  const leaves = program(t, 'sleep 300 & echo $! > "$DIR/left"; exit 0');
  const first = new HookRun(leaves, { PATH: process.env['PATH'] ?? '', DIR: directory }, () => undefined);
  assert.equal((await first.ended).failure, undefined);
  process.kill(Number(readFileSync(join(directory, 'left'), 'utf8')), 'SIGKILL');

  const ticks = 'while :; do echo >> "$DIR/ticks"; sleep 0.1; done';
  const waits = program(t, `(${ticks}) & echo $! > "$DIR/child.new"; mv "$DIR/child.new" "$DIR/child"; wait`);
  const second = new HookRun(waits, { PATH: process.env['PATH'] ?? '', DIR: directory }, () => undefined);
  await eventually(
    () => existsSync(join(directory, 'child')) && existsSync(join(directory, 'ticks')),
    (is) => is,
    'it has started another program',
  );
  second.signal('SIGKILL');
  assert.equal((await second.ended).failure, 'was ended by SIGKILL');
  const child = Number(readFileSync(join(directory, 'child'), 'utf8'));
  const ticksOf = (): number => readFileSync(join(directory, 'ticks'), 'utf8').length;
  const before = ticksOf();
  const isGone = (): boolean =>
    !existsSync(`/proc/${child}`) || / Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8'));
  const outcome = await eventually(
    () => (isGone() ? 'it has ended' : ticksOf() > before + 3 ? 'it goes on' : ''),
    (found) => found !== '',
    'what it started has ended as well, or goes on',
  );
  if (outcome === 'it goes on') process.kill(child, 'SIGKILL');
  assert.equal(outcome, 'it has ended');
});
