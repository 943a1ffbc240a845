// A link over a real MessageChannel: what is on the way is bounded by credit, what waits is bounded, order is kept, and
// a broken frame crashes its receiver.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { LINK_BACKLOG_MAX, LINK_CREDIT_MAX } from '../../../src/foundation/actor/limits.js';
import { type Link, openLink } from '../../../src/foundation/actor/link.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { message, protocol } from '../../../src/foundation/wire/protocol.js';
import { bytes, u32 } from '../../../src/foundation/wire/schema.js';

const words = protocol('test.words', { count: message(1, { index: u32 }), load: message(2, { key: bytes(20) }) });
type Word = Parameters<typeof words.encode>[0];

const never = (): never => {
  throw new Error('nothing is expected here');
};

function channel(t: TestContext): { readonly near: MessagePort; readonly far: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  t.after(() => {
    port1.close();
    port2.close();
  });
  return { near: port1, far: port2 };
}

function linkOn(port: MessagePort, handle: (word: Word) => void = never): Link<Word> {
  return openLink({ port, sends: words, receives: words, handle, onCrash: never });
}

/** Takes what lies at `port` without giving credit back. */
function drain(port: MessagePort): number {
  let count = 0;
  while (receiveMessageOnPort(port) !== undefined) count += 1;
  return count;
}

test('messages come in order, and credit lets any number through', async (t) => {
  const { near, far } = channel(t);
  const total = LINK_CREDIT_MAX * 5 + 3;
  const received: number[] = [];
  const all = deferred<void>();
  const sender = linkOn(near);
  linkOn(far, (word) => {
    assert.ok(word.kind === 'count');
    received.push(word.index);
    if (received.length === total) all.resolve();
  });
  for (let index = 0; index < total; index += 1) sender.tell({ kind: 'count', index });
  assert.equal(sender.congested, true);
  await all.promise;
  assert.deepEqual(
    received,
    Array.from({ length: total }, (_, index) => index),
  );
});

test('no more than the credit is ever on the way; the rest waits, and relief is told once', async (t) => {
  const { near, far } = channel(t);
  const sender = linkOn(near);
  const relieved = deferred<void>();
  let reliefs = 0;
  sender.onDrain = () => {
    reliefs += 1;
    relieved.resolve();
  };
  for (let index = 0; index < LINK_CREDIT_MAX; index += 1) sender.tell({ kind: 'count', index });
  assert.equal(sender.congested, false);
  for (let index = 0; index < 100; index += 1) sender.tell({ kind: 'count', index });
  assert.equal(sender.congested, true);
  assert.equal(drain(far), LINK_CREDIT_MAX);

  far.postMessage(60);
  far.postMessage(60);
  await relieved.promise;
  assert.equal(drain(far), 100);
  assert.equal(reliefs, 1);
  assert.equal(sender.congested, false);
});

test('a sender that ignores congestion crashes at the bound of its backlog', (t) => {
  const { near } = channel(t);
  const sender = linkOn(near);
  for (let index = 0; index < LINK_CREDIT_MAX + LINK_BACKLOG_MAX; index += 1) sender.tell({ kind: 'count', index });
  assert.throws(() => sender.tell({ kind: 'count', index: 0 }), { name: 'AssertionFailed', message: /backlog/ });
});

test('credit that was never taken crashes the sender', async (t) => {
  const { near, far } = channel(t);
  const crash = deferred<unknown>();
  openLink({ port: near, sends: words, receives: words, handle: never, onCrash: crash.resolve });
  far.postMessage(1);
  assert.match(String(await crash.promise), /credit comes back once/);
});

test('a frame that fails its checks, or a receiver that throws, is a crash of the receiver', async (t) => {
  for (const frame of [Uint8Array.of(0xd4, 0x72, 0x40), words.encode({ kind: 'count', index: 1 })]) {
    const { near, far } = channel(t);
    const crash = deferred<unknown>();
    openLink({ port: near, sends: words, receives: words, handle: never, onCrash: crash.resolve });
    far.postMessage(new Uint8Array(frame));
    assert.match(String(await crash.promise), /ProtocolError|nothing is expected here/);
  }
});

test('shared memory and ports ride beside a frame; the frame itself is a copy that moves', async (t) => {
  const { near, far } = channel(t);
  const memory = new SharedArrayBuffer(4);
  const extra = new MessageChannel();
  t.after(() => extra.port1.close());
  const arrived = deferred<readonly unknown[]>();
  openLink<Word, Word>({
    port: far,
    sends: words,
    receives: words,
    handle: (word, beside) => arrived.resolve([word, ...beside]),
    onCrash: arrived.reject,
  });
  linkOn(near).tell({ kind: 'load', key: new Uint8Array(20).fill(3) }, [memory, extra.port2]);
  const [word, shared, port] = await arrived.promise;
  assert.deepEqual([...(word as { readonly key: Uint8Array }).key], new Array(20).fill(3));
  new Uint8Array(shared as SharedArrayBuffer)[0] = 42;
  assert.equal(new Uint8Array(memory)[0], 42);
  (port as MessagePort).postMessage('hello');
  assert.equal(await new Promise((resolve) => extra.port1.once('message', resolve)), 'hello');
});
