// Those who read a download in order are answered once each, whatever becomes of the download.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Readers } from '../../src/client/answers/readers.js';
import type { ClientEffect } from '../../src/client/effects.js';
import { advance } from '../../src/client/files/advance.js';
import { FileTable } from '../../src/client/files/file-table.js';
import type { FileRecord } from '../../src/client/files/record.js';
import { READERS_MAX } from '../../src/client/limits.js';
import { entryOf } from './stage.js';

function told(effects: readonly ClientEffect[]): readonly unknown[] {
  return effects.flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
}

function stage(): { readonly files: FileTable; readonly record: FileRecord; readonly readers: Readers } {
  const files = new FileTable();
  const record = files.add(entryOf('a'));
  advance(files, record, { kind: 'accepted' });
  advance(files, record, { kind: 'begin' });
  return { files, record, readers: new Readers() };
}

const question = { kind: 'read', ask: 7, name: '/files/a', piece: 1 } as const;

test('a question waits until the download runs, is passed on once, and answered by what the download says', () => {
  const { files, record, readers } = stage();
  assert.deepEqual(readers.read(files, question), []);
  assert.deepEqual(readers.next(files), []);
  advance(files, record, { kind: 'partOpened', have: 0, paused: false, closing: false });
  assert.deepEqual(readers.next(files), [{ kind: 'read', file: record.file, piece: 1 }]);
  assert.deepEqual(readers.next(files), []);
  assert.deepEqual(readers.readable(record.file, 0, 1), []);
  assert.deepEqual(told(readers.readable(record.file, 1, 2)), [{ kind: 'readable', ask: 7, pieces: 2 }]);
  assert.deepEqual(readers.readable(record.file, 1, 2), []);
});

test('a download that stopped and goes on hears of its reader again', () => {
  const { files, record, readers } = stage();
  readers.read(files, question);
  advance(files, record, { kind: 'partOpened', have: 0, paused: false, closing: false });
  assert.equal(readers.next(files).length, 1);
  advance(files, record, { kind: 'pause' });
  assert.deepEqual(readers.next(files), []);
  advance(files, record, { kind: 'stopped', paused: false });
  advance(files, record, { kind: 'begin' });
  advance(files, record, { kind: 'partOpened', have: 0, paused: false, closing: false });
  assert.equal(readers.next(files).length, 1);
});

test('a complete file is readable to its end, and one that failed or was removed says so', () => {
  const done = stage();
  done.readers.read(done.files, question);
  advance(done.files, done.record, { kind: 'completed', mtimeMs: 1, closing: false });
  const pieces = done.record.geometry.pieceCount - 1;
  assert.deepEqual(told(done.readers.next(done.files)), [{ kind: 'readable', ask: 7, pieces }]);

  const failed = stage();
  failed.readers.read(failed.files, question);
  advance(failed.files, failed.record, { kind: 'failed', code: 'IO_ERROR', sentence: 'no' });
  assert.deepEqual(told(failed.readers.next(failed.files)), [
    { kind: 'refused', ask: 7, code: 'IO_ERROR', sentence: 'no' },
  ]);

  const removed = stage();
  removed.readers.read(removed.files, question);
  removed.files.forget(removed.record);
  assert.equal(told(removed.readers.next(removed.files)).length, 1);
});

test('what cannot be answered is refused at once: no such file, no such piece, too many readers', () => {
  const { files, readers } = stage();
  assert.equal(told(readers.read(files, { ...question, name: 'other' })).length, 1);
  assert.equal(told(readers.read(files, { ...question, piece: 99_999 })).length, 1);
  for (let ask = 0; ask < READERS_MAX; ask += 1) assert.deepEqual(readers.read(files, { ...question, ask }), []);
  assert.equal(told(readers.read(files, question)).length, 1);
});
