// The table of requests: a piece is in exactly one state, a slot has one owner, both indexes agree, limits hold. Every
// event in every state, and random histories beside a plain model of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { ENDGAME_REQUESTS_MAX } from '../../../src/transfer/download/limits.js';
import { OwnPieces } from '../../../src/transfer/download/requests/own-pieces.js';
import type { PieceRequest, RequestState } from '../../../src/transfer/download/requests/piece-request.js';
import { type PieceState, RequestTable } from '../../../src/transfer/download/requests/request-table.js';
import { SlotPool } from '../../../src/transfer/download/requests/slots.js';

const PIECE = 2;
const PIECES = 4;
const FILE = 7;
const CONNECTIONS = [1, 2, 3] as const;
const SOURCE = { host: '192.0.2.1', port: 7000 };

function tableOf(pieces = PIECES, had: readonly number[] = [], capacity = 20) {
  const have = new Bitfield(pieces);
  for (const piece of had) have.set(piece);
  const slots = new SlotPool(capacity);
  const table = new RequestTable({
    file: FILE,
    geometry: new Geometry(pieces * PIECE_SIZE),
    pieces: new OwnPieces(have),
    slots,
  });
  const views = new Map(CONNECTIONS.map((connection) => [connection as number, table.connected(connection)]));
  return { table, have, slots, views };
}

interface Stage extends ReturnType<typeof tableOf> {
  /** Asked for while the piece is requested; closed afterwards. */
  first: PieceRequest | undefined;
}

/** Begun and sent whole. */
function request(table: RequestTable, connection: number, piece = PIECE): PieceRequest {
  const [begun] = table.begin(connection, [piece], 0);
  assert.ok(begun !== undefined);
  table.sent(begun, begun.length, 0);
  return begun;
}

/** Its last block is answered. */
function arrives(table: RequestTable, request: PieceRequest): boolean {
  assert.equal(table.blockAnswered(request), true);
  return table.arrived(request, SOURCE);
}

/** A table whose piece was led into `state`. */
function stage(state: PieceState): Stage {
  const made: Stage = { ...tableOf(), first: undefined };
  if (state === 'missing') return made;
  made.first = request(made.table, 1);
  if (state === 'requested') return made;
  assert.equal(arrives(made.table, made.first), true);
  if (state === 'have') made.table.stored(PIECE);
  assert.equal(made.table.stateOf(PIECE), state);
  return made;
}

type Event = 'begin' | 'arrived' | 'end' | 'withdrawAndAbandon' | 'stored' | 'storeFailed';

const firstOf = ({ first }: Stage): PieceRequest => {
  if (first === undefined) throw Object.assign(new Error('nothing to end'), { name: 'AssertionFailed' });
  return first;
};

const EVENTS: Readonly<Record<Event, (stage: Stage) => unknown>> = {
  begin: ({ table }) => table.begin(2, [PIECE], 0),
  arrived: (at) => arrives(at.table, firstOf(at)),
  end: (at) => at.table.end(firstOf(at)),
  withdrawAndAbandon: (at) => {
    at.table.withdraw(firstOf(at), { connection: 3, sinceMs: 0 });
    return at.table.abandon(firstOf(at));
  },
  stored: ({ table }) => table.stored(PIECE),
  storeFailed: ({ table }) => table.storeFailed(PIECE),
};

/** state → event → state afterwards; an event that is not there is a mistake. */
const TRANSITIONS: Readonly<Record<PieceState, Partial<Record<Event, PieceState>>>> = {
  missing: { begin: 'requested' },
  requested: { begin: 'requested', arrived: 'storing', end: 'missing', withdrawAndAbandon: 'missing' },
  storing: { stored: 'have', storeFailed: 'missing' },
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
  const { table } = tableOf(10, [0, 3, 4, 9]);
  for (let piece = 0; piece < 10; piece += 1) {
    assert.equal(table.stateOf(piece), [0, 3, 4, 9].includes(piece) ? 'have' : 'missing');
  }
});

