// Hooks as real programs: what becomes of one that cannot be started, fails, hangs, or leaves others behind, and that a
// client goes on whatever a hook does.

import assert from 'node:assert/strict';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Hooks } from '../../../src/app/automation/hooks.js';
import type { ClientNotification } from '../../../src/app/library/request-client.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { PATIENCE_MS } from '../../support/patience.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

interface Stage {
  readonly hook: string;
  readonly said: string[];
  log(): string;
  /** A download is complete; settles when the hook that this led to has ended. */
  complete(): Promise<void>;
}

/** @param text of the program; it stands in the directory of the test. */
function stage(t: TestContext, text: string, timeoutMs = 60_000): Stage {
  const directory = temporaryDirectory(t);
  const hook = join(directory, 'hook');
  writeFileSync(hook, text.replaceAll('HOOK', hook));
  chmodSync(hook, 0o755);
  let tell: (event: ClientNotification) => void = () => undefined;
  const client = {
    listen: (heard: (event: ClientNotification) => void) => {
      tell = heard;
      return () => undefined;
    },
    file: async () => undefined,
  };
  const said: string[] = [];
  const log = { path: join(directory, 'log'), level: 'info' } as const;
  const settings = { onComplete: hook, onError: undefined, timeoutMs };
  const hooks = new Hooks(client as unknown as SwarmClient, settings, log, (_, sentence) => said.push(sentence));
  t.after(() => hooks.close());
  return {
    hook,
    said,
    log: () => readFileSync(log.path, 'utf8'),
    complete: async () => {
      tell({ kind: 'completed', name: 'a.bin', path: '/srv/a.bin' } as ClientNotification);
      await hooks.idle();
    },
  };
}

test('a script that names itself as its interpreter is told, and the client goes on', async (t) => {
  const { hook, said, complete } = stage(t, '#!HOOK\n');
  await complete();
  assert.deepEqual(said, [
    `no hook is run for a.bin: ${hook} could not be started: its first line names itself after #!, or a script that leads back to it (ELOOP)`,
  ]);
  await complete();
  assert.equal(said.length, 2);
});

test('a script whose interpreter is not there, or is a directory, is told with what is wrong in it', async (t) => {
  const gone = stage(t, '#!/no/such/interpreter\n');
  await gone.complete();
  assert.match(gone.said[0] ?? '', /^no hook is run for a\.bin: .* names after #! is not there \(ENOENT\)$/);
  const directory = stage(t, '#!/etc\n');
  await directory.complete();
  assert.match(directory.said[0] ?? '', /names after #!, may not be executed \(EACCES\)$/);
});

test('a program that is being written to is told, and runs once it is written', async (t) => {
  const { hook, said, complete } = stage(t, '');
  writeFileSync(hook, readFileSync('/bin/true'));
  const writer = openSync(hook, 'r+');
  await complete();
  closeSync(writer);
  // Some kernels let a program be written to while it runs.
  if (said.length > 0) assert.match(said[0] ?? '', /another program is writing to it \(ETXTBSY\)$/);
  said.length = 0;
  await complete();
  assert.deepEqual(said, []);
});

test('a hook that runs for too long is told as that, however it ends then', async (t) => {
  const hanging = stage(t, '#!/bin/sh\nexec sleep 600\n', 50);
  await hanging.complete();
  assert.deepEqual(hanging.said, [
    `${hanging.hook} ran for longer than hook-timeout allows, and was ended by SIGTERM, run for a.bin; its output is in the log`,
  ]);
  // A slow machine's shell may need longer until it listens to the signal.
  let said: string | undefined;
  for (let ms = 1_000; ms < PATIENCE_MS && said?.includes('and has ended then') !== true; ms *= 4) {
    const polite = stage(t, "#!/bin/sh\ntrap 'exit 0' TERM\nsleep 600 & wait\n", ms);
    await polite.complete();
    [said] = polite.said;
  }
  assert.match(said ?? '', /ran for longer than hook-timeout allows, and has ended then, run for a\.bin/);
});

test('a hook that fails is told with its exit code or its signal, and its output is in the log', async (t) => {
  const failing = stage(t, '#!/bin/sh\necho it fails; exit 3\n');
  await failing.complete();
  assert.match(failing.said[0] ?? '', /ended with exit code 3, run for a\.bin; its output is in the log$/);
  assert.match(failing.log(), /its output: it fails/);
  const killed = stage(t, '#!/bin/sh\nkill -9 $$\n');
  await killed.complete();
  assert.match(killed.said[0] ?? '', /was ended by SIGKILL, run for a\.bin/);
});

test('what a hook leaves behind with its output does not hold its end up, and megabytes of output end in a note', async (t) => {
  const leaving = stage(t, '#!/bin/sh\nsleep 600 & echo $! >&2; exit 0\n');
  await leaving.complete();
  assert.deepEqual(leaving.said, []);
  const left = Number(/its output: (\d+)/.exec(leaving.log())?.[1]);
  process.kill(left, 'SIGKILL');
  const loud = stage(t, '#!/bin/sh\nyes | head -c 4000000\nexec <&-\n');
  await loud.complete();
  assert.deepEqual(loud.said, []);
  assert.match(loud.log(), /the rest of its output is left out/);
});
