// Messages come back as they were sent, and from a stranger's bytes only a message or a ProtocolError can come out (P3,
// P10, P11): nothing else may reach the code behind the codec.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../src/foundation/base/errors.js';
import { frameBytes } from '../../../src/foundation/wire/framing.js';
import { pack, unpack } from '../../../src/foundation/wire/msgpack.js';
import { message, protocol } from '../../../src/foundation/wire/protocol.js';
import { scanFrame } from '../../../src/foundation/wire/scan.js';
import {
  bytes,
  type Field,
  flag,
  fromWire,
  listOf,
  oneOf,
  optional,
  real,
  record,
  size,
  text,
  toWire,
  trailing,
  tuple,
  u16,
  u32,
  whole,
} from '../../../src/foundation/wire/schema.js';
import { anyCharacter } from '../../support/any-character.js';
import { cases } from '../../support/cases.js';
import { frameOf, mutationsOf } from '../../support/messages.js';

const row = record({ name: text(9), size, at: optional(real), parts: listOf(record({ port: u16, key: bytes(1) }), 2) });

const everyField = protocol('test.every', {
  numbers: message(1, { port: u16, index: u32, length: size, small: whole(-5, 5), atMs: real }),
  rest: message(2, {
    on: flag,
    key: bytes(20),
    part: bytes(0, 64),
    name: text(60),
    how: oneOf('fast', 'slow'),
    ranges: listOf(tuple(u32, u32), 5),
    maybe: optional(text(5)),
  }),
  nothing: message(7, {}),
  grown: message(8, { on: flag, more: trailing(text(9)) }),
  named: message(9, { rows: listOf(row, 3), best: optional(row), both: tuple(row, u16) }),
});

const numbers = fc.record({
  kind: fc.constant('numbers' as const),
  port: fc.integer({ min: 0, max: 0xffff }),
  index: fc.integer({ min: 0, max: 0xffff_ffff }),
  length: fc.maxSafeNat(),
  small: fc.integer({ min: -5, max: 5 }),
  // msgpackr sends -0 as the integer 0.
  atMs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((atMs) => atMs + 0),
});
const rest = fc.record({
  kind: fc.constant('rest' as const),
  on: fc.boolean(),
  key: fc.uint8Array({ minLength: 20, maxLength: 20 }),
  part: fc.uint8Array({ maxLength: 64 }),
  name: fc.string({ unit: anyCharacter, maxLength: 15 }),
  how: fc.constantFrom('fast' as const, 'slow' as const),
  ranges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 }),
  maybe: fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 5 })),
});
const grown = fc.record(
  { kind: fc.constant('grown' as const), on: fc.boolean(), more: fc.string({ unit: 'grapheme-ascii', maxLength: 9 }) },
  { requiredKeys: ['kind', 'on'] },
);
const aRow = fc.record({
  name: fc.string({ unit: fc.constantFrom('a', 'z', 'é'), maxLength: 4 }),
  size: fc.maxSafeNat(),
  at: fc.option(fc.integer({ min: -9, max: 9 })),
  parts: fc.array(fc.record({ port: fc.nat(9), key: fc.uint8Array({ minLength: 1, maxLength: 1 }) }), { maxLength: 2 }),
});
const named = fc.record({
  kind: fc.constant('named' as const),
  rows: fc.array(aRow, { maxLength: 3 }),
  best: fc.option(aRow),
  both: fc.tuple(aRow, fc.nat(9)),
});
const anyMessage = fc.oneof(numbers, rest, grown, named, fc.constant({ kind: 'nothing' as const }));

test('P11: every type of field comes back as it was sent', () => {
  fc.assert(
    fc.property(anyMessage, (sent) => {
      const received = everyField.decode(frameOf(everyField, sent));
      assert.deepEqual(plain(received), plain(sent));
    }),
    { numRuns: cases(2_000) },
  );
});

/** As msgpackr and the fields' checks read a frame, which is the thorough way; undefined when they refuse it. */
function thorough(frame: Uint8Array): object | undefined {
  try {
    scanFrame(frame);
    const [tag, ...values] = unpack(frame) as unknown[];
    const [kind, row] = Object.entries(everyField.table).find(([, entry]) => entry.tag === tag) ?? [];
    const fields = Object.entries(row?.fields ?? {});
    if (row === undefined) return undefined;
    if (kind === 'grown' && values.length === 1) fields.pop();
    if (values.length !== fields.length) return undefined;
    const found = fields.map(([, field], at) => fromWire(field, values[at]));
    if (!fields.every(([, field], at) => field.accepts(found[at]))) return undefined;
    return { kind, ...Object.fromEntries(fields.map(([name], at) => [name, found[at]])) };
  } catch {
    return undefined;
  }
}

