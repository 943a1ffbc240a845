// The scan in front of msgpackr refuses every frame that could cost more than its bytes, at once and without allocation
// (P6 to P10), and lets through everything that our own messages can contain.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../src/foundation/base/errors.js';
import { FRAME_BYTES_MAX } from '../../../src/foundation/base/limits.js';
import { FRAME_DEPTH_MAX, FRAME_ITEMS_MAX } from '../../../src/foundation/wire/limits.js';
import { pack, unpack } from '../../../src/foundation/wire/msgpack.js';
import { scanFrame } from '../../../src/foundation/wire/scan.js';
import { anyCharacter } from '../../support/any-character.js';
import { cases } from '../../support/cases.js';

function nested(depth: number): Uint8Array {
  const frame = new Uint8Array(depth + 1).fill(0x91);
  frame[depth] = 0xc0;
  return frame;
}

test('P6: arrays may be nested as deep as the limit says, and not deeper, up to a million', () => {
  scanFrame(nested(FRAME_DEPTH_MAX));
  for (const depth of [FRAME_DEPTH_MAX + 1, 100, 5_000, 100_000, 1_000_000]) {
    assert.throws(() => scanFrame(nested(depth)), /ProtocolError: frame is nested deeper/, `depth ${depth}`);
  }
});

/** Frames of the faults' table: what it is → its bytes. */
const REFUSED: Readonly<Record<string, readonly number[]>> = {
  'nothing at all': [],
  'array32 of 2^32 - 1': [0xdd, 0xff, 0xff, 0xff, 0xff],
  'array32 of 2^31 behind a good item': [0x92, 1, 0xdd, 0x80, 0, 0, 0],
  'array16 of 65535 in 3 bytes': [0xdc, 0xff, 0xff],
  'map32 of 2^32 - 1': [0xdf, 0xff, 0xff, 0xff, 0xff],
  map16: [0xde, 0, 1, 1, 1],
  'a small map': [0x81, 1, 1],
  'an empty map': [0x80],
  'str32 of 2^32 - 1': [0xdb, 0xff, 0xff, 0xff, 0xff],
  'str8 longer than the frame': [0xd9, 5, 0x61],
  'fixstr longer than the frame': [0xa2, 0x61],
  'bin32 of 2^32 - 1': [0xc6, 0xff, 0xff, 0xff, 0xff],
  'bin16 longer than the frame': [0xc5, 1, 0, 1],
  'the type that was never used': [0xc1],
  'a record definition': [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x78],
  'a record definition within an array': [0x92, 1, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x78],
  fixext1: [0xd4, 0, 0],
  fixext2: [0xd5, 1, 0, 0],
  'fixext4, a timestamp': [0xd6, 0xff, 0, 0, 0, 0],
  'fixext8, a timestamp': [0xd7, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
  fixext16: [0xd8, 0x42, ...new Array(16).fill(0)],
  'ext8, a typed array': [0xc7, 2, 0x74, 0, 0],
  ext16: [0xc8, 0, 1, 0x65, 0],
  'ext32 of 2^32 - 1': [0xc9, 0xff, 0xff, 0xff, 0xff, 0x69],
  'two values': [1, 1],
  'a byte behind an array': [0x91, 1, 0],
  'an array that lacks an item': [0x92, 1],
  'an array of nothing but its head': [0x91],
  'half of a float': [0xcb, 0, 0, 0, 0],
  'half of a length': [0xdd, 0, 0],
  'a head without its length': [0xd9],
};

test('P7, P9: every frame that promises more than it holds, or holds a refused type, is refused', () => {
  for (const [what, bytes] of Object.entries(REFUSED)) {
    assert.throws(() => scanFrame(Uint8Array.from(bytes)), ProtocolError, what);
  }
});

test('P9: every extension type is refused, whatever its number', () => {
  for (let type = 0; type < 256; type += 1) {
    for (const frame of [
      [0xd4, type, 0],
      [0xc7, 1, type, 0],
      [0x91, 0xd6, type, 0, 0, 0, 0],
    ]) {
      assert.throws(() => scanFrame(Uint8Array.from(frame)), ProtocolError);
    }
  }
});

/** How many heads a scan of `frame` looks at, whether it lets it through or not. */
function headsRead(frame: Uint8Array): number {
  let count = 0;
  const counted = new Proxy(frame, {
    get: (bytes, key) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) count += 1;
      return Reflect.get(bytes, key, bytes) as unknown;
    },
  });
  try {
    scanFrame(counted);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
  }
  return count;
}

test('P7: 24,000 nested heads of 65,535 items each are refused at the first that is nested too deep', () => {
  const bomb = new Uint8Array(24_000 * 3);
  for (let at = 0; at < bomb.length; at += 3) bomb.set([0xdc, 0xff, 0xff], at);
  assert.throws(() => scanFrame(bomb), ProtocolError);
  assert.ok(headsRead(bomb) <= FRAME_DEPTH_MAX + 1, `${headsRead(bomb)} heads were read`);
});

test('P8: items are counted over the whole frame', () => {
  const flat = (count: number): Uint8Array =>
    Uint8Array.from([0xdc, count >> 8, count & 0xff, ...new Array(count).fill(0)]);
  scanFrame(flat(FRAME_ITEMS_MAX - 1));
  assert.throws(() => scanFrame(flat(FRAME_ITEMS_MAX)), ProtocolError);
  const inner = pack(new Array(1_000).fill(0));
  assert.throws(() => scanFrame(Buffer.concat([Buffer.of(0x95), inner, inner, inner, inner, inner])), ProtocolError);
});

test('P8: the worst frame that is let through costs one look at each item, and no more comes out of it than is in it', () => {
  const strings = Math.floor(FRAME_BYTES_MAX / FRAME_ITEMS_MAX) - 2;
  const worst = new Uint8Array(
    pack(Array.from({ length: FRAME_ITEMS_MAX - 1 }, (_, at) => `${at}`.padStart(strings, 'x'))),
  );
  assert.ok(worst.length <= FRAME_BYTES_MAX);
  assert.equal(headsRead(worst), FRAME_ITEMS_MAX);
  const decoded = unpack(worst) as readonly string[];
  assert.equal(decoded.length, FRAME_ITEMS_MAX - 1);
  assert.ok(decoded.join('').length <= FRAME_BYTES_MAX);
});

test('everything that our messages contain passes', () => {
  const value = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger(),
      fc.double(),
      fc.string({ unit: anyCharacter, maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }),
    ),
    tree: fc.oneof({ maxDepth: FRAME_DEPTH_MAX - 1 }, tie('leaf'), fc.array(tie('tree'), { maxLength: 20 })),
  })).tree;
  fc.assert(
    fc.property(value, (sent) => scanFrame(new Uint8Array(pack(sent)))),
    { numRuns: cases(1_000) },
  );
});

test('a frame within a larger buffer is scanned where it lies', () => {
  const around = Uint8Array.of(0xff, 0xff, 0x92, 0xcd, 1, 2, 0xc0, 0xff);
  scanFrame(around.subarray(2, 7));
  assert.throws(() => scanFrame(around.subarray(2, 8)), ProtocolError);
});
