// The library's journal: what was acknowledged is read back whatever instant a crash takes, it stays short, and
// library.json remains the way to and from the releases before it (FC-31).

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { LibraryChange } from '../../src/client/files/file-table.js';
import type { Entry } from '../../src/client/files/record.js';
import { JOURNAL_HISTORY_BYTES_MIN, LIBRARY_FILES_MAX } from '../../src/client/limits.js';
import { loadLibrary } from '../../src/client/state/journal.js';
import { formatChanges, formatJournal, parseJournal } from '../../src/client/state/journal-lines.js';
import { openStateDirectory, parseLibrary, type StatePaths, saveLibrary } from '../../src/client/state/library.js';
import { failsWith } from '../support/failures.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { entryOf } from './stage.js';

const put = (entry: Entry): LibraryChange => ({ swarm: entry.swarm, entry });
const namesIn = (entries: readonly Entry[]): readonly string[] => entries.map(({ name }) => name).sort();
const stateIn = (t: TestContext): Promise<StatePaths> => openStateDirectory(join(temporaryDirectory(t), 'state'));

/** A client that records these entries one after the other, and is killed. */
async function run(paths: StatePaths, entries: readonly Entry[], isStopped = false): Promise<void> {
  const { entries: known, journal } = await loadLibrary(paths);
  const all = new Map(known.map((entry) => [entry.swarm, entry]));
  for (const entry of entries) {
    all.set(entry.swarm, entry);
    await journal.record([put(entry)], all);
  }
  if (isStopped) await journal.mirror(all);
  await journal.close();
}

const read = async (paths: StatePaths): Promise<readonly string[]> => namesIn((await loadLibrary(paths)).entries);

test('FC-31: what was recorded is read back after a kill and after a clean stop, and a change costs its own bytes', async (t) => {
  const paths = await stateIn(t);
  await run(paths, [entryOf('a', 1)]);
  const { size } = statSync(paths.journal);
  await run(paths, [entryOf('b', 2), entryOf('c')]);
  assert.ok(statSync(paths.journal).size < 4 * size, 'it grows by what was added');
  assert.deepEqual(await read(paths), ['a', 'b', 'c']);
  await run(paths, [entryOf('d', 4)], true);
  assert.deepEqual(await read(paths), ['a', 'b', 'c', 'd']);
});

test('FC-31: a crash at any byte of a write leaves what was acknowledged before', async (t) => {
  const paths = await stateIn(t);
  await run(paths, [entryOf('a', 1)]);
  const before = readFileSync(paths.journal);
  const line = formatChanges([put(entryOf('b', 1))]);
  for (let length = 0; length < line.length; length += 7) {
    writeFileSync(paths.journal, Buffer.concat([before, Buffer.from(line.slice(0, length))]));
    assert.deepEqual(await read(paths), ['a'], `${length} bytes`);
  }
  // The torn end is gone before anything is recorded behind it.
  await run(paths, [entryOf('c', 1)]);
  assert.deepEqual(await read(paths), ['a', 'c']);
});

test('damage that no crash makes is refused by name, and never overwritten', async (t) => {
  const paths = await stateIn(t);
  await run(paths, [entryOf('a', 1), entryOf('b', 1), entryOf('c', 1)]);
  const text = readFileSync(paths.journal, 'utf8');
  writeFileSync(paths.journal, text.replace('"name":"a"', '"name":"x"'));
  await assert.rejects(loadLibrary(paths), failsWith('STATE_DAMAGED', paths.journal, 'line 2', 'checksum'));
  const crowd = Array.from({ length: LIBRARY_FILES_MAX + 1 }, (_, at) => entryOf(`f${at}`, 1));
  for (const [damaged, what] of [
    [formatJournal([], '').replace(/^.{8}/, '00000000') + formatChanges([]), 'line 1'],
    [formatChanges([]), 'version'],
    [formatJournal(crowd, ''), 'too many'],
  ] as const)
    assert.throws(() => parseJournal('/j', damaged), failsWith('STATE_DAMAGED', '/j', what));
});

