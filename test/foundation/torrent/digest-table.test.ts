// The table of digests against a plain map: what is found, chains of equal digests, digests that were made to collide.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DIGEST_SIZE } from '../../../src/foundation/base/limits.js';
import { DigestTable } from '../../../src/foundation/torrent/digest-table.js';

const SEEDS = [0x9e37_79b9, 0x85eb_ca6b, 0xc2b2_ae35] as const;

function digestsOf(numbers: readonly number[]): Uint8Array {
  const digests = new Uint8Array(numbers.length * DIGEST_SIZE);
  for (const [at, number] of numbers.entries()) digests[at * DIGEST_SIZE + (number % DIGEST_SIZE)] = 1 + (number >> 4);
  return digests;
}

function chainOf(table: DigestTable, digests: Uint8Array, piece: number): number[] {
  const chain: number[] = [];
  for (let at = table.find(digests, piece * DIGEST_SIZE); at >= 0; at = table.after(at)) chain.push(at);
  return chain.sort((a, b) => a - b);
}

test('finds exactly the wanted pieces that have the digest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(200), fc.boolean()), { maxLength: 80 }),
      fc.array(fc.nat(200), { minLength: 1, maxLength: 40 }),
      (wanted, asked) => {
        const numbers = wanted.map(([number]) => number);
        const table = new DigestTable(digestsOf(numbers), SEEDS, (piece) => wanted[piece]?.[1] === true);
        const stream = digestsOf(asked);
        const sameAs = (number: number): string => digestsOf([number]).join();
        for (const [at, number] of asked.entries()) {
          const expected = wanted.flatMap(([own, isWanted], piece) =>
            isWanted && sameAs(own) === sameAs(number) ? [piece] : [],
          );
          assert.deepEqual(chainOf(table, stream, at), expected);
        }
      },
    ),
  );
});

test('digests that differ only in their last bytes do not make it slow', () => {
  const count = 20_000;
  const digests = new Uint8Array(count * DIGEST_SIZE);
  const view = new DataView(digests.buffer);
  for (let piece = 0; piece < count; piece += 1) view.setUint32(piece * DIGEST_SIZE + 8, piece);
  const table = new DigestTable(digests, SEEDS, () => true);
  for (let piece = 0; piece < count; piece += 1) assert.equal(table.find(digests, piece * DIGEST_SIZE), piece);
});
