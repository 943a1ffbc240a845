// OTP's rules: who is restarted, when it is too often, and that children stop in reverse order.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Child,
  type ChildSpec,
  type Restart,
  RestartPolicy,
  Supervisor,
} from '../../../src/foundation/actor/supervisor.js';
import type { ThreadEnd } from '../../../src/foundation/actor/thread.js';
import { type Deferred, deferred } from '../../../src/foundation/base/deferred.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import { ManualTimers } from '../../support/manual-timers.js';

test('permanent is always restarted, transient after a crash only, temporary never', () => {
  const table: [Restart, normal: string, crash: string][] = [
    ['permanent', 'restart', 'restart'],
    ['transient', 'forget', 'restart'],
    ['temporary', 'forget', 'forget'],
  ];
  for (const [restart, normal, crash] of table) {
    assert.equal(new RestartPolicy({ restart, restartsMax: 3, periodMs: 1_000 }).onEnd('normal', 0), normal);
    assert.equal(new RestartPolicy({ restart, restartsMax: 3, periodMs: 1_000 }).onEnd('crash', 0), crash);
  }
});

test('more restarts than allowed within the period escalate, older ones do not count', () => {
  const table: [endsAtMs: number[], verdicts: string[]][] = [
    [
      [0, 1, 2],
      ['restart', 'restart', 'escalate'],
    ],
    [
      [0, 999, 1_000, 1_500],
      ['restart', 'restart', 'restart', 'escalate'],
    ],
    [
      [0, 600, 1_200, 1_800, 2_400],
      ['restart', 'restart', 'restart', 'restart', 'restart'],
    ],
  ];
  for (const [endsAtMs, verdicts] of table) {
    const policy = new RestartPolicy({ restart: 'permanent', restartsMax: 2, periodMs: 1_000 });
    assert.deepEqual(
      endsAtMs.map((atMs) => policy.onEnd('crash', atMs)),
      verdicts,
    );
  }
  assert.equal(new RestartPolicy({ restart: 'permanent', restartsMax: 0, periodMs: 1 }).onEnd('crash', 0), 'escalate');
});

const CRASH: ThreadEnd = { kind: 'crash', error: new Error('planted') };

/** Children that end when the test says so, and a book of what happened to them. */
class Nursery {
  readonly book: string[] = [];
  readonly timers = new ManualTimers();
  readonly escalated = deferred<[string, unknown]>();
  readonly supervisor = new Supervisor({
    log: silentLog,
    timers: this.timers,
    onEscalate: (id, error) => this.escalated.resolve([id, error]),
  });
  readonly #ends = new Map<string, Deferred<ThreadEnd>>();
  #started = deferred<string>();

  spec(id: string, extra: Partial<ChildSpec> = {}): ChildSpec {
    const start = async (): Promise<Child> => {
      const end = deferred<ThreadEnd>();
      this.#ends.set(id, end);
      this.book.push(`start ${id}`);
      this.#started.resolve(id);
      return {
        ended: end.promise,
        stop: async () => {
          this.book.push(`stop ${id}`);
          end.resolve({ kind: 'normal' });
          return id !== 'stubborn';
        },
      };
    };
    return { id, restart: 'permanent', restartsMax: 2, periodMs: 1_000, start, ...extra };
  }

