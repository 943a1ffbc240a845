// Runs: a quick peer is asked for several pieces side by side in one request, and for no more than is good for
// everybody else.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PIECE_SIZE, RUN_PIECES_MAX } from '../../../src/foundation/base/limits.js';
import { WINDOW_PIECES_MAX } from '../../../src/transfer/download/limits.js';
import { Pacer } from '../../../src/transfer/download/requests/pacer.js';
import { kinds, type Request, requestsIn, Stage, type StageOptions } from './stage.js';

const PIECES = 65;
/** Milliseconds that a piece takes: 105 MB/s. */
const QUICK_MS = 5;

const piecesOf = ({ piece, slots }: Request): readonly number[] => slots.map((_, at) => piece + at);

interface Quick {
  readonly stage: Stage;
  readonly connection: number;
  /** What it was asked for once it had shown how quick it is, and owes. */
  readonly runs: readonly Request[];
}

/** A peer that takes runs, and has brought its first pieces in `ms` each. */
function quick(options: Partial<StageOptions> = {}, ms = QUICK_MS, takesRuns = true): Quick {
  const stage = new Stage({ pieces: PIECES, ...options });
  const { connection, requests } = stage.join(undefined, 1, takesRuns);
  const runs: Request[] = [];
  for (const request of requests) {
    stage.nowMs += ms;
    runs.push(...requestsIn(stage.arrive(request)), ...requestsIn(stage.stored(request)));
  }
  return { stage, connection, runs };
}

test('a quick peer is asked for pieces side by side in one request: one run comes and one waits', () => {
  const { runs } = quick();
  const longest = runs.filter(({ slots }) => slots.length === RUN_PIECES_MAX);
  assert.ok(longest.length >= 1);
  for (const run of longest) {
    assert.equal(run.piece % RUN_PIECES_MAX, 0, 'stretches of the file stay whole');
    assert.deepEqual([run.begin, run.length], [0, RUN_PIECES_MAX * PIECE_SIZE]);
    assert.equal(new Set(run.slots).size, RUN_PIECES_MAX, 'each piece has its slot');
  }
  const owed = runs.flatMap(piecesOf);
  assert.equal(new Set(owed).size, owed.length, 'no piece twice');
  assert.ok(owed.length <= 2 * RUN_PIECES_MAX);
});

test('every piece of a run that came is stored, and the file comes whole', () => {
  const { stage, runs } = quick();
  const [run] = runs.filter(({ slots }) => slots.length > 1);
  assert.ok(run !== undefined);
  stage.nowMs += QUICK_MS * run.slots.length;
  const effects = stage.arrive(run);
  assert.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'store' ? [effect.pieces.map(({ piece }) => piece)] : [])),
    [piecesOf(run)],
  );
  const others = runs.filter((other) => other !== run);
  stage.serve([...requestsIn(effects), ...requestsIn(stage.stored(run)), ...others]);
  assert.equal(stage.have.isComplete, true);
  assert.deepEqual(kinds(stage.effects.slice(-2)), ['hangUp', 'finish']);
});

test('a slow peer, one that does not take runs, and one under a limit are asked piece by piece', () => {
  const limited = new Pacer(1e9);
  for (const { runs } of [quick({}, 25), quick({}, QUICK_MS, false), quick({ pacer: limited })]) {
    assert.ok(runs.length > 0);
    for (const { slots } of runs) assert.equal(slots.length, 1);
  }
});

test('as quick a peer as there is has no more outstanding than a window holds', () => {
  const stage = new Stage({ pieces: 2_000 });
  const { requests } = stage.join(undefined, 1_000, true);
  const open = [...requests];
  for (let rounds = 0; rounds < 200; rounds += 1) {
    const next = open.shift();
    if (next === undefined) break;
    stage.nowMs += 1;
    open.push(...requestsIn(stage.arrive(next)), ...requestsIn(stage.stored(next)));
    assert.ok(open.flatMap(piecesOf).length <= WINDOW_PIECES_MAX);
  }
});

test('a run goes on only to pieces that are wanted, that the peer has, and that are as rare', () => {
  const stage = new Stage({ pieces: 16, have: [1, 4, 5, 6, 7] });
  // Of the first stretch 1 is had, and two others have 3: only 2 goes with 0 or stands alone.
  stage.join([3, 12, 13, 14, 15]);
  stage.join([3, 12, 13, 14, 15]);
  const { requests } = stage.join([0, 2, 3, 8, 9, 10, 11], 1, true);
  const asked: Request[] = [...requests];
  const open = [...requests];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    stage.nowMs += QUICK_MS;
    const more = [...requestsIn(stage.arrive(next)), ...requestsIn(stage.stored(next))].filter(
      ({ connection }) => connection === next?.connection,
    );
    asked.push(...more);
    open.push(...more);
  }
  for (const run of asked) {
    const pieces = piecesOf(run);
    for (const piece of pieces) assert.ok([0, 2, 3, 8, 9, 10, 11].includes(piece), `${piece} is not offered`);
    if (pieces.includes(3)) assert.deepEqual(pieces, [3], 'what others have as well waits for its turn');
  }
});

