// The line of handshakes: in virtual time with ten thousand clients that return at once, and rule by rule.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../../../src/foundation/base/prng.js';
import { HandshakeLine, type LineOptions } from '../../../src/foundation/wire/handshakes.js';
import {
  HANDSHAKE_LINE_MS,
  HANDSHAKES_BARRED_MS,
  HANDSHAKES_FAILED_MAX,
  STRANGERS_BURST,
  STRANGERS_PER_SECOND,
  TRACKER_HANDSHAKES_MAX,
} from '../../../src/foundation/wire/limits.js';
import {
  HANDSHAKE_PATIENCE_MS,
  TRACKER_RETRY_MAX_MS,
  TRACKER_RETRY_MIN_MS,
} from '../../../src/tracking/announce/limits.js';

const CLIENTS = 10_000;
/** Dials that the network spreads by itself. */
const ARRIVAL_SPREAD_MS = 1_000;

interface Storm {
  /** When the last client was in, in seconds. */
  readonly allInS: number;
  /** Handshakes that ended after their client had given up. */
  readonly forNobody: number;
}

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** Earliest first. */
class Agenda {
  readonly #heap: Event[] = [];
  nowMs = 0;

  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMs, run });
    for (let at = heap.length - 1; at > 0; ) {
      const up = (at - 1) >> 1;
      if ((heap[up]?.atMs ?? 0) <= (heap[at]?.atMs ?? 0)) break;
      this.#swap(at, up);
      at = up;
    }
  }

  run(untilMs: number, isDone: () => boolean): void {
    while (!isDone()) {
      const [first] = this.#heap;
      if (first === undefined || first.atMs > untilMs) return;
      const last = this.#heap.pop();
      if (last !== undefined && this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#sink();
      }
      this.nowMs = first.atMs;
      first.run();
    }
  }

  #sink(): void {
    const heap = this.#heap;
    const timeAt = (at: number): number => heap[at]?.atMs ?? Number.POSITIVE_INFINITY;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const least = timeAt(right) < timeAt(left) ? right : left;
      if (timeAt(least) >= timeAt(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first !== undefined) this.#heap[b] = first;
    if (second !== undefined) this.#heap[a] = second;
  }
}

interface StormOptions extends Partial<LineOptions> {
  readonly spreadMs?: number;
  /** Whoever has given up is known for it before the handshake, as a connection that has ended is. */
  readonly looksFirst?: boolean;
}

/** A tracker that shakes one hand at a time, and clients with our back-off. @param costMs of one handshake. */
function storm(
  costMs: number,
  { spreadMs = ARRIVAL_SPREAD_MS, looksFirst = false, ...options }: StormOptions = {},
): Storm {
  const agenda = new Agenda();
  const prng = new Prng(1);
  const line = new HandshakeLine({ underWayMax: TRACKER_HANDSHAKES_MAX, waitingMax: CLIENTS, ...options });
  const waits = new Map<number, () => boolean>();
  const gone = new Set<number>();
  let [inside, forNobody, lastConnection, freeAtMs] = [0, 0, 0, 0];

  const begin = (first: number): void => {
    let connection = first;
    while (looksFirst && gone.delete(connection)) {
      waits.delete(connection);
      const next = line.ended(connection, 'left', agenda.nowMs);
      if (next === undefined) return;
      connection = next;
    }
    freeAtMs = Math.max(freeAtMs, agenda.nowMs) + costMs;
    agenda.at(freeAtMs, () => {
      const isWaiting = waits.get(connection)?.() === true;
      waits.delete(connection);
      if (isWaiting) inside += 1;
      else forNobody += 1;
      const next = line.ended(connection, isWaiting ? 'in' : 'left', agenda.nowMs);
      if (next !== undefined) begin(next);
    });
  };
  const dial = (failures: number): void => {
    lastConnection += 1;
    const connection = lastConnection;
    const place = line.arrive(connection, `10.0.0.${connection % 200}`, agenda.nowMs);
    const again = (): void => {
      const boundMs = Math.min(TRACKER_RETRY_MAX_MS, TRACKER_RETRY_MIN_MS * 2 ** failures);
      agenda.at(agenda.nowMs + 1 + prng.next() * boundMs, () => dial(failures + 1));
    };
    if (place === 'refuse') {
      again();
      return;
    }
    let isWaiting = true;
    waits.set(connection, () => {
      const was = isWaiting;
      isWaiting = false;
      return was;
    });
    agenda.at(agenda.nowMs + HANDSHAKE_PATIENCE_MS, () => {
      if (!isWaiting) return;
      isWaiting = false;
      gone.add(connection);
      again();
    });
    if (place === 'begin') begin(connection);
  };
  for (let client = 0; client < CLIENTS; client += 1) agenda.at(prng.next() * spreadMs, () => dial(0));
  agenda.run(600_000, () => inside === CLIENTS);
  assert.equal(inside, CLIENTS, 'all are in at last');
  return { allInS: agenda.nowMs / 1000, forNobody };
}

