// A piece is in exactly one state. Every event in every state: where it leads, or that it is a mistake of ours.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { ENDGAME_CLAIMS_MAX } from '../../../src/transfer/download/limits.js';
import { type Claim, type PieceState, PieceTable } from '../../../src/transfer/download/requests/pieces.js';

const PIECE = 2;

function claimBy(connection: number, piece = PIECE): Claim {
  return {
    piece,
    connection,
    slot: connection,
    run: [],
    sinceMs: 0,
    blocksOpen: 1,
    unasked: 0,
    rejected: false,
    cancelled: false,
  };
}

interface Stage {
  readonly table: PieceTable;
  readonly have: Bitfield;
  readonly first: Claim;
  readonly second: Claim;
}

/** A table whose piece was led into `state`; `first` is claimed while requested, and closed afterwards. */
function stage(state: PieceState): Stage {
  const have = new Bitfield(4);
  const table = new PieceTable(have);
  const result: Stage = { table, have, first: claimBy(1), second: claimBy(2) };
  if (state === 'missing') return result;
  table.requestSent(result.first);
  if (state === 'requested') return result;
  assert.equal(table.pieceArrived(result.first), true);
  if (state === 'have') table.pieceStored(PIECE);
  assert.equal(table.stateOf(PIECE), state);
  return result;
}

type Event = 'requestSent' | 'pieceArrived' | 'claimLost' | 'pieceStored' | 'pieceFailed';

const EVENTS: Readonly<Record<Event, (stage: Stage) => unknown>> = {
  requestSent: ({ table, second }) => table.requestSent(second),
  pieceArrived: ({ table, first }) => table.pieceArrived(first),
  claimLost: ({ table, first }) => table.claimLost(first),
  pieceStored: ({ table }) => table.pieceStored(PIECE),
  pieceFailed: ({ table }) => table.pieceFailed(PIECE),
};

/** state → event → state afterwards; an event that is not there is a mistake. */
const TRANSITIONS: Readonly<Record<PieceState, Partial<Record<Event, PieceState>>>> = {
  missing: { requestSent: 'requested' },
  requested: { requestSent: 'requested', pieceArrived: 'storing', claimLost: 'missing' },
  storing: { pieceStored: 'have', pieceFailed: 'missing' },
  have: {},
};

for (const [state, events] of Object.entries(TRANSITIONS) as [PieceState, Partial<Record<Event, PieceState>>][]) {
  test(`a piece that is ${state} follows the table, and every other event is a mistake`, () => {
    for (const [event, happen] of Object.entries(EVENTS) as [Event, (stage: Stage) => unknown][]) {
      const at = stage(state);
      const next = events[event];
      if (next === undefined) {
        assert.throws(() => happen(at), { name: 'AssertionFailed' }, event);
        assert.equal(at.table.stateOf(PIECE), state, `${event} changed nothing`);
      } else {
        happen(at);
        assert.equal(at.table.stateOf(PIECE), next, event);
      }
      assert.equal(at.have.has(PIECE), at.table.stateOf(PIECE) === 'have', 'the bitfield says have and nothing else');
    }
  });
}

test('pieces that are on disk at the start are had', () => {
  const have = new Bitfield(10);
  for (const piece of [0, 3, 4, 9]) have.set(piece);
  const table = new PieceTable(have);
  for (let piece = 0; piece < 10; piece += 1) {
    assert.equal(table.stateOf(piece), have.has(piece) ? 'have' : 'missing');
  }
});

test('the first of two claims stores the piece; the second is late and says so', () => {
  const { table, first, second } = stage('requested');
  table.requestSent(second);
  assert.equal(table.pieceArrived(second), true);
  assert.equal(table.pieceArrived(first), false);
  assert.equal(table.stateOf(PIECE), 'storing');
  assert.equal(table.claimCount, 0);
});