test('while pieces are stored that come faster, slots are waited for until a run has them', () => {
  const { stage, runs } = quick({ slots: 2 * RUN_PIECES_MAX });
  const stored: Request[] = [];
  const asked: Request[] = [];
  for (const run of runs) {
    stage.nowMs += QUICK_MS * run.slots.length;
    asked.push(...requestsIn(stage.arrive(run)));
    stored.push(run);
  }
  // Nothing is free: all that came waits for the hash pool.
  assert.ok(stage.freeSlots < RUN_PIECES_MAX);
  for (const run of stored) {
    for (const [at, slot] of run.slots.entries()) {
      const stored = { piece: run.piece + at, slot, outcome: { kind: 'stored' } } as const;
      asked.push(...requestsIn(stage.post({ kind: 'stored', pieces: [stored] })));
    }
  }
  assert.ok(asked.some(({ slots }) => slots.length === RUN_PIECES_MAX));
  for (const { piece, slots } of asked)
    if (slots.length < RUN_PIECES_MAX) {
      const stretch = piece - (piece % RUN_PIECES_MAX);
      const isBroken = [...Array(RUN_PIECES_MAX).keys()].some((at) => stage.have.has(stretch + at));
      assert.ok(isBroken, `of the whole stretch at ${stretch} only ${slots.length} are asked for`);
    }
});

test('what of a run is rejected or lost is wanted again, and every slot comes back once', () => {
  for (const how of ['reject', 'lose'] as const) {
    const { stage, connection, runs } = quick();
    const owed = runs.flatMap(piecesOf);
    if (how === 'lose') stage.lose(connection);
    // It is asked for others instead, until it has refused all.
    const open = how === 'lose' ? [] : [...runs];
    for (let run = open.shift(); run !== undefined; run = open.shift()) open.push(...requestsIn(stage.reject(run)));
    assert.equal(stage.freeSlots, stage.slots.capacity, how);
    const { requests } = stage.join(owed);
    for (const { piece } of requests) assert.ok(owed.includes(piece));
    assert.ok(requests.length > 0, how);
  }
});

test('P24: pieces of a run that stalls are taken over one by one, and it is withdrawn as a whole when none is left', () => {
  const stage = new Stage({ pieces: RUN_PIECES_MAX + 3 });
  const first = stage.join(undefined, 1, true);
  const runs: Request[] = [];
  for (const request of first.requests) {
    stage.nowMs += QUICK_MS;
    runs.push(...requestsIn(stage.arrive(request)), ...requestsIn(stage.stored(request)));
  }
  const owed = runs.flatMap(piecesOf).sort((a, b) => a - b);
  const run = runs.find(({ slots }) => slots.length > 1);
  assert.ok(run !== undefined, 'there is a run to stall');
  // Whatever else is owed comes; the run does not.
  for (const other of runs) if (other !== run) stage.serve([other]);
  const helper = stage.join(owed);
  const cancels: unknown[] = [];
  const arrived = new Set<number>();
  const take = (requests: readonly Request[]): void => {
    for (const request of requests) {
      if (request.connection !== helper.connection) continue;
      assert.equal(request.slots.length, 1, 'the endgame asks for one at a time');
      const effects = stage.arrive(request);
      arrived.add(request.piece);
      const said = effects.filter(({ kind }) => kind === 'cancel');
      cancels.push(...said);
      assert.equal(said.length, arrived.size === run.slots.length ? 1 : 0);
      take([...requestsIn(effects), ...requestsIn(stage.stored(request))]);
    }
  };
  take(helper.requests);
  for (let rounds = 0; rounds < 20 && arrived.size < run.slots.length; rounds += 1) take(requestsIn(stage.pass(1_000)));
  assert.deepEqual(
    [...arrived].sort((a, b) => a - b),
    piecesOf(run),
  );
  const { connection, piece, begin, length } = run;
  assert.deepEqual(cancels, [{ kind: 'cancel', connection, piece, begin, length }]);
  assert.equal(stage.have.isComplete, true);
  const before = stage.freeSlots;
  stage.arrive(run);
  assert.equal(stage.freeSlots, before + run.slots.length, 'it comes all the same, for nothing');
});
