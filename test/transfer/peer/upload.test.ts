// Whose request is served next: fair by bytes among those who ask, whenever they came, and bounded for each (P13, P18).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bucket } from '../../../src/foundation/base/bucket.js';
import {
  BLOCK_BYTES_MIN,
  PIECE_SIZE,
  RATE_BURST_MS,
  RUN_BYTES_MAX,
  UPLOAD_REQUESTS_PER_PEER_MAX,
} from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import { type Block, sameBlock } from '../../../src/foundation/torrent/block.js';
import {
  UPLOAD_BUFFERS_PER_PEER_MAX,
  UPLOAD_BYTES_PER_PEER_MAX,
  UPLOAD_LEAD_BYTES_MAX,
} from '../../../src/transfer/peer/limits.js';
import { UploadsInFlight } from '../../../src/transfer/peer/upload/in-flight.js';
import { type Upload, UploadScheduler } from '../../../src/transfer/peer/upload/scheduler.js';
import { UploadCounts } from '../../../src/transfer/peer/upload/upload-counts.js';
import { cases } from '../../support/cases.js';

/** A scheduler and the book of what is in flight, together as the machine uses them. */
class Uploading extends UploadScheduler {
  readonly #book: UploadsInFlight;

  constructor(seed: number) {
    const book = new UploadsInFlight();
    super(new Prng(seed), book);
    this.#book = book;
  }

  override next(bytesMax = RUN_BYTES_MAX): Upload | undefined {
    const upload = super.next(bytesMax);
    if (upload === undefined) return undefined;
    const buffers = new Array<number>(Math.ceil(upload.block.length / PIECE_SIZE)).fill(0);
    this.#book.begin(upload.connection, upload.block, buffers, 0);
    return upload;
  }

  override remove(connection: number): void {
    super.remove(connection);
    this.#book.forget(connection);
  }

  /** An upload of this length was taken by the socket, or has failed. */
  sent(connection: number, length: number, hasFailed = false): Block | undefined {
    const upload = [...this.#book.untaken()].find(
      (one) => one.connection === connection && one.block.length === length,
    );
    assert.ok(upload !== undefined, 'it is in flight');
    this.#book.failed(upload.upload);
    return this.ended(connection, hasFailed);
  }

  inFlight(connection: number): number {
    return this.#book.heldBy(connection).bytes;
  }
}

const block = (piece: number, length = PIECE_SIZE) => ({ piece, begin: 0, length });

/** Serves `turns` blocks, each taken by its socket at once; every connection asks again for what it got. */
function serve(scheduler: Uploading, turns: number): Map<number, number> {
  const given = new Map<number, number>();
  for (let turn = 0; turn < turns; turn += 1) {
    const upload = scheduler.next();
    if (upload === undefined) break;
    given.set(upload.connection, (given.get(upload.connection) ?? 0) + upload.block.length);
    scheduler.enqueue(upload.connection, upload.block);
    scheduler.sent(upload.connection, upload.block.length);
  }
  return given;
}

test('P18: those who ask all the time get the same bytes, whatever the size of their blocks', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: PIECE_SIZE }), { minLength: 2, maxLength: 10 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const scheduler = new Uploading(1);
      for (const [connection, length] of lengths.entries()) {
        scheduler.add(connection);
        for (let at = 0; at < 4; at += 1) scheduler.enqueue(connection, block(at, length));
      }
      const given = serve(scheduler, 2_000);
      const shares = lengths.map((_, connection) => given.get(connection) ?? 0);
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 2 * PIECE_SIZE, shares.join());
    }),
    { numRuns: cases(50) },
  );
});

test('a newcomer neither waits for the others nor catches up with them', () => {
  const scheduler = new Uploading(1);
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  serve(scheduler, 1_000);
  scheduler.add(2);
  scheduler.enqueue(2, block(0));
  const given = serve(scheduler, 100);
  assert.ok(Math.abs((given.get(1) ?? 0) - (given.get(2) ?? 0)) <= 2 * PIECE_SIZE);
});

