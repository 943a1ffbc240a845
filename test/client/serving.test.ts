// What the peer threads that accept are told, in which order they start, end and come anew. The threads are fakes that
// record.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Serving } from '../../src/client/threads/serving.js';
import type { Attachment } from '../../src/foundation/actor/link.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { MiniTorrentError } from '../../src/foundation/base/errors.js';
import type { ServeCommand } from '../../src/transfer/peer/messages.js';

interface Told {
  readonly thread: number;
  readonly command: ServeCommand;
  readonly beside: readonly Attachment[];
}

class Stage {
  readonly told: Told[] = [];
  readonly serving: Serving;
  readonly ports: number[] = [];
  readonly failures: unknown[] = [];
  #heard = deferred<void>();

  constructor(t: TestContext, acceptors: number, port = 0) {
    this.serving = new Serving({
      threads: {
        tellPeer: (thread, command, beside = []) => {
          this.told.push({ thread, command, beside });
          this.#heard.resolve();
        },
      },
      acceptors,
      upload: { host: '127.0.0.1', port },
      onListening: (at) => this.ports.push(at),
      onFailed: (error) => {
        this.failures.push(error);
        this.#heard.resolve();
      },
    });
    t.after(() => {
      this.serving.stop();
      for (const { beside } of this.told)
        for (const item of beside) if (!(item instanceof SharedArrayBuffer)) item.close();
    });
  }

  /** The next `listen` of this thread that was not asked for yet. */
  async listenOf(thread: number): Promise<Extract<ServeCommand, { kind: 'listen' }>> {
    for (;;) {
      const at = this.told.findIndex((told) => told.thread === thread && told.command.kind === 'listen');
      if (at >= 0) return this.told.splice(at, 1)[0]?.command as Extract<ServeCommand, { kind: 'listen' }>;
      this.#heard = deferred<void>();
      await this.#heard.promise;
    }
  }

  kindsOf(thread: number): readonly string[] {
    return this.told.filter((told) => told.thread === thread).map(({ command }) => command.kind);
  }

  memoryOf(thread: number): Attachment | undefined {
    const told = this.told.filter((each) => each.thread === thread && each.beside.length > 0);
    return told.at(-1)?.beside.at(-1);
  }

  /** All of them work and listen. */
  async begin(acceptors: number): Promise<number> {
    for (let thread = acceptors - 1; thread >= 0; thread -= 1) this.serving.up(thread);
    const { port } = await this.listenOf(0);
    this.serving.listens(0, port);
    for (let thread = 1; thread < acceptors; thread += 1) {
      assert.equal((await this.listenOf(thread)).port, port);
      this.serving.listens(thread, port);
    }
    return port;
  }
}

test('the first thread listens on a port that was claimed, the others where it does, all after they know who decides', async (t) => {
  const stage = new Stage(t, 3);
  stage.serving.up(2);
  assert.equal(stage.told.length, 0, 'nobody decides yet');
  stage.serving.up(0);
  stage.serving.up(1);
  assert.deepEqual(stage.kindsOf(0), ['decideUploads', 'attachServing', 'attachServing']);
  const listen = await stage.listenOf(0);
  assert.ok(listen.shared && listen.port > 0);
  assert.deepEqual([stage.kindsOf(1), stage.kindsOf(2)], [['joinDesk'], ['joinDesk']]);
  const memory = stage.told[0]?.beside[0];
  assert.ok(memory instanceof SharedArrayBuffer);
  assert.deepEqual([stage.memoryOf(1), stage.memoryOf(2)], [memory, memory]);
  stage.serving.listens(0, listen.port);
  for (const thread of [1, 2]) {
    assert.deepEqual(stage.ports, [], 'not all of them listen');
    assert.deepEqual(await stage.listenOf(thread), listen);
    stage.serving.listens(thread, listen.port);
  }
  assert.deepEqual(stage.ports, [listen.port]);
});

test('a thread alone listens as any program does, and shares nothing', async (t) => {
  const stage = new Stage(t, 1);
  stage.serving.up(0);
  assert.deepEqual(await stage.listenOf(0), { kind: 'listen', host: '127.0.0.1', port: 0, shared: false });
  stage.serving.listens(0, 4_711);
  assert.deepEqual(stage.ports, [4_711]);
  stage.serving.down(0);
  stage.serving.up(0);
  assert.equal((await stage.listenOf(0)).port, 4_711);
});

test('a thread that comes anew joins again and listens where the others do', async (t) => {
  const stage = new Stage(t, 2);
  const port = await stage.begin(2);
  stage.told.length = 0;
  stage.serving.down(1);
  stage.serving.up(1);
  assert.deepEqual(stage.kindsOf(0), ['attachServing']);
  assert.deepEqual(stage.kindsOf(1), ['joinDesk', 'listen']);
  assert.equal((await stage.listenOf(1)).port, port);
});

test('when the one that decides comes anew it lends other memory, and the others join it without listening again', async (t) => {
  const stage = new Stage(t, 3);
  const port = await stage.begin(3);
  const before = stage.memoryOf(2);
  stage.told.length = 0;
  stage.serving.down(0);
  stage.serving.down(2);
  stage.serving.up(2);
  assert.equal(stage.told.length, 0, 'it waits for who decides');
  stage.serving.up(0);
  assert.deepEqual(stage.kindsOf(1), ['joinDesk']);
  assert.deepEqual(stage.kindsOf(2), ['joinDesk', 'listen']);
  assert.equal((await stage.listenOf(0)).port, port);
  assert.notEqual(stage.memoryOf(2), before, 'what was lent before may still be in a socket');
  assert.equal(stage.memoryOf(1), stage.memoryOf(2));
});

test('when all threads have died the port is claimed again, and a client that has lost it ends', async (t) => {
  const stage = new Stage(t, 2);
  const port = await stage.begin(2);
  stage.serving.down(0);
  stage.serving.down(1);
  stage.told.length = 0;
  stage.serving.up(0);
  assert.deepEqual(stage.kindsOf(0), ['decideUploads'], 'not before it is claimed');
  assert.equal((await stage.listenOf(0)).port, port);
  stage.serving.cannotListen(0, 'EADDRINUSE');
  const [failure] = stage.failures;
  assert.ok(failure instanceof MiniTorrentError && failure.code === 'PORT_IN_USE');
});

test('a free port that somebody takes in the moment before it is listened on is followed by another, a few times', async (t) => {
  const stage = new Stage(t, 2);
  stage.serving.up(0);
  stage.serving.up(1);
  for (let tries = 0; stage.failures.length === 0; tries += 1) {
    assert.ok(tries < 10);
    await stage.listenOf(0);
    stage.serving.cannotListen(0, 'EADDRINUSE');
  }
  assert.equal(stage.failures.length, 1);
});