test('the first of two requests stores the piece; the second is late and says so', () => {
  const { table } = tableOf();
  const [first, second] = [request(table, 1), request(table, 2)];
  assert.equal(arrives(table, second), true);
  assert.equal(arrives(table, first), false);
  assert.equal(table.end(first), false);
  assert.equal(table.stateOf(PIECE), 'storing');
  assert.deepEqual(table.of(PIECE), []);
});

test('a piece is missing again only when nobody is asked for it any more', () => {
  const { table } = tableOf();
  const [first, second] = [request(table, 1), request(table, 2)];
  assert.equal(table.end(first), false);
  assert.equal(table.stateOf(PIECE), 'requested');
  assert.equal(table.end(second), true);
  assert.equal(table.stateOf(PIECE), 'missing');
});

test('wrong bytes leave a piece requested while a live request for it is open, and missing when that was withdrawn', () => {
  for (const isWithdrawn of [false, true]) {
    const { table } = tableOf();
    const [first, second] = [request(table, 1), request(table, 2)];
    arrives(table, first);
    if (isWithdrawn) table.withdraw(second);
    assert.equal(table.storeFailed(PIECE), isWithdrawn, 'true: it is to be asked for again');
    assert.equal(table.stateOf(PIECE), isWithdrawn ? 'missing' : 'requested');
  }
});

test('a piece has few live requests, each at another peer; a withdrawn one does not count', () => {
  const { table } = tableOf();
  const first = request(table, 1);
  assert.throws(() => table.begin(1, [PIECE], 0), /a peer is asked for a piece once/);
  const second = request(table, 2);
  assert.equal(ENDGAME_REQUESTS_MAX, 2);
  assert.throws(() => table.begin(3, [PIECE], 0), /few live requests/);
  table.withdraw(first);
  const { table: again } = tableOf();
  const withdrawn = request(again, 1);
  again.withdraw(withdrawn);
  const live = [request(again, 2), request(again, 3)];
  assert.deepEqual([...again.requested()], [live]);
  assert.deepEqual([...table.requested()], [[second]]);
});

test('a piece arrives only when no block of it is in flight: its peer may still write to the slot', () => {
  const { table } = tableOf();
  const first = request(table, 1);
  assert.throws(() => table.arrived(first, SOURCE), /a slot has one writer/);
  assert.equal(table.stateOf(PIECE), 'requested');
});

test('a request is ended once', () => {
  const { table } = tableOf();
  const first = request(table, 1);
  table.end(first);
  assert.throws(() => table.end(first), /a request ends once/);
  assert.throws(() => table.arrived(first, SOURCE), /a request ends once/);
});

test('a request that was not sent whole, or was refused, never counts as whole', () => {
  for (const spoil of ['withdraw', 'refuse'] as const) {
    const { table } = tableOf();
    const [begun] = table.begin(1, [PIECE], 0);
    assert.ok(begun !== undefined);
    table.sent(begun, 1_000, 0);
    if (spoil === 'withdraw') assert.equal(table.withdraw(begun), false, 'a block of it is in flight');
    else assert.equal(table.refused(begun), true);
    assert.equal(table.unsent, undefined, 'its rest is not sent any more');
    assert.equal(table.blockAnswered(begun), true);
    assert.equal(table.arrived(begun, SOURCE), false);
  }
});

// --- random histories beside a model ---

interface ModelRequest {
  readonly piece: number;
  readonly connection: number;
  state: RequestState['at'];
  unsent: number;
  blocks: number;
  whole: boolean;
  successor: number | undefined;
}

type Op = readonly [
  'begin' | 'send' | 'receive' | 'reject' | 'withdraw' | 'abandon' | 'leave' | 'settle',
  number,
  number,
  number,
];

/** What the table is told, and a plain list of what that makes true. */
class Model {
  readonly real = tableOf(PIECES, [], 5);
  readonly states: PieceState[] = new Array<PieceState>(PIECES).fill('missing');
  requests: ModelRequest[] = [];

