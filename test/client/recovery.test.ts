// What comes back by itself: shared files that were gone or changed, downloads that found their disk full.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Found } from '../../src/client/effects.js';
import { LOOK_AGAIN_MS, SOURCES_A_LOOK_MAX } from '../../src/client/limits.js';
import { DISK_RESERVE_BYTES } from '../../src/foundation/base/limits.js';
import { answers, entryOf, kinds, PIECES, SIZE, Stage, sentences } from './stage.js';

const [CHANGED_MS, METAINFO_MS] = [6, 7];

/** A look when it is due, at the one file there is; answers what is looked at. */
function lookAt(stage: Stage, found: Found | undefined): readonly string[] {
  stage.nowMs += LOOK_AGAIN_MS;
  const looks = stage.post({ kind: 'wake' });
  assert.deepEqual(kinds(looks), ['lookAtSources']);
  const [, file] = looks.flatMap((effect) =>
    effect.kind === 'lookAtSources' ? [0, ...effect.sources.map(([one]) => one)] : [],
  );
  return kinds(stage.post({ kind: 'sourcesSeen', seen: [{ file: file ?? 0, found }] }));
}

test('F10, F11: a shared file that is gone or changed is withdrawn, checked once it stands still, and shared again when it is right', () => {
  const right = { size: SIZE, mtimeMs: 1, changedMs: CHANGED_MS, metainfoMtimeMs: METAINFO_MS };
  const other = { ...right, mtimeMs: 2 };
  for (const wrong of [undefined, other, { ...right, size: 5 }]) {
    const stage = new Stage();
    const file = stage.seeding(entryOf('a', 1));
    assert.deepEqual(lookAt(stage, right), []);
    assert.deepEqual(lookAt(stage, wrong), ['unserve', 'announce withdraw', 'tell notice']);
    assert.deepEqual(stage.states(), { a: 'missing' });
    // Being written: each look finds another time.
    assert.deepEqual(lookAt(stage, { ...right, mtimeMs: 3 }), []);
    assert.deepEqual(lookAt(stage, { ...right, mtimeMs: 4 }), []);
    assert.deepEqual(lookAt(stage, { ...right, mtimeMs: 4 }), ['check']);
    const unusable = { kind: 'unusable', sentence: 'it is wrong', found: { ...right, mtimeMs: 4 } } as const;
    assert.deepEqual(kinds(stage.post({ kind: 'checked', file, result: unusable })), ['tell notice']);
    assert.deepEqual(lookAt(stage, { ...right, mtimeMs: 4 }), [], 'not hashed again and again');
    assert.deepEqual(lookAt(stage, other), []);
    assert.deepEqual(lookAt(stage, other), ['check']);
    const effects = stage.post({ kind: 'checked', file, result: { kind: 'complete', path: '/files/a', mtimeMs: 2 } });
    assert.deepEqual(kinds(effects), ['tell notice', 'serve', 'announce register', 'saveLibrary']);
    assert.match(sentences(effects), /right again/);
    assert.deepEqual(lookAt(stage, other), []);
  }
});

test('what is shared is looked at alone; of what is missing its .mtorrent too, since putting that right may make it right again', () => {
  const stage = new Stage();
  const entry = entryOf('a', 1);
  const file = stage.seeding(entry);
  const lookedAt = (): unknown => {
    stage.nowMs += LOOK_AGAIN_MS;
    return stage.post({ kind: 'wake' }).flatMap((effect) => (effect.kind === 'lookAtSources' ? effect.sources : []));
  };
  assert.deepEqual(lookedAt(), [[file, entry.path, undefined]]);
  stage.post({ kind: 'sourcesSeen', seen: [{ file, found: undefined }] });
  assert.deepEqual(lookedAt(), [[file, entry.path, entry.mtorrentPath, []]]);
  // It changes while it is being looked at as one that is shared: judged by what the next looks see.
  const right = { size: SIZE, mtimeMs: 1, changedMs: CHANGED_MS, metainfoMtimeMs: METAINFO_MS };
  stage.post({ kind: 'sourcesSeen', seen: [{ file, found: { ...right, metainfoMtimeMs: undefined } }] });
  assert.deepEqual(lookAt(stage, right), []);
  assert.deepEqual(lookAt(stage, right), ['check']);
});