for (const [costMs, boundS] of [
  [1.5, 17],
  [3, 70],
  [6, 100],
] as const) {
  test(`10,000 clients that return at once are in within ${boundS} s at ${costMs} ms a handshake, none of it for nobody`, () => {
    const { allInS, forNobody } = storm(costMs);
    assert.ok(allInS <= boundS, `all in after ${allInS} s`);
    assert.equal(forNobody, 0);
  });
}

test('10,000 clients that come before any handshake was measured: of those that are begun one in twenty at most is for nobody', () => {
  const slow = { spreadMs: 1 };
  assert.ok(storm(8, slow).forNobody > CLIENTS / 20, 'the line is longer than their patience at first');
  assert.ok(storm(8, { ...slow, looksFirst: true }).forNobody <= CLIENTS / 20);
});

test('a line without a bound shakes hands with those who have given up', () => {
  const { forNobody } = storm(6, { lineMs: Number.POSITIVE_INFINITY });
  assert.ok(forNobody > 1_000, `${forNobody} handshakes for nobody`);
});

test('the oldest of an address goes first, and addresses take turns', () => {
  const line = new HandshakeLine({ underWayMax: 1, waitingMax: 100 });
  assert.equal(line.arrive(1, 'a', 0), 'begin');
  for (const connection of [2, 3, 4]) assert.equal(line.arrive(connection, 'a', 0), 'wait');
  assert.equal(line.arrive(5, 'b', 0), 'wait');
  assert.equal(line.ended(3, 'left', 0), undefined, 'it gave up in the line');
  const order: (number | undefined)[] = [];
  for (let next: number | undefined = 1; next !== undefined; ) {
    next = line.ended(next, 'in', 1);
    order.push(next);
  }
  assert.deepEqual(order, [2, 5, 4, undefined]);
});

test('a full line turns away, and has room for an address that has less than its share', () => {
  const line = new HandshakeLine({ underWayMax: 1, waitingMax: 4 });
  line.arrive(0, 'a', 0);
  for (const connection of [1, 2, 3, 4]) assert.equal(line.arrive(connection, 'a', 0), 'wait');
  assert.equal(line.arrive(5, 'a', 0), 'refuse');
  assert.equal(line.arrive(6, 'b', 0), 'wait');
  assert.equal(line.ended(0, 'in', 1), 1);
  assert.equal(line.ended(1, 'in', 2), 6, 'it does not stand behind them');
});

test('slow handshakes make the line shorter', () => {
  const line = new HandshakeLine({ underWayMax: 1, waitingMax: 10_000 });
  line.arrive(0, 'a', 0);
  let [last, nowMs, current] = [0, 0, 0];
  const fill = (): void => {
    do last += 1;
    while (line.arrive(last, 'a', nowMs) === 'wait');
  };
  for (let round = 0; round < 200; round += 1) {
    fill();
    nowMs += 100;
    current = line.ended(current, 'in', nowMs) ?? 0;
  }
  while (line.waiting > (HANDSHAKE_LINE_MS / 100) * 1.1) {
    nowMs += 100;
    current = line.ended(current, 'in', nowMs) ?? 0;
  }
  fill();
  assert.ok(line.waiting <= (HANDSHAKE_LINE_MS / 100) * 1.1, `${line.waiting} wait`);
});

