// The picture of a swarm: which colour each piece has at whom, and what glows.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type MapFrame, MapPicture, mixed } from '../../../src/app/page/map-picture.js';

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

function painted(picture: MapPicture, nowMs: number): readonly number[][] {
  const pixels = new Uint32Array(picture.width * picture.height);
  picture.paint(pixels, COLOURS, nowMs);
  return Array.from({ length: picture.height }, (_, row) => [
    ...pixels.subarray(row * picture.width, (row + 1) * picture.width),
  ]);
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

test('colours are mixed by channel', () => {
  assert.equal(mixed(0xff000000, 0xff204060, 0.5), 0xff102030);
  assert.equal(mixed(0xff000000, 0xffffffff, 1), 0xffffffff);
});