  /** Ends child `id`; settles when a child was started again. */
  async endAndRestart(id: string, end: ThreadEnd): Promise<void> {
    this.#started = deferred<string>();
    this.end(id, end);
    assert.equal(await this.#started.promise, id);
    // The supervisor watches the new child in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  end(id: string, end: ThreadEnd): void {
    this.#ends.get(id)?.resolve(end);
  }
}

test('children stop in reverse order, and those ended by force are named', async () => {
  const nursery = new Nursery();
  for (const id of ['first', 'stubborn', 'last']) await nursery.supervisor.start(nursery.spec(id));
  assert.deepEqual(await nursery.supervisor.stop(), ['stubborn']);
  assert.deepEqual(nursery.book.slice(3), ['stop last', 'stop stubborn', 'stop first']);
});

test('children that start together begin in their order and stop in reverse of it, whoever was up first', async () => {
  const nursery = new Nursery();
  const slow = nursery.spec('slow');
  const isUp = deferred<void>();
  const specs = [
    { ...slow, start: () => slow.start().then((child) => isUp.promise.then(() => child)) },
    nursery.spec('quick'),
  ];
  const starting = nursery.supervisor.startTogether(specs);
  isUp.resolve();
  await starting;
  await nursery.supervisor.stop();
  assert.deepEqual(nursery.book, ['start slow', 'start quick', 'stop quick', 'stop slow']);
});

test('when one of those that start together cannot, the others are stopped and none is kept', async () => {
  const nursery = new Nursery();
  await nursery.supervisor.start(nursery.spec('before'));
  const bad = { ...nursery.spec('bad'), start: () => Promise.reject(new Error('no port')) };
  const together = [nursery.spec('first'), bad, nursery.spec('last')];
  await assert.rejects(nursery.supervisor.startTogether(together), /no port/);
  assert.deepEqual(nursery.book.slice(1), ['start first', 'start last', 'stop last', 'stop first']);
  assert.deepEqual(await nursery.supervisor.stop(), []);
  assert.deepEqual(nursery.book.slice(5), ['stop before']);
});

test('children of one group are stopped together, and before whatever was started before them', async () => {
  const nursery = new Nursery();
  const slow = deferred<boolean>();
  const peers = ['peer-0', 'peer-1', 'peer-2'].map((id) => ({ ...nursery.spec(id), group: 'peers' }));
  const stuck: ChildSpec = {
    ...nursery.spec('stuck'),
    group: 'peers',
    start: async () => ({ ended: new Promise(() => undefined), stop: () => slow.promise }),
  };
  await nursery.supervisor.startTogether([nursery.spec('download'), ...peers, stuck]);
  const stopping = nursery.supervisor.stop();
  assert.deepEqual(nursery.book.slice(4), ['stop peer-2', 'stop peer-1', 'stop peer-0']);
  slow.resolve(false);
  assert.deepEqual(await stopping, ['stuck']);
  assert.deepEqual(nursery.book.slice(7), ['stop download']);
});

test('a crashed child is started again, until it crashes too often', async () => {
  const nursery = new Nursery();
  await nursery.supervisor.start(nursery.spec('child'));
  await nursery.endAndRestart('child', CRASH);
  await nursery.endAndRestart('child', CRASH);
  nursery.end('child', CRASH);
  assert.deepEqual(await nursery.escalated.promise, ['child', CRASH.kind === 'crash' && CRASH.error]);
  assert.deepEqual(nursery.book, ['start child', 'start child', 'start child']);
});

test('a child that cannot be started again escalates at once', async () => {
  const nursery = new Nursery();
  const spec = nursery.spec('child');
  const failure = new Error('port in use');
  let starts = 0;
  const start = (): Promise<Child> => {
    starts += 1;
    return starts === 1 ? spec.start() : Promise.reject(failure);
  };
  await nursery.supervisor.start({ ...spec, start });
  nursery.end('child', CRASH);
  assert.deepEqual(await nursery.escalated.promise, ['child', failure]);
});

test('a child that is forgotten is not stopped later, and a failed first start keeps nothing', async () => {
  const nursery = new Nursery();
  await nursery.supervisor.start(nursery.spec('kept'));
  await nursery.supervisor.start(nursery.spec('gone', { restart: 'temporary' }));
  const bad = { ...nursery.spec('bad'), start: () => Promise.reject(new Error('no')) };
  await assert.rejects(nursery.supervisor.start(bad), /no/);
  nursery.end('gone', CRASH);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await nursery.supervisor.stop(), []);
  assert.deepEqual(nursery.book.slice(2), ['stop kept']);
});

test('what ends while everything stops is not started again', async () => {
  const nursery = new Nursery();
  await nursery.supervisor.start(nursery.spec('a'));
  await nursery.supervisor.start(nursery.spec('b'));
  const stopped = nursery.supervisor.stop();
  nursery.end('a', CRASH);
  await stopped;
  assert.deepEqual(nursery.book, ['start a', 'start b', 'stop b', 'stop a']);
});
