// What comes back by itself: shared files that were gone or changed, downloads that found their disk full.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Found } from '../../src/client/effects.js';
import { NO_TRANSFER } from '../../src/client/files/record.js';
import { LOOK_AGAIN_MS, SOURCES_A_LOOK_MAX } from '../../src/client/limits.js';
import { DISK_RESERVE_BYTES } from '../../src/foundation/base/limits.js';
import type { Room } from '../../src/transfer/storage/disk/room.js';
import { NO_TOTALS } from '../../src/transfer/storage/part/totals.js';
import { answers, entryOf, failedBy, kinds, NO_ZEROS, PIECES, roomOf, SIZE, Stage, sentences } from './stage.js';

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

test('FC-24: what a disk fails passes: it is withdrawn, tried again at growing pauses, and told once', () => {
  for (const errno of ['EIO', 'ESTALE', 'ETIMEDOUT', 'EMFILE', 'EACCES', 'ENOTCONN', 'E_NEVER_HEARD_OF']) {
    const stage = new Stage();
    const file = stage.seeding(entryOf('a', 1));
    const fails = { kind: 'serve', event: { kind: 'serveFailed', file, path: '/files/a', errno } } as const;
    const lost = stage.post(fails);
    assert.deepEqual(kinds(lost), ['unserve', 'announce withdraw', 'tell notice'], errno);
    assert.match(sentences(lost), new RegExp(`${errno}|by this user`));
    assert.match(sentences(lost), /tried again by itself/);
    const triedMs: number[] = [];
    const trouble = { errno, path: '/files/a' } as const;
    for (let wakes = 0; wakes < 100; wakes += 1) {
      stage.nowMs += LOOK_AGAIN_MS;
      const effects = stage.post({ kind: 'wake' });
      if (!kinds(effects).includes('check')) continue;
      triedMs.push(stage.nowMs);
      const result = { kind: 'unusable', sentence: 'as before', found: undefined, trouble } as const;
      const told = kinds(stage.post({ kind: 'checked', file, result }));
      assert.deepEqual(told, triedMs.length === 1 ? ['tell notice'] : [], 'the same reason is told once');
    }
    const pauses = triedMs.map((ms, at) => ms - (triedMs[at - 1] ?? 0));
    assert.deepEqual(
      pauses,
      [5, 10, 20, 40, 80, 160].map((s) => s * 1_000),
      errno,
    );
  }
});

test('FC-24: a share that its disk does not let be looked at is not told as gone', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  const lost = stage.post({ kind: 'sourcesSeen', seen: [{ file, found: undefined, errno: 'EIO' }] });
  assert.match(
    sentences(lost),
    /its disk reports an error \(EIO\); it is no longer shared, and is tried again by itself/,
  );
  assert.equal(stage.states()['a'], 'missing');
});

test('FC-24: a shared file comes back by itself with one sentence; one that fails each time stays told as failed', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  const told: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const event = { kind: 'serveFailed', file, path: '/files/a', errno: 'EIO' } as const;
    told.push(sentences(stage.post({ kind: 'serve', event })));
    for (let wakes = 0; stage.states()['a'] === 'missing' && wakes < 100; wakes += 1) {
      stage.nowMs += LOOK_AGAIN_MS;
      if (!kinds(stage.post({ kind: 'wake' })).includes('check')) continue;
      const effects = stage.post({ kind: 'checked', file, result: { kind: 'complete', path: '/files/a', mtimeMs: 1 } });
      assert.ok(kinds(effects).includes('serve'));
      told.push(sentences(effects));
    }
  }
  const brief = told.map((text) => /no longer shared|right again|^$/.exec(text.trim())?.[0] ?? text);
  const [lost, right] = ['no longer shared', 'right again'];
  assert.deepEqual(brief, [lost, right, lost, right, lost, right, lost, '', '', '', '', '']);
});

test('FC-24: a download whose directory is not mounted, or whose disk fails, is tried again and goes on', () => {
  const stage = new Stage();
  const entry = entryOf('a');
  const file = stage.downloading(entry);
  const failed = stage.post(failedBy(file, 'IO_ERROR', 'it is on a disk that is gone', 'ENODEV'));
  assert.deepEqual(kinds(failed), ['tell stalled']);
  assert.match(stage.rows()[0]?.problem ?? '', /disk that is gone; it continues by itself$/);
  stage.nowMs += LOOK_AGAIN_MS;
  assert.deepEqual(kinds(stage.post({ kind: 'wake' })), ['openPart']);
  const trouble = { errno: 'ENOENT', path: '/files/a.part' } as const;
  const refusal = { code: 'FILE_NOT_FOUND', sentence: 'it is not there', trouble } as const;
  assert.deepEqual(kinds(stage.post({ kind: 'partFailed', file, refusal })), ['tell stalled'], 'another reason');
  stage.nowMs += LOOK_AGAIN_MS * 2;
  assert.deepEqual(kinds(stage.post({ kind: 'wake' })), ['openPart']);
  assert.ok(kinds(stage.post({ kind: 'partOpened', file, have: 2, totals: NO_TOTALS })).includes('startDownload'));
  const progress = { ...NO_TRANSFER, received: 0, wasted: 0, rate: 0, peers: 0, seeders: 0, reused: 0 };
  const grown = stage.post({ kind: 'download', event: { ...progress, kind: 'progressed', file, have: 3 } });
  assert.match(sentences(grown), /^a goes on$/m);
  // At the start of the client it is the same.
  const next = new Stage();
  next.post({ kind: 'loaded', entries: [entry] });
  const result = { kind: 'unusable', sentence: '/files does not exist', found: undefined, trouble } as const;
  next.post({ kind: 'checked', file: 1, result });
  next.nowMs += LOOK_AGAIN_MS;
  assert.ok(kinds(next.post({ kind: 'wake' })).includes('check'));
  assert.deepEqual(
    kinds(
      next.post({
        kind: 'checked',
        file: 1,
        result: { kind: 'partial', have: 1, device: 1, zeros: NO_ZEROS, totals: NO_TOTALS },
      }),
    ),
    ['openPart'],
  );
});

