// Threads are born with what they need, say that they are ready, and whatever ends them is told once and never lost.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { MessageChannel, type MessagePort, startThread, type Thread } from '../../../src/foundation/actor/thread.js';

const ENTRY = new URL('../../support/thread-entry.js', import.meta.url);

interface Stage {
  readonly thread: Thread;
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
}

function start(t: TestContext, behaviour: string): Stage {
  const { port1, port2 } = new MessageChannel();
  const memory = new SharedArrayBuffer(1);
  const settings = new Uint8Array(Buffer.from(behaviour));
  const thread = startThread({ name: 'tester-0', entry: ENTRY, settings, shared: [memory], ports: [port2] });
  t.after(async () => {
    port1.close();
    await thread.stop(0);
  });
  return { thread, port: port1, memory };
}

test('a thread has its name, ports and shared memory, and stops when asked', async (t) => {
  const { thread, port, memory } = start(t, 'works');
  await thread.ready;
  port.postMessage('hello');
  assert.deepEqual(await once(port, 'message'), ['tester-0 heard hello']);
  assert.equal(new Uint8Array(memory)[0], 42);
  assert.equal(await thread.stop(), true);
  assert.deepEqual(await thread.ended, { kind: 'normal' });
});

test('a thread that crashes or ends at birth is never ready, and says why', async (t) => {
  const crashed = start(t, 'crash at birth').thread;
  await assert.rejects(crashed.ready, /planted at birth/);
  const end = await crashed.ended;
  assert.match(end.kind === 'crash' ? end.error.message : '', /planted at birth/);

  const gone = start(t, 'end at birth').thread;
  await assert.rejects(gone.ready, /ended before it was ready/);
  assert.deepEqual(await gone.ended, { kind: 'normal' });
});

test('a crash later on is an end with its error', async (t) => {
  const { thread, port } = start(t, 'works');
  await thread.ready;
  port.postMessage('crash');
  const end = await thread.ended;
  assert.match(end.kind === 'crash' ? end.error.message : '', /planted later/);
});

test('a thread says how long its event loop kept others waiting', async (t) => {
  const { thread } = start(t, 'works');
  await thread.ready;
  const delay = await thread.loopDelay();
  assert.ok(delay !== undefined && delay.loopDelayP99Ms >= 0 && delay.loopDelayMaxMs >= delay.loopDelayP50Ms);
});

test('a thread that does not stop in time is ended by force, and that is told', async (t) => {
  const { thread } = start(t, 'never stops');
  await thread.ready;
  assert.equal(await thread.stop(1), false);
  await thread.ended;
});

test('a thread that fails while it stops is a crash', async (t) => {
  const { thread } = start(t, 'fails to stop');
  await thread.ready;
  await thread.stop();
  const end = await thread.ended;
  assert.match(end.kind === 'crash' ? end.error.message : '', /planted at stop/);
});