test('the journal is written anew when most of it is history, so that it never grows beyond a few times its content', async (t) => {
  const paths = await stateIn(t);
  const { journal } = await loadLibrary(paths);
  const all = new Map<unknown, Entry>();
  const long = `/files/${'x'.repeat(3_000)}`;
  let largest = 0;
  for (let at = 0; at < 2_000; at += 1) {
    const entry = entryOf('a', at, { path: long, mtorrentPath: `${long}.mtorrent` });
    all.set(entry.swarm, entry);
    await journal.record([put(entry)], all);
    largest = Math.max(largest, statSync(paths.journal).size);
  }
  assert.ok(largest < 1.1 * JOURNAL_HISTORY_BYTES_MIN, `${largest} bytes`);
  await journal.close();
  assert.equal((await loadLibrary(paths)).entries[0]?.completeness.kind, 'complete');
});

test('the way back: a clean stop leaves a library.json that says the same; what an older release changes there counts', async (t) => {
  const paths = await stateIn(t);
  await saveLibrary(paths.library, [entryOf('old', 1)]);
  assert.deepEqual(await read(paths), ['old'], 'the library of an older release is read');
  await run(paths, [entryOf('new', 1)], true);
  assert.match(readFileSync(paths.library, 'utf8'), /"name":"old".*\n.*"name":"new"/);
  await run(paths, [entryOf('killed', 1)]);
  assert.deepEqual(await read(paths), ['killed', 'new', 'old'], 'library.json lags behind, and the journal counts');
  await saveLibrary(paths.library, [entryOf('older', 1)]);
  assert.deepEqual(await read(paths), ['older'], 'an older release ran in between');
  await run(paths, [entryOf('again', 1)]);
  assert.deepEqual(await read(paths), ['again', 'older']);
});

test('a journal that was moved away or cut under a running client is written anew with the next change', async (t) => {
  const paths = await stateIn(t);
  const { journal } = await loadLibrary(paths);
  const all = new Map<unknown, Entry>();
  const record = async (entry: Entry): Promise<void> => {
    all.set(entry.swarm, entry);
    await journal.record([put(entry)], all);
  };
  await record(entryOf('a', 1));
  await record(entryOf('b', 1));
  rmSync(paths.journal);
  await record(entryOf('c', 1));
  appendFileSync(paths.journal, 'x');
  await record(entryOf('d', 1));
  await journal.close();
  assert.deepEqual(await read(paths), ['a', 'b', 'c', 'd']);
  assert.equal(existsSync(paths.library), false);
});

test('a folder keeps what is recorded of it through an older release, which drops what it does not know', async (t) => {
  const paths = await stateIn(t);
  const folder = { files: 3, only: ['*.json'], except: ['tmp/'], followsLinks: true as const };
  await run(paths, [entryOf('model', 7, { folder }), entryOf('a', 1)], true);
  assert.deepEqual((await loadLibrary(paths)).entries[0]?.folder, folder);
  // Such a release writes the fields that it knows.
  const older = parseLibrary(paths.library, readFileSync(paths.library)).map(({ folder: _, ...entry }) => entry);
  await saveLibrary(paths.library, [...older, entryOf('b', 2)]);
  const { entries } = await loadLibrary(paths);
  assert.deepEqual(namesIn(entries), ['a', 'b', 'model']);
  assert.deepEqual(entries.find(({ name }) => name === 'model')?.folder, folder);
  // Another share of the same pieces at another place is none of it.
  await saveLibrary(paths.library, [{ ...(older[0] as Entry), path: '/files/elsewhere' }]);
  assert.equal((await loadLibrary(paths)).entries[0]?.folder, undefined);
});

test('a folder whose record is damaged is refused by name', async (t) => {
  const paths = await stateIn(t);
  const folder = { files: 3, only: [], except: [] };
  await saveLibrary(paths.library, [entryOf('model', 7, { folder })]);
  const text = readFileSync(paths.library, 'utf8');
  for (const wrong of ['{"files":3}', '{"files":3,"only":[1],"except":[]}', '"x"', 'null']) {
    writeFileSync(paths.library, text.replace(JSON.stringify(folder), wrong));
    await assert.rejects(loadLibrary(paths), failsWith('STATE_DAMAGED', paths.library, 'file 1'));
  }
});
