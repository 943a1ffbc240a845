// Frames come out of a TCP stream the same however it was cut, a length above the limit costs nothing, and raw payload
// can be taken out between frames (P1, P2, P5).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../src/foundation/base/errors.js';
import { FrameReader, frameBytes } from '../../../src/foundation/wire/framing.js';

const LIMIT = 64;
const body = fc.uint8Array({ minLength: 1, maxLength: LIMIT });

/** `stream` in pieces of the given lengths, over and over. */
function* cut(stream: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < stream.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    // A copy that is overwritten after use, as a socket's buffer is.
    yield new Uint8Array(stream.subarray(at, at + length));
    at += length;
  }
}

const cuts = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 });

test('P5: any cut of a stream gives the same frames', () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 20 }), cuts, (bodies, lengths) => {
      const reader = new FrameReader(LIMIT);
      const received: number[][] = [];
      for (const part of cut(Buffer.concat(bodies.map(frameBytes)), lengths)) {
        reader.feed(part);
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) received.push([...frame]);
        assert.equal(reader.unread, 0);
        part.fill(0xee);
      }
      assert.deepEqual(
        received,
        bodies.map((bytes) => [...bytes]),
      );
      assert.equal(reader.midFrame, false);
    }),
  );
});

test('any cut gives the same raw bytes behind each frame', () => {
  const packet = fc.record({ frame: body, raw: fc.uint8Array({ maxLength: 200 }) });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 10 }), cuts, (packets, lengths) => {
      const stream = Buffer.concat(packets.flatMap(({ frame, raw }) => [frameBytes(frame), raw]));
      const reader = new FrameReader(LIMIT);
      const received: { frame: number[]; raw: number[] }[] = [];
      let wanted = 0;
      for (const part of cut(stream, lengths)) {
        reader.feed(part);
        while (reader.unread > 0) {
          const last = received.at(-1);
          if (wanted > 0 && last !== undefined) {
            const target = new Uint8Array(Math.min(wanted, 50));
            const taken = reader.takeRaw(target);
            last.raw.push(...target.subarray(0, taken));
            wanted -= taken;
            continue;
          }
          const frame = reader.next();
          if (frame === undefined) break;
          wanted = packets[received.length]?.raw.length ?? 0;
          received.push({ frame: [...frame], raw: [] });
        }
      }
      assert.deepEqual(
        received,
        packets.map(({ frame, raw }) => ({ frame: [...frame], raw: [...raw] })),
      );
    }),
  );
});

test('P1: only a length from 1 to the limit is accepted, whatever follows', () => {
  const head = (length: number): Uint8Array => Uint8Array.from([length >>> 24, length >>> 16, length >>> 8, length]);
  for (const length of [0, LIMIT + 1, 2 ** 31, 2 ** 32 - 1]) {
    const reader = new FrameReader(LIMIT);
    reader.feed(head(length));
    assert.throws(() => reader.next(), ProtocolError, String(length));
  }
  for (const length of [1, LIMIT]) {
    const reader = new FrameReader(LIMIT);
    reader.feed(head(length));
    assert.equal(reader.next(), undefined);
    reader.feed(new Uint8Array(length));
    assert.equal(reader.next()?.length, length);
  }
});

test('P1: a length above the limit allocates nothing', () => {
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 1_000; round += 1) {
    const reader = new FrameReader(LIMIT);
    reader.feed(Uint8Array.of(0x40, 0, 0, 0));
    assert.throws(() => reader.next(), ProtocolError);
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 2_000_000);
});

test('the limit may rise once the sender is known', () => {
  const reader = new FrameReader(4);
  reader.feed(frameBytes(new Uint8Array(4)));
  assert.equal(reader.next()?.length, 4);
  reader.limit = 8;
  reader.feed(frameBytes(new Uint8Array(8)));
  assert.equal(reader.next()?.length, 8);
});

test('raw bytes within a frame, or a part before the last was read, are mistakes of ours', () => {
  const reader = new FrameReader(LIMIT);
  reader.feed(Uint8Array.of(0, 0, 0, 5, 1));
  assert.throws(() => reader.feed(Uint8Array.of(1)), { name: 'AssertionFailed' });
  assert.equal(reader.next(), undefined);
  assert.equal(reader.midFrame, true);
  assert.throws(() => reader.takeRaw(new Uint8Array(1)), { name: 'AssertionFailed' });
});
