// Questions to threads: an answer finds its question, a thread that is silent costs its part, and nothing stays open.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ThreadQueries } from '../../src/client/threads/thread-queries.js';
import type { DownloadCommand } from '../../src/transfer/download/messages.js';
import type { ServeCommand } from '../../src/transfer/peer/messages.js';

class Stage {
  readonly told: (DownloadCommand | ServeCommand)[] = [];
  readonly queries = new ThreadQueries({
    download: { tell: (command) => void this.told.push(command) },
    tellAcceptors: (command) => {
      this.told.push(command);
      return 2;
    },
  });

  /** The number of the question that was asked last. */
  get ask(): number {
    const last = this.told.at(-1);
    assert.ok(last !== undefined && 'ask' in last);
    return last.ask;
  }
}

test('each question has its own number, and each answer finds its question', async () => {
  const stage = new Stage();
  const first = stage.queries.download({ kind: 'countSlots' }, 'slotsCounted');
  const firstAsk = stage.ask;
  const second = stage.queries.download({ kind: 'countSlots' }, 'slotsCounted');
  stage.queries.take({ kind: 'slotsCounted', ask: stage.ask, slots: 9, used: 2 });
  stage.queries.take({ kind: 'slotsCounted', ask: firstAsk, slots: 9, used: 1 });
  assert.deepEqual([(await first)?.used, (await second)?.used], [1, 2]);
});

test('all threads that accept are awaited, and those that do not answer in time are left out', async () => {
  const stage = new Stage();
  const peer = { file: 1, host: 'h', port: 2, peer: new Uint8Array(16), bytes: 3, member: null };
  const both = stage.queries.acceptors({ kind: 'describe' }, 'described');
  stage.queries.take({ kind: 'described', ask: stage.ask, peers: [peer] });
  stage.queries.take({ kind: 'described', ask: stage.ask, peers: [] });
  assert.deepEqual(
    (await both).map(({ peers }) => peers),
    [[peer], []],
  );
  const one = stage.queries.acceptors({ kind: 'describe' }, 'described');
  stage.queries.take({ kind: 'described', ask: stage.ask, peers: [peer] });
  stage.queries.closeAll();
  assert.equal((await one).length, 1);
});

test('a silent thread gives no answer after the deadline, and a late one is dropped', async () => {
  const stage = new Stage();
  const silent = stage.queries.download({ kind: 'examine' }, 'examined', 5);
  const { ask } = stage;
  assert.equal(await silent, undefined);
  stage.queries.take({ kind: 'examined', ask, downloads: [] });
});