  play([what, connection, piece, extra]: Op): void {
    const { table } = this.real;
    if (what === 'begin') this.#begin(connection, piece, 1 + (extra % 2));
    if (what === 'settle') this.#settle(extra);
    if (what === 'leave') this.#leave(connection);
    // All others happen to one of the requests that are open.
    const mine = this.requests[(piece * 4 + extra) % this.requests.length];
    if (mine === undefined) return;
    const request = this.real.views.get(mine.connection)?.get(mine.piece);
    assert.ok(request !== undefined);
    if (what === 'send' && mine.state === 'waitingForLimit') {
      const bytes = extra % 2 === 0 ? mine.unsent : Math.ceil(mine.unsent / 2);
      table.sent(request, bytes, 0);
      mine.blocks += 1;
      mine.unsent -= bytes;
      if (mine.unsent === 0) mine.state = 'sent';
    }
    if (what === 'receive' || what === 'reject') this.#answer(mine, request, what === 'receive');
    if (what === 'withdraw' && mine.state !== 'withdrawn') {
      const successor = extra % 2 === 0 ? undefined : { connection: extra, sinceMs: 0 };
      const isIdle = table.withdraw(request, successor);
      assert.equal(isIdle, mine.blocks === 0);
      Object.assign(mine, { whole: mine.state === 'sent', state: 'withdrawn', successor: successor?.connection });
      if (isIdle) this.#end(mine, request);
    }
    if (what === 'abandon' && mine.state === 'withdrawn') {
      mine.successor = undefined;
      assert.equal(table.abandon(request), this.#losesLast(mine.piece));
    }
  }

  check(): void {
    const { table, have, slots, views } = this.real;
    const held = new Set<number>();
    for (const [piece, state] of this.states.entries()) {
      assert.equal(table.stateOf(piece), state);
      assert.equal(have.has(piece), state === 'have');
      const requests = table.of(piece);
      const expected = this.requests.filter((each) => each.piece === piece);
      assert.deepEqual(requests.map(shown), expected.map(shownOfModel), 'the index by piece');
      assert.ok(requests.filter((each) => each.state.at !== 'withdrawn').length <= ENDGAME_REQUESTS_MAX);
      for (const each of requests) {
        assert.equal(views.get(each.connection)?.get(piece), each, 'both indexes hold the same request');
        assert.ok(!held.has(each.slot), 'a slot has one owner');
        held.add(each.slot);
      }
    }
    for (const [connection, view] of views) {
      const expected = this.requests.filter((each) => each.connection === connection);
      assert.deepEqual([...view.values()].map(shown), expected.map(shownOfModel), 'the index by peer');
    }
    const moving = this.requests.filter(({ successor }) => successor !== undefined);
    assert.equal(table.migrating.size, moving.length);
    for (const to of [1, 3])
      assert.equal(table.promisedTo(to), moving.filter(({ successor }) => successor === to).length);
    const storing = this.states.filter((state) => state === 'storing').length;
    assert.equal(table.storingCount, storing);
    assert.equal(slots.heldBy(FILE), this.requests.length + storing, 'every slot is a request’s or the hash pool’s');
    assert.equal(table.room, slots.capacity - slots.heldBy(FILE));
  }

  #begin(connection: number, piece: number, count: number): void {
    const { table } = this.real;
    const pieces = [piece, piece + 1].slice(0, count).filter((each) => each < PIECES);
    const mayBegin = pieces.every((each) => {
      const open = this.requests.filter((other) => other.piece === each);
      const isAskable = this.states[each] === 'missing' || this.states[each] === 'requested';
      const live = open.filter(({ state }) => state !== 'withdrawn').length;
      return isAskable && live < ENDGAME_REQUESTS_MAX && !open.some((other) => other.connection === connection);
    });
    if (!mayBegin) return;
    if (table.unsent !== undefined) {
      assert.throws(() => table.begin(connection, pieces, 0), /sent to its end before another begins/);
      return;
    }
    const { room } = table;
    const run = table.begin(connection, pieces, 0);
    assert.equal(run.length, Math.min(room, pieces.length), 'as many as there are slots for');
    for (const { piece: each, length } of run) {
      this.states[each] = 'requested';
      const fresh = { state: 'waitingForLimit', unsent: length, blocks: 0, whole: true, successor: undefined } as const;
      this.requests.push({ piece: each, connection, ...fresh });
    }
  }