test('who was idle for long gets its share from now on, and not its past, even if the other is idle at that moment', () => {
  const scheduler = new Uploading(1);
  for (const connection of [1, 2]) scheduler.add(connection);
  // Connection 1 fetches a thousand pieces while 2 asks for nothing.
  for (let piece = 0; piece < 1_000; piece += 1) {
    scheduler.enqueue(1, block(piece));
    assert.equal(scheduler.next()?.connection, 1);
    scheduler.sent(1, PIECE_SIZE);
  }
  assert.deepEqual([scheduler.hasQueued, scheduler.inFlight(1)], [false, 0]);
  scheduler.enqueue(2, block(0));
  scheduler.enqueue(2, block(1));
  scheduler.enqueue(1, block(0));
  const given = serve(scheduler, 100);
  assert.ok(Math.abs((given.get(1) ?? 0) - (given.get(2) ?? 0)) <= 2 * PIECE_SIZE, JSON.stringify([...given]));
});

test('with greedy and polite peers, coming and going, nobody who asks waits longer than its turn', () => {
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'ask', 'ask', 'serve', 'serve'), fc.nat(4));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const scheduler = new Uploading(1);
      const asking = new Map<number, number>();
      const turnsWaited = new Map<number, number>();
      for (const [what, connection] of steps) {
        if (what === 'add' && !asking.has(connection)) {
          scheduler.add(connection);
          asking.set(connection, 0);
        } else if (what === 'remove' && asking.delete(connection)) {
          scheduler.remove(connection);
          turnsWaited.delete(connection);
        } else if (what === 'ask' && asking.has(connection)) {
          if (scheduler.enqueue(connection, block(1))) asking.set(connection, (asking.get(connection) ?? 0) + 1);
        } else if (what === 'serve') {
          const served = scheduler.next();
          assert.equal(
            served === undefined,
            [...asking.values()].every((count) => count === 0),
          );
          if (served === undefined) continue;
          scheduler.sent(served.connection, PIECE_SIZE);
          asking.set(served.connection, (asking.get(served.connection) ?? 0) - 1);
          turnsWaited.delete(served.connection);
          for (const [other, count] of asking) {
            if (count > 0 && other !== served.connection) turnsWaited.set(other, (turnsWaited.get(other) ?? 0) + 1);
            else turnsWaited.delete(other);
          }
          // Up to four others, each one block ahead at most, and one more for who came level.
          for (const turns of turnsWaited.values()) assert.ok(turns <= 10, `${turns} turns`);
        }
      }
    }),
    { numRuns: cases(500) },
  );
});

test('P18: among twenty that keep all the requests waiting that they may, two that ask for one block at a time get their share', () => {
  const [greedy, all] = [20, 22];
  const scheduler = new Uploading(1);
  const given = new Array<number>(all).fill(0);
  for (let connection = 0; connection < all; connection += 1) {
    scheduler.add(connection);
    const window = connection < greedy ? UPLOAD_REQUESTS_PER_PEER_MAX : 1;
    for (let piece = 0; piece < window; piece += 1) scheduler.enqueue(connection, block(piece));
  }
  /** A polite peer asks again a round trip after it has got what it asked for. */
  const onTheirWay: (number | undefined)[] = [undefined, undefined, undefined];
  for (let turn = 0; turn < 100 * all; turn += 1) {
    const upload = scheduler.next();
    assert.ok(upload !== undefined);
    const { connection } = upload;
    given[connection] = (given[connection] ?? 0) + upload.block.length;
    scheduler.sent(connection, upload.block.length);
    if (connection < greedy) scheduler.enqueue(connection, upload.block);
    onTheirWay.push(connection < greedy ? undefined : connection);
    const asks = onTheirWay.shift();
    if (asks !== undefined) scheduler.enqueue(asks, block(turn));
  }
  const fair = given.reduce((sum, bytes) => sum + bytes, 0) / all;
  for (const bytes of given.slice(greedy)) assert.ok(bytes >= 0.6 * fair, `${bytes} of ${fair}`);
});

test('P13: one connection has bounded bytes under way and bounded requests waiting', () => {
  const scheduler = new Uploading(1);
  scheduler.add(1);
  for (let piece = 0; piece < UPLOAD_REQUESTS_PER_PEER_MAX; piece += 1)
    assert.equal(scheduler.enqueue(1, block(piece)), true);
  assert.equal(scheduler.enqueue(1, block(99)), false, 'a flood');
  while (scheduler.next() !== undefined) assert.ok(scheduler.inFlight(1) <= UPLOAD_BYTES_PER_PEER_MAX);
  assert.equal(scheduler.inFlight(1), UPLOAD_BYTES_PER_PEER_MAX);
  scheduler.add(2);
  scheduler.enqueue(2, block(0));
  assert.equal(scheduler.next()?.connection, 2, 'others go on');
});

