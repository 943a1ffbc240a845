// What a download received in earlier runs: kept beside its resume data, and never a number that cannot be true.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { deleteResume } from '../../../../src/transfer/storage/part/resume.js';
import { loadTotals, NO_TOTALS, parseTotals, saveTotals } from '../../../../src/transfer/storage/part/totals.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

test('totals are read as they were saved, and go with the resume data', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'a.resume');
  assert.deepEqual(await loadTotals(path), NO_TOTALS);
  const totals = { received: 2 ** 50, wasted: 3, reused: 7 };
  await saveTotals(path, totals);
  assert.deepEqual(await loadTotals(path), totals);
  await deleteResume(path);
  assert.deepEqual(readdirSync(directory), []);
});

test('whatever is in their file, totals are counts, of which no more are wasted than received', async (t) => {
  const path = join(temporaryDirectory(t), 'a.resume');
  for (const text of ['', '{', 'null', '7', '{"version":2,"received":1,"wasted":0,"reused":0}', 'x'.repeat(10_000)]) {
    writeFileSync(`${path}.totals`, text);
    assert.deepEqual(await loadTotals(path), NO_TOTALS, text.slice(0, 50));
  }
  const value = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null));
  fc.assert(
    fc.property(fc.record({ version: fc.constant(1), received: value, wasted: value, reused: value }), (record) => {
      const { received, wasted, reused } = parseTotals(JSON.stringify(record));
      assert.ok([received, wasted, reused].every((count) => Number.isSafeInteger(count) && count >= 0));
      assert.ok(wasted <= received);
    }),
  );
});
