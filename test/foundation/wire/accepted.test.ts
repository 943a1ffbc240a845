// An accepted connection over real sockets and a clock that the test moves: what ends it, what is said before, and that
// nothing is handed out or sent afterwards.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import {
  FRAME_BYTES_BEFORE_HELLO_MAX,
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  LINGER_MS,
} from '../../../src/foundation/base/limits.js';
import { AcceptedConnection, type AcceptedOptions } from '../../../src/foundation/wire/accepted.js';
import { frameBytes } from '../../../src/foundation/wire/framing.js';
import { SocketServer } from '../../../src/foundation/wire/transport.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { PATIENCE_MS } from '../../support/patience.js';

const MAGIC = Buffer.from('ACCEPTED');
const hello = Buffer.concat([MAGIC, frameBytes(Buffer.from('hello'))]);

interface Scene {
  readonly connection: AcceptedConnection;
  readonly timers: ManualTimers;
  /** The other end, and what it heard behind the magic. */
  readonly client: net.Socket;
  readonly heard: () => string;
  /** Frames that were handed out, and faults that were told. */
  readonly frames: string[];
  readonly faults: string[];
  readonly closed: Promise<string | undefined>;
  readonly left: Promise<void>;
  until(isSo: () => boolean): Promise<void>;
}

/** An owner that greets the first frame, and says `farewell` at a fault. */
async function scene(t: TestContext, extra: Partial<AcceptedOptions> = {}): Promise<Scene> {
  const timers = new ManualTimers();
  const [frames, faults]: [string[], string[]] = [[], []];
  const accepted = deferred<AcceptedConnection>();
  const closed = deferred<string | undefined>();
  const left = deferred<void>();
  const server = new SocketServer({
    onSocket: (socket) => {
      const connection: AcceptedConnection = new AcceptedConnection({
        socket,
        timers,
        magic: MAGIC,
        unreadBytesMax: 1 << 20,
        onFrame: (frame) => {
          frames.push(Buffer.from(frame).toString());
          connection.greeted();
        },
        onFault: (fault, sentence) => {
          faults.push(`${fault}: ${sentence}`);
          connection.send(frameBytes(Buffer.from('farewell')));
        },
        onClosed: closed.resolve,
        ...extra,
      });
      accepted.resolve(connection);
    },
  });
  const client = net.connect({ host: '127.0.0.1', port: await server.listen({ host: '127.0.0.1', port: 0 }) });
  let bytes = Buffer.alloc(0);
  client.on('data', (more: Buffer) => {
    bytes = Buffer.concat([bytes, more]);
  });
  client.on('error', () => undefined);
  client.on('close', () => left.resolve());
  t.after(() => {
    client.destroy();
    void server.close();
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    for (const endMs = performance.now() + PATIENCE_MS; !isSo(); await new Promise(setImmediate))
      assert.ok(performance.now() < endMs, `not so in time: ${isSo}`);
  };
  return {
    connection: await accepted.promise,
    timers,
    client,
    heard: () => bytes.subarray(MAGIC.length).toString('latin1'),
    frames,
    faults,
    closed: closed.promise,
    left: left.promise,
    until,
  };
}

const farewell = Buffer.from(frameBytes(Buffer.from('farewell'))).toString('latin1');

test('whoever breaks the protocol is told its fault in the last frame', async (t) => {
  const large = Buffer.alloc(4);
  large.writeUInt32BE(FRAME_BYTES_BEFORE_HELLO_MAX + 1);
  for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.concat([MAGIC, large])]) {
    const { client, closed, heard, left, faults, frames } = await scene(t);
    client.write(bytes);
    assert.match((await closed) ?? '', /^broke the protocol: /);
    await left;
    assert.equal(heard(), farewell);
    assert.deepEqual([faults.length, frames], [1, []]);
  }
});

test('P12: a hello and a frame have their deadlines, which are told before the end', async (t) => {
  const silent = await scene(t);
  silent.timers.advanceTo(HELLO_DEADLINE_MS - 1);
  assert.deepEqual(silent.faults, []);
  silent.timers.advanceTo(HELLO_DEADLINE_MS);
  assert.equal(await silent.closed, 'said no hello in time');
  await silent.left;
  assert.equal(silent.heard(), farewell);

  const drips = await scene(t);
  drips.client.write(Buffer.concat([hello, Buffer.from([0, 0])]));
  await drips.until(() => drips.frames.length === 1);
  drips.timers.advanceTo(FRAME_DEADLINE_MS - 1);
  // The frame ends and another one begins: it has its own time.
  drips.client.write(Buffer.from([0, 1, 7, 0]));
  await drips.until(() => drips.frames.length === 2);
  drips.timers.advanceTo(2 * FRAME_DEADLINE_MS - 2);
  assert.deepEqual(drips.faults, []);
  drips.timers.advanceTo(2 * FRAME_DEADLINE_MS - 1);
  assert.equal(await drips.closed, 'left a frame unfinished');
});

