// The picture of a swarm: which colour each piece has at whom, and what glows.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type MapFrame, MapPicture, mixed } from '../../../src/app/page/map-picture.js';
import { Prng } from '../../../src/foundation/base/prng.js';

const COLOURS = { empty: 1, have: 2, asked: 3, storing: 4, fresh: 5, peer: 6, rare: 7, common: 8 };

function frame(shown: Partial<MapFrame> = {}): MapFrame {
  return {
    cells: 4,
    own: Uint8Array.of(255, 0, 0, 0),
    copies: Uint8Array.of(2, 1, 0, 1),
    has: [Uint8Array.of(0xf0), Uint8Array.of(0x80)],
    asked: [],
    storing: [],
    ...shown,
  };
}

function painted(picture: MapPicture, nowMs: number, columns = 4, colours = COLOURS): readonly number[][] {
  const pixels = picture.paint(columns, colours, nowMs);
  return Array.from({ length: picture.rows }, (_, row) => [...pixels.subarray(row * columns, (row + 1) * columns)]);
}

test('each cell is painted by what is here, how common it is, and who has it', () => {
  const picture = new MapPicture();
  picture.show(frame(), 0);
  const [own, copies, first, second] = painted(picture, 10_000);
  assert.deepEqual(own, [2, 1, 1, 1]);
  assert.deepEqual([copies?.[0], copies?.[2]], [8, 1], 'what every peer has is common, what nobody has is empty');
  assert.deepEqual(
    [first, second],
    [
      [6, 6, 6, 6],
      [6, 1, 1, 1],
    ],
  );
});

test('a requested cell shows in our row and in that of the peer that was asked', () => {
  const picture = new MapPicture();
  picture.show(frame({ asked: [[1, 0]], storing: [2] }), 0);
  const [own, , first, second] = painted(picture, 10_000);
  assert.deepEqual(own, [2, 3, 4, 1]);
  assert.deepEqual([first?.[1], second?.[1]], [3, 1]);
});

test('what arrives while somebody looks glows for a moment, and what was here before does not', () => {
  const picture = new MapPicture();
  picture.show(frame(), 1_000);
  picture.show(frame({ own: Uint8Array.of(255, 255, 0, 0) }), 2_000);
  assert.deepEqual(painted(picture, 2_000)[0]?.slice(0, 2), [2, 5]);
  assert.deepEqual(painted(picture, 60_000)[0]?.slice(0, 2), [2, 2]);
});

test('a pixel of many cells shows their mean, and one that stands out of them is seen', () => {
  const picture = new MapPicture();
  const colours = { ...COLOURS, empty: 0xff000000, have: 0xff0000ff, peer: 0xff0000ff };
  const shown = { cells: 16, own: new Uint8Array(16).fill(255, 0, 4), copies: new Uint8Array(16) };
  picture.show(frame({ ...shown, has: [Uint8Array.of(0xf0, 0x00)], asked: [[12, 0]] }), 0);
  const [own, , peer] = painted(picture, 10_000, 2, colours);
  assert.deepEqual(own, [0xff000080, COLOURS.asked]);
  assert.deepEqual(peer, [0xff000080, COLOURS.asked]);
});

test('a cell that is wider than a pixel fills all of its pixels', () => {
  const picture = new MapPicture();
  picture.show(frame({ asked: [[2, 0]] }), 0);
  const [own, , , second] = painted(picture, 10_000, 10);
  assert.deepEqual(own, [2, 2, 2, 1, 1, 3, 3, 3, 1, 1]);
  assert.deepEqual(second, [6, 6, 6, 1, 1, 1, 1, 1, 1, 1]);
});

test('a picture that changed is as one that is painted from nothing', () => {
  for (const columns of [3, 16, 40, 41, 100]) {
    const random = new Prng(columns);
    const cells = 41;
    const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
    const bits = bytes(6);
    const picture = new MapPicture();
    for (let round = 0; round < 50; round += 1) {
      const [at, cell] = [random.below(6), random.below(cells)];
      bits[at] = random.below(256);
      const shown = frame({
        cells,
        own: bytes(cells),
        copies: bytes(cells),
        has: [bits.slice(), bits.slice()].slice(random.below(2)),
        asked: [[cell, 0]],
        storing: [random.below(cells)],
      });
      const fresh = new MapPicture();
      for (const each of [picture, fresh]) each.show(shown, 0);
      assert.deepEqual(painted(picture, 10_000, columns), painted(fresh, 10_000, columns), `${columns}, ${round}`);
    }
  }
});

test('other colours paint all of it again', () => {
  const picture = new MapPicture();
  picture.show(frame(), 0);
  painted(picture, 10_000);
  assert.deepEqual(painted(picture, 10_000, 4, { ...COLOURS, peer: 9 })[2], [9, 9, 9, 9]);
});

test('colours are mixed by channel', () => {
  assert.equal(mixed(0xff000000, 0xff204060, 0.5), 0xff102030);
  assert.equal(mixed(0xff000000, 0xffffffff, 1), 0xffffffff);
});