test('a shared file whose disk fails is not tried again and again', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  stage.post({ kind: 'serve', event: { kind: 'serveFailed', file, path: '/files/a', errno: 'EIO' } });
  stage.nowMs += LOOK_AGAIN_MS * 2;
  assert.deepEqual(stage.post({ kind: 'wake' }), []);
});

test('however many files are shared, a look is at a bounded number of them, each in its turn', () => {
  const stage = new Stage();
  const count = SOURCES_A_LOOK_MAX * 2 + 10;
  stage.post({ kind: 'loaded', entries: Array.from({ length: count }, (_, at) => entryOf(`${at}`, 1)) });
  for (let file = 1; file <= count; file += 1)
    stage.post({ kind: 'checked', file, result: { kind: 'complete', path: '/files/a', mtimeMs: 1 } });
  const seen = new Set<number>();
  const right = { size: SIZE, mtimeMs: 1, changedMs: CHANGED_MS, metainfoMtimeMs: METAINFO_MS };
  for (let turn = 1; turn <= 3; turn += 1) {
    stage.nowMs += LOOK_AGAIN_MS;
    const [look] = stage.post({ kind: 'wake' });
    assert.ok(look?.kind === 'lookAtSources' && look.sources.length === SOURCES_A_LOOK_MAX);
    stage.nowMs += LOOK_AGAIN_MS;
    assert.deepEqual(stage.post({ kind: 'wake' }), [], 'the one under way is waited for');
    for (const [file] of look.sources) seen.add(file);
    stage.post({ kind: 'sourcesSeen', seen: look.sources.map(([file]) => ({ file, found: right })) });
  }
  assert.equal(seen.size, count);
});

test('F9: a download that finds its disk full waits, shares what it has, and goes on by itself when there is room for all of it', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const other = stage.downloading(entryOf('b'));
  const half = { received: 0, wasted: 0, rate: 0, peers: 0, seeders: 0, have: PIECES / 2 };
  stage.post({ kind: 'download', event: { kind: 'progressed', file, ...half } });
  const event = { kind: 'failed', file, code: 'DISK_FULL', sentence: 'no room left' } as const;
  assert.deepEqual(kinds(stage.post({ kind: 'download', event })), ['tell stalled']);
  assert.deepEqual(stage.states(), { a: 'paused', b: 'downloading' });
  assert.match(stage.rows()[0]?.problem ?? '', /no room left; it continues by itself/);
  stage.nowMs += LOOK_AGAIN_MS;
  assert.deepEqual(kinds(stage.post({ kind: 'wake' })), ['lookAtRoom']);
  // What the other download was promised is not there for this one.
  const needed = SIZE / 2 + SIZE + DISK_RESERVE_BYTES;
  assert.deepEqual(stage.post({ kind: 'roomSeen', file, freeBytes: needed - 1 }), []);
  assert.deepEqual(kinds(stage.post({ kind: 'roomSeen', file, freeBytes: needed })), ['tell notice', 'openPart']);
  assert.deepEqual(stage.post({ kind: 'roomSeen', file, freeBytes: needed }), [], 'a late answer');
  assert.notEqual(other, file);
});

test('a download that waits for room can be paused, resumed, removed, and is not waited for', () => {
  const stage = new Stage();
  const full = (name: string): number => {
    const file = stage.downloading(entryOf(name));
    stage.post({ kind: 'download', event: { kind: 'failed', file, code: 'DISK_FULL', sentence: 'no room left' } });
    return file;
  };
  full('a');
  assert.deepEqual(answers(stage.command({ kind: 'wait' })), ['accepted WAITED']);
  assert.deepEqual(answers(stage.command({ kind: 'pause', name: 'a' })), ['accepted PAUSED']);
  stage.nowMs += LOOK_AGAIN_MS;
  assert.deepEqual(stage.post({ kind: 'wake' }), []);
  assert.deepEqual(kinds(stage.command({ kind: 'resume', name: 'a' })), ['saveLibrary', 'tell accepted', 'openPart']);
  full('b');
  assert.deepEqual(kinds(stage.command({ kind: 'resume', name: 'b' })), ['saveLibrary', 'tell accepted', 'openPart']);
  full('c');
  const removal = kinds(stage.command({ kind: 'remove', name: 'c', force: true }));
  assert.deepEqual(removal, ['unserve', 'announce withdraw', 'saveLibrary', 'deleteFiles']);
});
