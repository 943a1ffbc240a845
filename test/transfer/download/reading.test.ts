// A reader of a running download: its pieces are fetched in its order, and it is told as soon as they are there.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { READ_AHEAD_PIECES, READ_RUN_PIECES_MAX } from '../../../src/transfer/download/limits.js';
import { type Request, requestsIn, Stage } from './stage.js';

const PIECES = 3 * READ_AHEAD_PIECES;

function readable(effects: readonly DownloadEffect[]): readonly (readonly [number, number])[] {
  return effects.flatMap((effect) => (effect.kind === 'readable' ? [[effect.piece, effect.pieces] as const] : []));
}

test('what a reader waits for is requested first, in its order, and it is told when it is there', () => {
  const stage = new Stage({ pieces: PIECES });
  assert.deepEqual(stage.post({ kind: 'read', piece: 0 }), []);
  const { requests } = stage.join();
  assert.deepEqual(
    requests.map(({ piece }) => piece),
    [0, 1],
  );
  const [first, second] = requests as [Request, Request];
  stage.arrive(second);
  assert.deepEqual(readable(stage.stored(second)), [], 'the piece before it is missing');
  stage.arrive(first);
  assert.deepEqual(readable(stage.stored(first)), [[0, 2]]);
  const asked = requestsIn(stage.effects).map(({ piece }) => piece);
  assert.deepEqual(
    asked,
    asked.map((_, at) => at),
  );
});

test('what is there already is told at once, a bounded number of pieces at a time', () => {
  const have = Array.from({ length: PIECES - 1 }, (_, piece) => piece);
  const stage = new Stage({ pieces: PIECES, have });
  assert.deepEqual(readable(stage.post({ kind: 'read', piece: 5 })), [[5, READ_RUN_PIECES_MAX]]);
  assert.deepEqual(readable(stage.post({ kind: 'read', piece: PIECES - 3 })), [[PIECES - 3, 2]]);
});

test('beyond the window pieces are requested as without a reader', () => {
  const have = Array.from({ length: READ_AHEAD_PIECES }, (_, piece) => piece);
  const stage = new Stage({ pieces: PIECES, have });
  stage.post({ kind: 'read', piece: 0 });
  const { requests } = stage.join();
  assert.equal(requests.length, 2);
});

test('a piece that a slow peer owes a reader is asked of a faster one as well, long before the end', () => {
  const stage = new Stage({ pieces: PIECES });
  stage.post({ kind: 'read', piece: 0 });
  const slow = stage.join([0]);
  assert.equal(slow.requests[0]?.piece, 0);
  const quick = stage.join();
  const asked: Request[] = [...quick.requests];
  for (let round = 0; round < 200 && !asked.some(({ piece }) => piece === 0); round += 1) {
    const next = asked.splice(0);
    for (const request of next) asked.push(...requestsIn(stage.arrive(request)), ...requestsIn(stage.stored(request)));
    asked.push(...requestsIn(stage.pass(20)));
  }
  assert.ok(asked.some(({ piece, connection }) => piece === 0 && connection === quick.connection));
});

test('a reader gets every piece once and in order, whatever order they arrive in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.nat()), (pieces, choices) => {
      const stage = new Stage({ pieces });
      let [next, isDone] = [0, false];
      const hear = (effects: readonly DownloadEffect[]): void => {
        for (const [piece, count] of readable(effects)) {
          assert.equal(piece, next);
          next += count;
          isDone = next === pieces;
          if (!isDone) hear(stage.post({ kind: 'read', piece: next }));
        }
      };
      hear(stage.post({ kind: 'read', piece: 0 }));
      const open = [...stage.join().requests];
      for (const choice of choices) {
        const [request] = open.splice(choice % Math.max(1, open.length), 1);
        if (request === undefined) break;
        for (const effects of [stage.arrive(request), stage.stored(request)]) {
          open.push(...requestsIn(effects));
          hear(effects);
        }
      }
      assert.ok(isDone, `${next} of ${pieces} were told`);
    }),
    { numRuns: 50 },
  );
});