function decoded(frame: Uint8Array): object | undefined {
  try {
    return everyField.decode(frame);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return undefined;
  }
}

test('the quick way to read a frame finds what the thorough one finds, in whole frames and in damaged ones', () => {
  const whole = anyMessage.map((sent) => frameOf(everyField, sent));
  const damaged = whole.chain(mutationsOf);
  const other = fc
    .tuple(fc.constantFrom(1, 2, 7, 8, 9), fc.array(fc.anything({ maxDepth: 2, withBigInt: false }), { maxLength: 8 }))
    .map(([tag, values]) => new Uint8Array(pack([tag, ...values])));
  fc.assert(
    fc.property(fc.oneof(whole, damaged, other), (frame) => {
      const [quick, slow] = [decoded(frame), thorough(frame)];
      assert.deepEqual(quick && plain(quick), slow && plain(slow));
    }),
    { numRuns: cases(20_000) },
  );
});

test('the quick way to write a frame writes the bytes of msgpackr, with and without its length in front', () => {
  fc.assert(
    fc.property(anyMessage, (sent) => {
      const row = everyField.table[sent.kind];
      const values = Object.entries(row?.fields ?? {})
        .filter(([name]) => name in sent)
        .map(([name, field]) => toWire(field, (sent as Readonly<Record<string, unknown>>)[name]));
      const expected = new Uint8Array(pack([row?.tag, ...values]));
      assert.deepEqual(frameOf(everyField, sent), expected);
      assert.deepEqual(new Uint8Array(everyField.framed(sent)), frameBytes(expected));
    }),
    { numRuns: cases(5_000) },
  );
});

test('a frame that was written stays as it is while thousands of others are', () => {
  const sent = { kind: 'rest', on: true, part: new Uint8Array(64).fill(9), name: 'x', how: 'slow' } as const;
  const framesOf = (round: number) =>
    everyField.framed({ ...sent, key: new Uint8Array(20).fill(round), ranges: [[round, round]], maybe: null });
  const frames = Array.from({ length: 5_000 }, (_, round) => framesOf(round));
  for (const [round, frame] of frames.entries())
    assert.deepEqual(new Uint8Array(frame), new Uint8Array(framesOf(round)));
});