test('P13: one connection has bounded buffers, whether small blocks or runs fill them', () => {
  const scheduler = new Uploading(1);
  scheduler.add(1);
  for (const small of [0, 1, 2]) scheduler.enqueue(1, block(small, BLOCK_BYTES_MIN));
  scheduler.enqueue(1, block(3, 3 * PIECE_SIZE));
  scheduler.enqueue(1, block(6, BLOCK_BYTES_MIN));
  const given: Block[] = [];
  for (let upload = scheduler.next(); upload !== undefined; upload = scheduler.next()) given.push(upload.block);
  assert.equal(given.length, 3, 'the run would take three buffers more');
  scheduler.sent(1, BLOCK_BYTES_MIN);
  assert.equal(scheduler.next(), undefined);
  scheduler.sent(1, BLOCK_BYTES_MIN);
  assert.equal(scheduler.next()?.block.length, 3 * PIECE_SIZE);
  assert.equal(scheduler.next(), undefined, 'all four are lent');
  scheduler.sent(1, 3 * PIECE_SIZE);
  assert.equal(scheduler.next()?.block.piece, 6);
});

test('a waiting request can be withdrawn, one under way cannot', () => {
  const scheduler = new Uploading(1);
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  scheduler.enqueue(1, block(1));
  scheduler.next();
  assert.equal(scheduler.cancel(1, block(0)), undefined);
  assert.deepEqual(scheduler.cancel(1, block(1)), block(1));
  assert.equal(scheduler.next(), undefined);
});

test('what is under way when a connection goes ends quietly', () => {
  const scheduler = new Uploading(1);
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  scheduler.next();
  scheduler.remove(1);
  assert.equal(scheduler.sent(1, PIECE_SIZE), undefined);
  scheduler.add(1);
  assert.equal(scheduler.inFlight(1), 0, 'it begins anew');
});

// --- a crowd that fetches one file ---

/** Serves until nobody waits; every block is taken at once. Answers the pieces in the order they went out. */
function piecesServed(scheduler: Uploading): number[] {
  const pieces: number[] = [];
  for (let upload = scheduler.next(); upload !== undefined; upload = scheduler.next()) {
    pieces.push(upload.block.piece);
    scheduler.sent(upload.connection, upload.block.length);
  }
  return pieces;
}

test('whatever a crowd asks, no piece goes out twice while another that somebody asks for was not sent', () => {
  const requests = fc.array(fc.tuple(fc.nat(4), fc.nat(15)), { maxLength: 60 });
  fc.assert(
    fc.property(requests, (asked) => {
      const scheduler = new Uploading(1);
      const copies = new UploadCounts();
      for (let connection = 0; connection < 5; connection += 1) scheduler.add(connection, copies);
      for (const [connection, piece] of asked) scheduler.enqueue(connection, block(piece));
      const served = piecesServed(scheduler);
      const distinct = new Set(asked.map(([, piece]) => piece)).size;
      assert.equal(new Set(served.slice(0, distinct)).size, distinct, served.join());
    }),
  );
});

test('one that asks for what nobody has yet gets ahead of the others, but not far', () => {
  const scheduler = new Uploading(1);
  const copies = new UploadCounts();
  for (const connection of [1, 2]) scheduler.add(connection, copies);
  const given = new Map([
    [1, 0],
    [2, 0],
  ]);
  for (const connection of [1, 2]) for (let at = 0; at < 2; at += 1) scheduler.enqueue(connection, block(0));
  for (let turn = 1; turn < 200; turn += 1) {
    const { connection, block: sent } = scheduler.next() ?? assert.fail('both ask all the time');
    scheduler.sent(connection, sent.length);
    given.set(connection, (given.get(connection) ?? 0) + sent.length);
    // Connection 1 always asks for something new, connection 2 always for the same piece.
    scheduler.enqueue(connection, block(connection === 1 ? turn : 0));
    const lead = (given.get(1) ?? 0) - (given.get(2) ?? 0);
    assert.ok(lead <= UPLOAD_LEAD_BYTES_MAX + PIECE_SIZE, `${lead} bytes ahead`);
  }
  assert.ok((given.get(1) ?? 0) > (given.get(2) ?? 0));
});