  #answer(mine: ModelRequest, request: PieceRequest, isReceived: boolean): void {
    const { table } = this.real;
    if (mine.blocks === 0) {
      assert.throws(() => table.blockAnswered(request), /a block is answered once/);
      return;
    }
    if (!isReceived) {
      assert.equal(table.refused(request), mine.state !== 'withdrawn');
      mine.whole = false;
      mine.unsent = 0;
      if (mine.state !== 'withdrawn') mine.state = 'refused';
    }
    mine.blocks -= 1;
    const isLast = mine.blocks === 0 && mine.state !== 'waitingForLimit';
    assert.equal(table.blockAnswered(request), isLast);
    if (!isLast) return;
    const arrives = mine.whole && this.states[mine.piece] === 'requested';
    assert.equal(table.arrived(request, SOURCE), arrives);
    if (!arrives) this.#end(mine, request);
    else {
      this.#forget(mine);
      this.states[mine.piece] = 'storing';
      assert.deepEqual(table.sourceOf(mine.piece), SOURCE);
    }
  }

  #end(mine: ModelRequest, request: PieceRequest): void {
    this.#forget(mine);
    assert.equal(this.real.table.end(request), this.#losesLast(mine.piece));
  }

  #leave(connection: number): void {
    const { table, views } = this.real;
    const mine = this.requests.filter((each) => each.connection === connection);
    const missing: number[] = [];
    for (const each of mine) {
      this.#forget(each);
      if (this.#losesLast(each.piece)) missing.push(each.piece);
    }
    assert.deepEqual(table.disconnected(connection), missing);
    views.set(connection, table.connected(connection));
  }

  #settle(extra: number): void {
    const { table } = this.real;
    const storing = this.states.flatMap((state, piece) => (state === 'storing' ? [piece] : []));
    const piece = storing[extra % storing.length];
    if (piece === undefined) return;
    if (extra < 2) {
      table.stored(piece);
      this.states[piece] = 'have';
      return;
    }
    this.states[piece] = 'requested';
    assert.equal(table.storeFailed(piece), this.#losesLast(piece));
  }

  /** No live request is left for a requested piece: it is missing. */
  #losesLast(piece: number): boolean {
    const isLive = this.requests.some((each) => each.piece === piece && each.state !== 'withdrawn');
    if (this.states[piece] !== 'requested' || isLive) return false;
    this.states[piece] = 'missing';
    return true;
  }

  #forget(mine: ModelRequest): void {
    this.requests = this.requests.filter((each) => each !== mine);
  }
}

function shown({ piece, connection, blocks, state }: PieceRequest) {
  const unsent = state.at === 'waitingForLimit' ? state.unsent : 0;
  return { piece, connection, blocks, at: state.at, unsent };
}

function shownOfModel({ piece, connection, blocks, state, unsent }: ModelRequest) {
  return { piece, connection, blocks, at: state, unsent: state === 'waitingForLimit' ? unsent : 0 };
}

test('after any legal history, states, indexes, slots and limits agree with a plain list of what happened', () => {
  const op = fc.tuple(
    fc.constantFrom('begin', 'begin', 'send', 'send', 'receive', 'reject', 'withdraw', 'abandon', 'leave', 'settle'),
    fc.constantFrom(...CONNECTIONS),
    fc.nat(PIECES - 1),
    fc.nat(3),
  ) as fc.Arbitrary<Op>;
  const ends = { missing: 0, requested: 0, storing: 0, have: 0 };
  fc.assert(
    fc.property(fc.array(op, { maxLength: 120, size: 'max' }), (ops) => {
      const model = new Model();
      for (const each of ops) {
        model.play(each);
        model.check();
      }
      for (const state of model.states) ends[state] += 1;
    }),
    { numRuns: 200 },
  );
  for (const [state, count] of Object.entries(ends)) assert.ok(count > 0, `some history ends with a piece ${state}`);
});
