// What strangers do is told once a minute from each of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Complaints } from '../../../src/foundation/base/complaints.js';
import { COMPLAINT_MS, COMPLAINT_SOURCES_MAX } from '../../../src/foundation/base/limits.js';

test('each source has one line a minute, which counts what came before it', () => {
  const complaints = new Complaints();
  assert.equal(complaints.note('a', 0), 1);
  for (let count = 0; count < 100; count += 1) assert.equal(complaints.note('a', count), 0);
  assert.equal(complaints.note('b', 50), 1, 'another source is told at once');
  assert.equal(complaints.note('a', COMPLAINT_MS), 101);
  assert.equal(complaints.note('a', COMPLAINT_MS * 10), 1, 'a quiet one is forgotten');
});

test('sources without number share one line', () => {
  const complaints = new Complaints();
  let lines = 0;
  for (let source = 0; source < COMPLAINT_SOURCES_MAX * 10; source += 1)
    if (complaints.note(`source ${source}`, source / 100) > 0) lines += 1;
  assert.ok(lines <= COMPLAINT_SOURCES_MAX + 3, `${lines} lines`);
});