test('a piece is missing again only when nobody is asked for it any more', () => {
  const { table, first, second } = stage('requested');
  table.requestSent(second);
  assert.equal(table.claimLost(first), false);
  assert.equal(table.stateOf(PIECE), 'requested');
  assert.equal(table.claimLost(second), true);
  assert.equal(table.stateOf(PIECE), 'missing');
});

test('wrong bytes leave a piece requested while a live claim on it runs, and missing when that was cancelled', () => {
  for (const cancelled of [false, true]) {
    const { table, first, second } = stage('requested');
    table.requestSent(second);
    table.pieceArrived(first);
    second.cancelled = cancelled;
    assert.equal(table.pieceFailed(PIECE), cancelled, 'true: it is to be asked for again');
    assert.equal(table.stateOf(PIECE), cancelled ? 'missing' : 'requested');
  }
});

test('a piece has few live claims, each of another peer; a cancelled one does not count', () => {
  const { table, first } = stage('requested');
  assert.throws(() => table.requestSent(claimBy(1)), /a peer claims a piece once/);
  for (let peer = 2; peer <= ENDGAME_CLAIMS_MAX; peer += 1) table.requestSent(claimBy(peer));
  assert.throws(() => table.requestSent(claimBy(9)), /few live claims/);
  first.cancelled = true;
  table.requestSent(claimBy(9));
  assert.deepEqual([...table.requested()], [[claimBy(2), claimBy(9)]]);
});

test('a claim is closed once', () => {
  const { table, first } = stage('requested');
  table.claimLost(first);
  assert.throws(() => table.claimLost(first), /a claim is closed once/);
  assert.throws(() => table.pieceArrived(first), /a claim is closed once/);
});

test('after any legal history, states, counts and claims agree with a plain list of what happened', () => {
  const step = fc.tuple(
    fc.nat(3),
    fc.constantFrom('ask', 'arrive', 'lose', 'store', 'fail'),
    fc.integer({ min: 1, max: 3 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const have = new Bitfield(4);
      const table = new PieceTable(have);
      const states: PieceState[] = ['missing', 'missing', 'missing', 'missing'];
      for (const [piece, what, peer] of steps) {
        states[piece] = take(table, piece, what, peer) ?? states[piece] ?? 'missing';
        for (const [index, state] of states.entries()) {
          assert.equal(table.stateOf(index), state);
          assert.equal(have.has(index), state === 'have');
        }
        assert.equal(table.requestedCount, states.filter((state) => state === 'requested').length);
        assert.equal(table.storingCount, states.filter((state) => state === 'storing').length);
      }
    }),
    { numRuns: 300 },
  );
});

/** Does one step if it is legal; answers the state it must lead to, by the rule that is written in words in pieces.ts. */
function take(table: PieceTable, piece: number, what: string, peer: number): PieceState | undefined {
  const state = table.stateOf(piece);
  const claim = table.claimOf(piece, peer);
  const others = table.claimsOf(piece).length - 1;
  if (what === 'ask' && (state === 'missing' || state === 'requested')) {
    if (claim !== undefined || table.claimsOf(piece).length >= ENDGAME_CLAIMS_MAX) return undefined;
    table.requestSent(claimBy(peer, piece));
    return 'requested';
  }
  if (what === 'arrive' && claim !== undefined) {
    assert.equal(table.pieceArrived(claim), state === 'requested');
    return state === 'requested' ? 'storing' : undefined;
  }
  if (what === 'lose' && claim !== undefined) {
    assert.equal(table.claimLost(claim), state === 'requested' && others === 0);
    return state === 'requested' && others === 0 ? 'missing' : undefined;
  }
  if (what === 'store' && state === 'storing') {
    table.pieceStored(piece);
    return 'have';
  }
  if (what === 'fail' && state === 'storing') {
    const coming = table.claimsOf(piece).length > 0;
    assert.equal(table.pieceFailed(piece), !coming);
    return coming ? 'requested' : 'missing';
  }
  return undefined;
}