test('FC-21: a full disk is told once, tried when there are bytes and inodes, and more and more rarely when that does not help', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const fails = (): readonly string[] => kinds(stage.post(failedBy(file, 'DISK_FULL', 'no inodes', 'ENOSPC')));
  assert.deepEqual(fails(), ['tell stalled']);
  const seen = (room: Room | undefined): readonly string[] => {
    stage.nowMs += LOOK_AGAIN_MS;
    const looked = kinds(stage.post({ kind: 'wake' }));
    assert.deepEqual(looked, ['lookAtRoom']);
    return kinds(stage.post({ kind: 'roomSeen', file, room }));
  };
  for (let looks = 0; looks < 10; looks += 1) assert.deepEqual(seen(roomOf(100 * SIZE, 0)), []);
  const triedMs: number[] = [];
  for (let looks = 0; looks < 60; looks += 1) {
    if (!seen(roomOf(100 * SIZE)).includes('openPart')) continue;
    triedMs.push(stage.nowMs);
    assert.deepEqual(fails(), [], 'the same reason');
  }
  const pauses = triedMs.slice(1).map((ms, at) => ms - (triedMs[at] ?? 0));
  assert.deepEqual(pauses.slice(0, 4), [10_000, 20_000, 40_000, 80_000]);
});

test('FC-21: a disk is looked at where it was full: that of the state needs little, and none is asked twice at once', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const trouble = { errno: 'ENOSPC', path: '/state/resume/a.resume' } as const;
  stage.post({ kind: 'download', event: { kind: 'stopped', file } });
  stage.post({ kind: 'partFailed', file, refusal: { code: 'DISK_FULL', sentence: 'the state is full', trouble } });
  stage.nowMs += LOOK_AGAIN_MS;
  const [look] = stage.post({ kind: 'wake' });
  assert.ok(look?.kind === 'lookAtRoom' && look.path === trouble.path);
  stage.nowMs += LOOK_AGAIN_MS;
  assert.deepEqual(stage.post({ kind: 'wake' }), [], 'its disk has not answered yet');
  assert.deepEqual(kinds(stage.post({ kind: 'roomSeen', file, room: roomOf(2 * 1024 * 1024) })), ['openPart']);
});

test('FC-21: a file too large for its file system has failed for good', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  assert.deepEqual(kinds(stage.post(failedBy(file, 'DISK_FULL', 'it is too large', 'EFBIG'))), ['tell failed']);
  stage.nowMs += 10 * LOOK_AGAIN_MS;
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
  const half = { ...NO_TRANSFER, received: 0, wasted: 0, rate: 0, peers: 0, seeders: 0, reused: 0, have: PIECES / 2 };
  stage.post({ kind: 'download', event: { ...half, kind: 'progressed', file } });
  const event = failedBy(file, 'DISK_FULL', 'no room left', 'ENOSPC');
  assert.deepEqual(kinds(stage.post(event)), ['tell stalled']);
  assert.deepEqual(stage.states(), { a: 'paused', b: 'downloading' });
  assert.match(stage.rows()[0]?.problem ?? '', /no room left; it continues by itself/);
  stage.nowMs += LOOK_AGAIN_MS;
  assert.deepEqual(kinds(stage.post({ kind: 'wake' })), ['lookAtRoom']);
  // What the other download was promised is not there for this one.
  const needed = SIZE / 2 + SIZE + DISK_RESERVE_BYTES;
  assert.deepEqual(stage.post({ kind: 'roomSeen', file, room: roomOf(needed - 1) }), []);
  assert.deepEqual(kinds(stage.post({ kind: 'roomSeen', file, room: roomOf(needed) })), ['openPart']);
  assert.deepEqual(stage.post({ kind: 'roomSeen', file, room: roomOf(needed) }), [], 'a late answer');
  assert.notEqual(other, file);
});

test('a download that waits for room can be paused, resumed, removed, and is not waited for', () => {
  const stage = new Stage();
  const full = (name: string): number => {
    const file = stage.downloading(entryOf(name));
    stage.post(failedBy(file, 'DISK_FULL', 'no room left', 'ENOSPC'));
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
  const removal = kinds(stage.command({ kind: 'remove', name: 'c', force: true, content: false }));
  assert.deepEqual(removal, ['unserve', 'announce withdraw', 'saveLibrary', 'deleteFiles']);
});