/** msgpackr answers byte fields as Buffers; their bytes count. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

test('L6: a decoded field owns its bytes: it does not keep or share the frame', () => {
  const frame = frameOf(everyField, {
    kind: 'rest',
    on: true,
    key: new Uint8Array(20).fill(7),
    part: new Uint8Array(0),
    name: 'x',
    how: 'fast',
    ranges: [],
    maybe: null,
  });
  const received = everyField.decode(frame);
  frame.fill(0);
  assert.ok(received.kind === 'rest');
  assert.deepEqual([...received.key], new Array(20).fill(7));
  assert.notEqual(received.key.buffer, frame.buffer);
});

test('a record is on the wire what a tuple of its fields is, byte for byte, and nothing else is read as one', () => {
  const fields = { name: text(40), size, at: optional(real), how: oneOf('fast', 'slow') };
  const asTuple = protocol('test.tuple', { rows: message(1, { rows: listOf(tuple(...Object.values(fields)), 20) }) });
  const asRecord = protocol('test.record', { rows: message(1, { rows: listOf(record(fields), 20) }) });
  const rows = fc.array(
    fc.record({
      // Beyond ASCII msgpackr writes the frame; within it the quick way does.
      name: fc.string({ unit: fc.constantFrom('a', '7', 'é', '東'), maxLength: 12 }),
      size: fc.maxSafeNat(),
      at: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((at) => at + 0)),
      how: fc.constantFrom('fast' as const, 'slow' as const),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(rows, (sent) => {
      const row = sent.map(({ name, size, at, how }) => [name, size, at, how] as const);
      const frame = frameOf(asRecord, { kind: 'rows', rows: sent });
      assert.deepEqual(frame, frameOf(asTuple, { kind: 'rows', rows: row }));
      assert.deepEqual(plain(asRecord.decode(frame)), plain({ kind: 'rows', rows: sent }));
    }),
    { numRuns: cases(1_000) },
  );
  const good = { name: 'é', size: 1, at: null, how: 'fast' };
  for (const wrong of [good, ['é', 1, null], ['é', 1, null, 'fast', 1], ['é', 1, null, 'other'], { 0: 'é' }, 'é', null])
    assert.throws(() => asRecord.decode(new Uint8Array(pack([1, [wrong]]))), ProtocolError);
  assert.deepEqual(asRecord.fit({ kind: 'rows', rows: [{ ...good, name: 'é'.repeat(30), how: 'fast' }] }).rows[0], {
    ...good,
    name: `${'é'.repeat(18)}…`,
  });
});

function onlyProtocolErrors(frame: Uint8Array): void {
  try {
    everyField.decode(frame);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
  }
}

test('P11: random bytes give a message or a ProtocolError, nothing else', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), onlyProtocolErrors), { numRuns: cases(100_000) });
});

test('P11: damaged frames give a message or a ProtocolError, nothing else', () => {
  const damaged = anyMessage.chain((sent) => mutationsOf(frameOf(everyField, sent)));
  fc.assert(fc.property(damaged, onlyProtocolErrors), { numRuns: cases(20_000) });
});

test('P3: random values in a frame give a message or a ProtocolError, nothing else', () => {
  const values = fc.array(fc.anything({ maxDepth: 2, withBigInt: false }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 7, 9, 10), values, (tag, fields) => {
      onlyProtocolErrors(new Uint8Array(pack([tag, ...fields])));
    }),
    { numRuns: cases(5_000) },
  );
});

const valid = [1, 80, 5, 6, -5, 1.5];
const wrong: readonly [what: string, frame: unknown][] = [
  ['not an array', 1],
  ['an empty array', []],
  ['an unknown tag', [3]],
  ['a tag as text', ['1', 80, 5, 6, -5, 1.5]],
  ['a field too few', valid.slice(0, -1)],
  ['a field too many', [...valid, 1]],
  ['a negative index', [1, 80, -1, 6, -5, 1.5]],
  ['a port of 65536', [1, 65_536, 5, 6, -5, 1.5]],
  ['a fraction for an index', [1, 80, 5.5, 6, -5, 1.5]],
  ['NaN', [1, 80, 5, Number.NaN, -5, 1.5]],
  ['infinity', [1, 80, 5, 6, -5, Number.POSITIVE_INFINITY]],
  ['a size beyond 2^53', [1, 80, 5, 2 ** 53, -5, 1.5]],
  ['a number as text', [1, '80', 5, 6, -5, 1.5]],
  ['nil for a number', [1, null, 5, 6, -5, 1.5]],
];

test('P3: a field of the wrong type, range or number is refused, naming it', () => {
  for (const [what, frame] of wrong) {
    assert.throws(() => everyField.decode(new Uint8Array(pack(frame))), ProtocolError, what);
  }
  const minusZero = Uint8Array.from([0x96, 1, 80, 0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0, 6, 0xfb, 1]);
  assert.throws(() => everyField.decode(minusZero), /numbers\.index/);
  assert.throws(() => everyField.decode(new Uint8Array(pack([1, 80, -1, 6, -5, 1.5]))), /numbers\.index: not a whole/);
});

test('a 64-bit integer from the wire is a number, and refused beyond 2^53', () => {
  const head = [0x96, 1, 0, 0, 0xcf];
  const tail = [0, 0];
  const exact = everyField.decode(Uint8Array.from([...head, 0, 0, 0, 1, 0, 0, 0, 0, ...tail]));
  assert.ok(exact.kind === 'numbers' && exact.length === 2 ** 32);
  assert.throws(
    () => everyField.decode(Uint8Array.from([...head, ...new Array(8).fill(0xff), ...tail])),
    ProtocolError,
  );
});

test('what we must not send is our own mistake', () => {
  const send = { kind: 'numbers', port: 70_000, index: 0, length: 0, small: 0, atMs: 0 } as const;
  assert.throws(() => everyField.encode(send), { name: 'AssertionFailed', message: /port/ });
});

test('two messages of one tag, or a field named kind, cannot be declared', () => {
  assert.throws(() => protocol('twice', { a: message(1, {}), b: message(1, {}) }), { name: 'AssertionFailed' });
  assert.throws(() => protocol('kind', { a: message(1, { kind: u16 }) }), { name: 'AssertionFailed' });
});

test('a trailing field is read and sent where it is, may be absent, and takes no other value', () => {
  const bytesOf = (...values: readonly unknown[]): Uint8Array => new Uint8Array(pack([8, ...values]));
  assert.deepEqual(everyField.decode(bytesOf(true)), { kind: 'grown', on: true });
  assert.deepEqual(everyField.decode(bytesOf(true, 'x')), { kind: 'grown', on: true, more: 'x' });
  assert.deepEqual(frameOf(everyField, { kind: 'grown', on: true }), bytesOf(true));
  assert.equal(everyField.accepts({ kind: 'grown', on: true }), true);
  for (const wrong of [[], [true, null], [true, 1], [true, 'x', 'y'], [true, 'longer than nine']])
    assert.throws(() => everyField.decode(bytesOf(...wrong)), ProtocolError);
  assert.throws(() => everyField.encode({ kind: 'grown', on: true, more: 'longer than nine' }), /more: we send text/);
  const first = { isTrailing: trailing(u16), last: u16 };
  assert.throws(() => protocol('first', { a: message(1, first) }), { name: 'AssertionFailed' });
});

test('texts are bounded in bytes, lists in length, before anyone looks at them', () => {
  const accepts = (field: Field<unknown>, value: unknown): boolean => field.accepts(value);
  assert.equal(accepts(text(4), 'éé'), true);
  assert.equal(accepts(text(3), 'éé'), false);
  assert.equal(accepts(listOf(u16, 2), [1, 2, 3]), false);
  assert.equal(accepts(tuple(u16, u16), [1]), false);
  assert.equal(accepts(record({ port: u16 }), [1]), false);
  assert.equal(accepts(record({ port: u16 }), { port: 70_000 }), false);
  assert.equal(accepts(bytes(2, 3), new Uint8Array(4)), false);
  assert.equal(accepts(oneOf('a'), 'toString'), false);
});

test('P10: no frame changes what every object inherits', () => {
  const before = Object.getOwnPropertyNames(Object.prototype).join();
  for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'then']) {
    const map = Buffer.concat([Buffer.of(0x81, 0xa0 + key.length), Buffer.from(key), Buffer.of(0x81, 0xa1, 0x78, 1)]);
    onlyProtocolErrors(map);
    onlyProtocolErrors(Buffer.concat([Buffer.of(0x92, 2), map]));
  }
  const key = fc.oneof(fc.string({ maxLength: 12 }), fc.integer(), fc.boolean(), fc.constant(null));
  const pairs = fc.array(fc.tuple(key, fc.oneof(key, fc.constant({ x: 1 }))), { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(pairs, fc.constantFrom(1, 2, 7, 9), (some, tag) => {
      // By hand, since an encoder would not write a key twice, or one that is no text.
      const map = Buffer.concat([
        Buffer.of(0x80 + some.length),
        ...some.flat().map((value) => Buffer.from(pack(value))),
      ]);
      for (const frame of [map, Buffer.concat([Buffer.of(0x92, tag), map])]) {
        assert.throws(() => everyField.decode(frame), ProtocolError);
      }
    }),
  );
  const many = Buffer.concat([Buffer.of(0xde, 60_000 >> 8, 60_000 & 0xff), Buffer.alloc(120_000, 1)]);
  assert.throws(() => everyField.decode(many), ProtocolError);
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before);
  assert.equal('x' in {}, false);
  assert.equal(unpack(Uint8Array.of(0x01)), 1);
});

test('texts that were written for people are cut to what their field takes, in whole characters, and nothing else is changed', () => {
  const long = protocol('test.long', {
    said: message(1, {
      count: u32,
      sentence: text(10),
      rows: listOf(tuple(text(6), u32), 2),
      maybe: optional(text(5)),
    }),
  });
  const fits = { kind: 'said', count: 1, sentence: 'short', rows: [['a', 1]], maybe: null } as const;
  assert.equal(long.accepts(fits), true);
  assert.equal(long.fit(fits), fits);
  const tooLong = { ...fits, sentence: 'äöüäöü', rows: [['abcdefgh', 2]] } as const;
  assert.equal(long.accepts(tooLong), false);
  assert.throws(() => long.encode(tooLong), /sentence: we send text of at most 10 bytes/);
  assert.deepEqual(long.fit(tooLong), { ...fits, sentence: 'äöü…', rows: [['abc…', 2]] });
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 30 }), (sentence) => {
      const fitted = long.fit({ ...fits, sentence });
      assert.ok(long.accepts(fitted));
      assert.ok(fitted.sentence === sentence || fitted.sentence.endsWith('…'));
    }),
  );
  // What cannot be cut stays wrong, and is ours to notice.
  assert.throws(() => long.encode(long.fit({ ...fits, count: -1 })), /count: we send/);
});