test('what was handed out of one file says nothing about another', () => {
  const first = new Set<number | undefined>();
  for (let seed = 0; seed < 20; seed += 1) {
    const scheduler = new Uploading(seed);
    const [often, never] = [new UploadCounts(), new UploadCounts()];
    scheduler.add(1, often);
    scheduler.add(2, never);
    for (let at = 0; at < 5; at += 1) often.add(0);
    scheduler.enqueue(1, block(0));
    scheduler.enqueue(2, block(0));
    first.add(scheduler.next()?.connection);
  }
  assert.deepEqual([...first].sort(), [1, 2], 'it is the lot that decides');
});

test('copies are counted for pieces far apart, and a count that is full stays so', () => {
  const copies = new UploadCounts();
  assert.equal(copies.of(2_000_000), 0);
  copies.add(2_000_000);
  for (let at = 0; at < 300; at += 1) copies.add(3);
  assert.deepEqual([copies.of(2_000_000), copies.of(3), copies.of(4)], [1, 255, 0]);
});

// --- under a limit ---

test('P29: under a limit each of k peers gets its k-th part, whatever they ask for, and the rate is kept', () => {
  const peers = fc.array(fc.constantFrom(PIECE_SIZE, 100_000, BLOCK_BYTES_MIN), { minLength: 1, maxLength: 8 });
  const aRate = fc.integer({ min: 50 * 1024, max: 20 * 1024 * 1024 });
  fc.assert(
    fc.property(peers, aRate, (lengths, rate) => {
      const scheduler = new Uploading(1);
      const bucket = new Bucket(rate, 0);
      const given = lengths.map(() => 0);
      for (const [connection, length] of lengths.entries()) {
        scheduler.add(connection);
        for (let at = 0; at < 4; at += 1) scheduler.enqueue(connection, block(at, length));
      }
      // Long enough for some rounds of whole pieces.
      const untilMs = (lengths.length * 20 * PIECE_SIZE * 1_000) / rate;
      for (let nowMs = 0; nowMs < untilMs; nowMs = Math.max(nowMs + 0.001, bucket.readyMs(nowMs))) {
        if (!bucket.mayPass(nowMs)) continue;
        const upload = scheduler.next(bucket.blockBytes);
        assert.ok(upload !== undefined, 'everyone asks all the time');
        const { connection, completes } = upload;
        bucket.passed(upload.block.length, nowMs);
        given[connection] = (given[connection] ?? 0) + upload.block.length;
        if (completes !== undefined) scheduler.enqueue(connection, completes);
        scheduler.sent(connection, upload.block.length);
      }
      assert.ok(Math.max(...given) - Math.min(...given) <= 2 * PIECE_SIZE, given.join());
      const total = given.reduce((sum, bytes) => sum + bytes, 0);
      // What the bucket promises: never more than its burst and one block above the rate, never less than one block
      // below.
      const owed = (rate * untilMs) / 1_000;
      const above = (rate * RATE_BURST_MS) / 1_000 + PIECE_SIZE;
      assert.ok(total >= owed - PIECE_SIZE && total <= owed + above, `${total} of ${owed}`);
    }),
    // What once failed: a last block that is begun just before the end.
    { numRuns: cases(50), examples: [[[PIECE_SIZE], 10_937_831]] },
  );
});

interface Open {
  readonly connection: number;
  readonly block: Block;
  /** Bytes of it that were given. */
  come: number;
}

/** A scheduler and a plain list of what was asked of it: checks what comes out against the list. */
class Ledger {
  readonly scheduler = new Uploading(1);
  readonly open: Open[] = [];
  readonly #underWay: Upload[] = [];

  ask(connection: number, asked: Block): void {
    if (this.scheduler.enqueue(connection, asked)) this.open.push({ connection, block: asked, come: 0 });
  }

  next(bytesMax: number): boolean {
    const upload = this.scheduler.next(bytesMax);
    if (upload === undefined) return false;
    const { connection, block: part, completes } = upload;
    const mine = this.open.filter((one) => one.connection === connection);
    const one = mine.find((other) => other.block.piece === part.piece);
    assert.ok(part.length <= bytesMax);
    assert.ok(one !== undefined && one.come === part.begin, 'in order, from its begin');
    const begun = mine.filter(({ come, block: { length } }) => come > 0 && come < length);
    assert.ok(
      begun.every((other) => other === one),
      'no other is half-way',
    );
    one.come += part.length;
    assert.equal(completes !== undefined, one.come === one.block.length);
    assert.ok(completes === undefined || sameBlock(completes, one.block));
    this.#underWay.push(upload);
    const buffers = this.#underWay
      .filter((other) => other.connection === connection)
      .reduce((sum, other) => sum + Math.ceil(other.block.length / PIECE_SIZE), 0);
    assert.ok(buffers <= UPLOAD_BUFFERS_PER_PEER_MAX, 'few buffers for one peer');
    return true;
  }