test('while it is paused no frame is handed out, and no deadline of a frame runs', async (t) => {
  const { client, connection, timers, frames, faults, until } = await scene(t);
  client.write(Buffer.concat([hello, Buffer.from([0, 0])]));
  await until(() => frames.length === 1);
  connection.pause();
  client.write(Buffer.from([0, 1, 7]));
  timers.advanceTo(2 * FRAME_DEADLINE_MS);
  assert.deepEqual([frames.length, faults], [1, []]);
  connection.resume();
  assert.equal(frames.length, 1, 'not within the turn of whoever resumes');
  await until(() => frames.length === 2);
});

test('frames that came together are handed out only as long as nobody pauses or ends the connection', async (t) => {
  for (const end of ['pause', 'hangUp', 'drop'] as const) {
    const frames: string[] = [];
    const stage: Scene = await scene(t, {
      onFrame: (frame) => {
        frames.push(Buffer.from(frame).toString());
        stage.connection[end]('enough');
      },
    });
    stage.client.write(Buffer.concat([hello, frameBytes(Buffer.from('more'))]));
    await stage.until(() => frames.length > 0);
    await new Promise(setImmediate);
    assert.deepEqual(frames, ['hello'], end);
  }
});

test('what was sent before the end arrives, and nothing after it', async (t) => {
  const { connection, heard, left, closed } = await scene(t);
  connection.send(frameBytes(Buffer.from('farewell')));
  connection.hangUp('enough');
  connection.send(frameBytes(Buffer.from('more')));
  const isTaken = deferred<boolean>();
  connection.sendWith(frameBytes(Buffer.from('more')), [Buffer.from('bytes')], isTaken.resolve);
  assert.equal(await isTaken.promise, false);
  await left;
  assert.equal(heard(), farewell);
  assert.equal(await closed, 'enough');
});

test('whoever does not close after the last frame is cut off after a while', async (t) => {
  const { client, connection, timers, closed } = await scene(t);
  client.allowHalfOpen = true;
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  connection.hangUp('enough');
  timers.advanceTo(LINGER_MS - 1);
  await new Promise(setImmediate);
  assert.equal(isClosed, false);
  timers.advanceTo(LINGER_MS);
  assert.equal(await closed, 'enough');
});

test('a frame and the payload behind it keep their order among other frames', async (t) => {
  const { connection, heard, until } = await scene(t);
  connection.send(frameBytes(Buffer.from('1')));
  const isTaken = deferred<boolean>();
  connection.sendWith(frameBytes(Buffer.from('2')), [Buffer.from('pay'), Buffer.from('load')], isTaken.resolve);
  connection.send(frameBytes(Buffer.from('3')));
  assert.equal(await isTaken.promise, true);
  const expected = Buffer.concat([
    frameBytes(Buffer.from('1')),
    frameBytes(Buffer.from('2')),
    Buffer.from('payload'),
    frameBytes(Buffer.from('3')),
  ]).toString('latin1');
  await until(() => heard().length === expected.length);
  assert.equal(heard(), expected);
});

test('each payload is answered once when a write fails, also when more is sent from within an answer', async (t) => {
  const { client, connection, closed } = await scene(t);
  client.pause();
  // Nothing is read any more, so that the reset is found by a write.
  connection.pause();
  client.write(new Uint8Array(1 << 20));
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  const answers: number[] = [];
  // More than the kernel takes: the first is under way, the others wait behind it.
  const half = new Uint8Array(32 << 20);
  const send = (): void => {
    const at = answers.push(0) - 1;
    connection.sendWith(frameBytes(Buffer.from('block')), [half, half], (ok) => {
      assert.equal(ok, false);
      answers[at] = (answers[at] ?? 0) + 1;
      // Of those that wait, not of the one under way.
      if (at > 0 && answers.length < 20) send();
    });
  };
  for (let count = 0; count < 3; count += 1) send();
  client.resetAndDestroy();
  assert.match((await closed) ?? '', /^write E/);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(answers, new Array(20).fill(1));
});

test('whoever leaves more unread than it may is dropped', async (t) => {
  const { client, connection, closed } = await scene(t, { unreadBytesMax: 100_000 });
  client.pause();
  for (let count = 0; count < 1_000; count += 1) {
    connection.send(new Uint8Array(50_000));
    if (count % 10 === 0) await new Promise(setImmediate);
  }
  assert.equal(await closed, 'leaves too much unread');
});

test('an end that the other side made has no reason of ours', async (t) => {
  const { client, closed } = await scene(t);
  client.end();
  assert.equal(await closed, undefined);
});