test('an address whose handshakes fail is not served for a while, unless a member is connected from there', () => {
  const line = new HandshakeLine({ underWayMax: 1, waitingMax: 100 });
  const fail = (from: number, host: string): void => {
    for (let connection = from; connection < from + HANDSHAKES_FAILED_MAX; connection += 1) {
      assert.equal(line.arrive(connection, host, 0), 'begin');
      line.ended(connection, 'failed', 0);
    }
  };
  fail(100, 'bad');
  assert.equal(line.arrive(1, 'bad', 0), 'refuse');
  assert.equal(line.arrive(2, 'good', 0), 'begin');
  line.ended(2, 'in', 0);
  fail(200, 'good');
  assert.equal(line.arrive(3, 'good', 0), 'begin', 'one of its members is in');
  line.ended(3, 'left', 0);
  line.memberLeft('good');
  assert.equal(line.arrive(4, 'good', 0), 'refuse');
  assert.equal(line.arrive(5, 'bad', HANDSHAKES_BARRED_MS), 'begin');
});

test('strangers of one address cost no more handshakes than may join, however many come, unless a member is in from there', () => {
  const line = new HandshakeLine({ underWayMax: TRACKER_HANDSHAKES_MAX, waitingMax: 1_000 });
  let shaken = 0;
  let connection = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 2) {
    connection += 1;
    if (line.arrive(connection, 'bad', nowMs) !== 'begin') continue;
    shaken += 1;
    line.ended(connection, 'stranger', nowMs);
  }
  const most = STRANGERS_BURST + 10 * STRANGERS_PER_SECOND;
  assert.ok(shaken <= most + 1 && shaken >= most - 1, `${shaken} of 5,000 in ten seconds`);
  assert.equal(line.arrive(9_000, 'good', 10_000), 'begin');
  line.ended(9_000, 'in', 10_000);
  for (let at = 0; at < 2 * STRANGERS_BURST; at += 1) {
    assert.equal(line.arrive(10_000 + at, 'good', 10_000), 'begin', 'one of its members is in');
    line.ended(10_000 + at, 'stranger', 10_000);
  }
});

test('strangers that wait when their address has had its share are given up, and keep no other address waiting', () => {
  const line = new HandshakeLine({ underWayMax: 4, waitingMax: 1_000 });
  for (let at = 0; at < 500; at += 1) line.arrive(at, 'bad', 0);
  line.arrive(600, 'good', 0);
  line.arrive(601, 'good', 0);
  const served = new Set<number>();
  for (let next: number | undefined = 0; next !== undefined; ) {
    served.add(next);
    next = line.ended(next, next < 500 ? 'stranger' : 'in', 1);
  }
  const givenUp = line.takeGivenUp();
  assert.ok(served.size <= STRANGERS_BURST + 2, `${served.size} were served`);
  assert.equal(givenUp.length + served.size + 3, 502, 'three are under way');
  assert.deepEqual(line.takeGivenUp(), []);
  assert.equal(line.waiting, 0);
  for (const each of givenUp) assert.equal(line.ended(each, 'left', 2), undefined);
  assert.equal(line.arrive(700, 'bad', 1), 'refuse');
  assert.equal(line.arrive(701, 'bad', 60_000), 'begin');
});

test('handshakes that never end take no more than three quarters of the places, however many come from there', () => {
  const line = new HandshakeLine({ underWayMax: TRACKER_HANDSHAKES_MAX, waitingMax: 1_000 });
  const places = Array.from({ length: 100 }, (_, at) => line.arrive(at, 'bad', 0));
  assert.equal(places.filter((place) => place === 'begin').length, (TRACKER_HANDSHAKES_MAX * 3) / 4);
  for (let at = 0; at < TRACKER_HANDSHAKES_MAX / 4; at += 1)
    assert.equal(line.arrive(1_000 + at, `good-${at}`, 0), 'begin');
  assert.equal(line.arrive(2_000, 'late', 0), 'wait', 'all are taken');
  assert.equal(line.ended(1_000, 'in', 1), 2_000, 'the place goes to nobody who has his share');
  assert.equal(line.ended(2_000, 'in', 2), undefined);
  assert.equal(line.arrive(2_001, 'good', 3), 'begin');
  const served = new Set<number>();
  for (let next = line.ended(0, 'left', 4); next !== undefined; next = line.ended(next, 'left', 5)) served.add(next);
  assert.equal(served.size, 100 - (TRACKER_HANDSHAKES_MAX * 3) / 4, 'and all of them have their turn');
});