  cancel(connection: number, pick: number): void {
    const mine = this.open.filter((one) => one.connection === connection);
    const one = mine[pick % Math.max(1, mine.length)];
    const rest = one === undefined ? undefined : this.scheduler.cancel(connection, one.block);
    if (rest !== undefined) this.#answered(connection, rest);
  }

  sent(pick: number, failed: boolean): boolean {
    const [upload] = this.#underWay.splice(pick % Math.max(1, this.#underWay.length), 1);
    if (upload === undefined) return false;
    const { connection, block: part, completes } = upload;
    const rest = this.scheduler.sent(connection, part.length, failed);
    if (rest !== undefined) this.#answered(connection, rest);
    if (completes !== undefined) this.#answered(connection, { ...part, begin: completes.length, length: 0 });
    return true;
  }

  #answered(connection: number, rest: Block): void {
    const at = this.open.findIndex(
      (one) =>
        one.connection === connection &&
        sameBlock({ ...one.block, begin: one.come, length: one.block.length - one.come }, rest),
    );
    assert.ok(at >= 0, 'the rest of an open block');
    this.open.splice(at, 1);
  }
}

test('a block in parts comes in order and whole, ends before another begins, and its rest answers a cancel', () => {
  const step = fc.tuple(fc.constantFrom('ask', 'next', 'next', 'sent', 'sent', 'fail', 'cancel'), fc.nat(3), fc.nat());
  const aSize = fc.constantFrom(BLOCK_BYTES_MIN, 3 * BLOCK_BYTES_MIN, PIECE_SIZE, 4 * PIECE_SIZE);
  const lengths = [PIECE_SIZE, 100_000, 3 * PIECE_SIZE];
  fc.assert(
    fc.property(fc.array(fc.tuple(step, aSize), { maxLength: 150 }), (steps) => {
      const ledger = new Ledger();
      for (let connection = 0; connection < 4; connection += 1) ledger.scheduler.add(connection);
      for (const [at, [[what, connection, pick], bytesMax]] of steps.entries()) {
        if (what === 'ask') ledger.ask(connection, block(at, lengths[pick % lengths.length]));
        else if (what === 'next') ledger.next(bytesMax);
        else if (what === 'cancel') ledger.cancel(connection, pick);
        else ledger.sent(pick, what === 'fail');
      }
      // Whatever is open still gets its answer.
      for (let goesOn = true; goesOn; ) goesOn = ledger.sent(0, false) || ledger.next(BLOCK_BYTES_MIN);
      assert.deepEqual(ledger.open, []);
    }),
  );
});

test('a limit that goes away half-way through a block lets its rest go at once', () => {
  const scheduler = new Uploading(1);
  scheduler.add(1);
  scheduler.enqueue(1, block(0));
  const part = scheduler.next(BLOCK_BYTES_MIN);
  assert.deepEqual(part, { connection: 1, block: block(0, BLOCK_BYTES_MIN), completes: undefined });
  assert.equal(scheduler.next(), undefined, 'one part of a block at a time');
  scheduler.sent(1, BLOCK_BYTES_MIN);
  assert.deepEqual(scheduler.next(), {
    connection: 1,
    block: { piece: 0, begin: BLOCK_BYTES_MIN, length: PIECE_SIZE - BLOCK_BYTES_MIN },
    completes: block(0),
  });
});

test('a crowd that comes to every source in the same order is served in another order by each', () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 20; seed += 1) {
    const scheduler = new Uploading(seed);
    for (let connection = 0; connection < 8; connection += 1) {
      scheduler.add(connection);
      scheduler.enqueue(connection, block(0));
    }
    const order = Array.from({ length: 8 }, () => scheduler.next()?.connection);
    assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7], 'each gets its turn');
    orders.add(order.join());
  }
  assert.equal(orders.size, 20);
});
