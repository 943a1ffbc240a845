// Resume data is believed only if every byte of it is as it was written (F5): a wrong bit would make us serve bytes
// that nobody verified.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../../src/foundation/torrent/bitfield.js';
import { Geometry } from '../../../../src/foundation/torrent/geometry.js';
import { swarmKey } from '../../../../src/foundation/torrent/ids.js';
import { pack } from '../../../../src/foundation/wire/msgpack.js';
import {
  decodeResume,
  deleteResume,
  encodeResume,
  type LeftAs,
  loadResume,
  type Resume,
  saveResume,
} from '../../../../src/transfer/storage/part/resume.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

function resumeOf(size: number, indices: readonly number[], clean: LeftAs['clean'] = null): Resume {
  const have = new Bitfield(new Geometry(size).pieceCount);
  for (const index of indices) have.set(index);
  const synced = new Bitfield(have.pieceCount);
  for (const index of indices.slice(0, indices.length / 2)) synced.set(index);
  return { swarm: swarmKey(new Uint8Array(20).fill(9)), size, have, synced, left: { inode: 77, clean } };
}

function plain(resume: Resume): object {
  const { have, synced } = resume;
  return { ...resume, have: [...have.bytes], synced: [...synced.bytes], count: have.count };
}

const anyResume = fc
  .record({
    size: fc.nat(2_000 * PIECE_SIZE),
    seeds: fc.array(fc.nat(), { maxLength: 50 }),
    clean: fc.option(
      fc.record(
        { mtimeMs: fc.double({ noNaN: true, min: 0, max: 2 ** 45 }), size: fc.maxSafeNat() },
        { noNullPrototype: true },
      ),
    ),
  })
  .map(({ size, seeds, clean }) => {
    const { pieceCount } = new Geometry(size);
    return resumeOf(size, pieceCount === 0 ? [] : seeds.map((seed) => seed % pieceCount), clean);
  });

test('what was saved is what comes back', () => {
  fc.assert(
    fc.property(anyResume, (resume) => {
      const reading = decodeResume(encodeResume(resume));
      assert.ok(reading.kind === 'resume');
      assert.deepEqual(plain(reading.resume), plain(resume));
    }),
  );
});

test('every change of one byte, every cut and every byte too many is noticed', () => {
  const record = encodeResume(resumeOf(300 * PIECE_SIZE, [1, 7, 299], { mtimeMs: 1_700_000_000_123.25, size: 5 }));
  for (let at = 0; at < record.length; at += 1) {
    for (const flip of [1, 0x80, 0xff]) {
      const damaged = new Uint8Array(record);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      assert.equal(decodeResume(damaged).kind, 'damaged', `byte ${at}`);
    }
    assert.equal(decodeResume(record.subarray(0, at)).kind, 'damaged', `cut at ${at}`);
  }
  assert.equal(decodeResume(Buffer.concat([record, Buffer.of(0)])).kind, 'damaged');
});

test('no bytes at all make it throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeResume(bytes).kind === 'damaged'));
});

/** A record with a right checksum around `frame`. */
function sealed(frame: Uint8Array): Uint8Array {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(frame));
  return Buffer.concat([Buffer.from('MTRESUME'), crc, frame]);
}

test('a record that is whole but says nonsense, or comes from a later version, is refused with the reason', () => {
  const swarm = new Uint8Array(20);
  const table: [RegExp, unknown][] = [
    [/version/, [3, swarm, 1, new Uint8Array(1), new Uint8Array(1), 0, null]],
    [/version/, [2, swarm, 1, new Uint8Array(1), null]],
    [/does not fit/, [2, swarm, 1, new Uint8Array(1), new Uint8Array(2), 0, null]],
    [/past the last piece/, [2, swarm, 1, new Uint8Array(1), Uint8Array.of(0x40), 0, null]],
    [/version/, [1, swarm, 1, new Uint8Array(1)]],
    [/does not fit/, [1, swarm, 1, new Uint8Array(2), null]],
    [/does not fit/, [1, swarm, 0, new Uint8Array(1), null]],
    [/past the last piece/, [1, swarm, 1, Uint8Array.of(0x40), null]],
    [/version/, [1, swarm, 2 ** 52, new Uint8Array(1), null]],
  ];
  for (const [reason, frame] of table) {
    const reading = decodeResume(sealed(new Uint8Array(pack(frame))));
    assert.ok(reading.kind === 'damaged');
    assert.match(reading.reason, reason);
  }
});

test('F21: a record of the former layout is read, and nothing of it counts as flushed', () => {
  const swarm = new Uint8Array(20).fill(9);
  const reading = decodeResume(
    sealed(new Uint8Array(pack([1, swarm, 9 * PIECE_SIZE, Uint8Array.of(0xff, 0x80), null]))),
  );
  assert.ok(reading.kind === 'resume');
  assert.deepEqual([reading.resume.have.count, reading.resume.synced.count], [9, 0]);
});

test('what a loss of power made of the newest record is made good by the copy that was flushed', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'x.resume');
  await saveResume(path, resumeOf(10 * PIECE_SIZE, [3]), { durable: true });
  await saveResume(path, resumeOf(10 * PIECE_SIZE, [3, 4]), { durable: false });
  const count = async (): Promise<number | undefined> => {
    const reading = await loadResume(path);
    return reading?.kind === 'resume' ? reading.resume.have.count : undefined;
  };
  assert.equal(await count(), 2);
  writeFileSync(path, '');
  assert.equal(await count(), 1);
  await deleteResume(path);
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(await loadResume(path), undefined);
});

test('a missing file is no resume data, a damaged one says why', async (t) => {
  const path = join(temporaryDirectory(t), 'x.resume');
  assert.equal(await loadResume(path), undefined);
  const resume = resumeOf(10 * PIECE_SIZE, [3]);
  for (const durable of [true, false]) {
    await saveResume(path, resume, { durable });
    const reading = await loadResume(path);
    assert.ok(reading?.kind === 'resume');
    assert.deepEqual(plain(reading.resume), plain(resume));
  }
  writeFileSync(`${path}.synced`, 'MTRESUMEx');
  writeFileSync(path, 'MTRESUMEx');
  assert.equal((await loadResume(path))?.kind, 'damaged');
  writeFileSync(path, new Uint8Array(3_000_000));
  assert.equal((await loadResume(path))?.kind, 'damaged');
});
