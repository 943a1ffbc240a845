// The life of a file in a client, by example: from share or get to remove, across restarts, and at the end (C2, C5, C9,
// C11 to C14). Whatever comes late is about a file that may be gone.

import assert from 'node:assert/strict';
import test from 'node:test';
import { namesOf } from '../../src/client/files/names.js';
import { NO_TRANSFER } from '../../src/client/files/record.js';
import { LIST_ROWS_MAX } from '../../src/client/messages.js';
import {
  DISK_RESERVE_BYTES,
  DOWNLOADS_RUNNING_MAX,
  PIECE_SIZE,
  QUIT_DEADLINE_MS,
} from '../../src/foundation/base/limits.js';
import { NO_TOTALS } from '../../src/transfer/storage/part/totals.js';
import {
  answers,
  entryOf,
  eventsIn,
  failedBy,
  kinds,
  NO_ZEROS,
  PIECES,
  SIZE,
  Stage,
  saved,
  sentences,
} from './stage.js';

test('a shared file is served, announced with all its pieces, recorded, and answered with its name', () => {
  const stage = new Stage();
  const effects = stage.share(entryOf('a', 1));
  assert.deepEqual(kinds(effects), ['serve', 'announce register', 'saveLibrary', 'tell accepted']);
  assert.deepEqual(answers(effects), ['accepted a.mtorrent']);
  const register = effects.find((effect) => effect.kind === 'announce');
  assert.ok(register?.kind === 'announce' && register.command.kind === 'register');
  assert.equal(register.command.have, PIECES);
  assert.deepEqual(stage.states(), { a: 'seeding' });
});

test('FC-09: the same content shared twice is one swarm, known by both .mtorrent files', () => {
  const stage = new Stage();
  stage.share(entryOf('a', 1));
  const effects = stage.share(entryOf('a', 1, { mtorrentPath: '/torrents/again.mtorrent' }));
  assert.deepEqual(kinds(effects), ['saveLibrary', 'tell accepted']);
  assert.deepEqual(answers(effects), ['accepted again.mtorrent']);
  assert.deepEqual(
    saved(effects)?.flatMap((entry) => namesOf(entry).map(({ mtorrentPath }) => mtorrentPath)),
    ['/torrents/a.mtorrent', '/torrents/again.mtorrent'],
  );
});

test('content that is being downloaded cannot be shared, and content that is here cannot be got', () => {
  const stage = new Stage();
  stage.downloading(entryOf('a'));
  assert.deepEqual(answers(stage.share(entryOf('a', 1))), ['ALREADY_EXISTS']);
  assert.deepEqual(answers(stage.get(entryOf('a', null, { path: '/elsewhere/a' }))), ['ALREADY_EXISTS']);
  stage.seeding(entryOf('b', 1));
  assert.deepEqual(answers(stage.get(entryOf('b', null, { path: '/elsewhere/b' }))), ['ALREADY_EXISTS']);
});

test('two downloads cannot have one place', () => {
  const stage = new Stage();
  stage.downloading(entryOf('a'));
  const effects = stage.get(entryOf('b', null, { path: '/files/a' }));
  assert.deepEqual(answers(effects), ['ALREADY_EXISTS']);
  assert.match(sentences(effects), /a\.mtorrent/);
});

test('a download is accepted at once; its peers are told before its first piece', () => {
  const stage = new Stage();
  const effects = stage.get(entryOf('a'));
  assert.deepEqual(kinds(effects), ['saveLibrary', 'tell accepted', 'openPart']);
  assert.deepEqual(answers(effects), ['accepted /files/a']);
  const started = stage.post({ kind: 'partOpened', file: 1, have: 3, totals: NO_TOTALS });
  assert.deepEqual(kinds(started), ['serve', 'announce register', 'startDownload']);
  assert.equal(stage.rows()[0]?.have, 3);
});

test('a completed download is served whole, recorded with its time, and said', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const effects = stage.complete(file, 77);
  assert.deepEqual(kinds(effects), ['serve', 'announce register', 'saveLibrary', 'tell completed']);
  assert.deepEqual(saved(effects)?.[0]?.completeness, { kind: 'complete', mtimeMs: 77 });
  assert.deepEqual(stage.states(), { a: 'seeding' });
});

test('room is promised once: what running downloads still need on a disk is not there for another', () => {
  const stage = new Stage();
  const free = 2 * SIZE + DISK_RESERVE_BYTES;
  assert.deepEqual(answers(stage.get(entryOf('a'), free, 1)), ['accepted /files/a']);
  assert.deepEqual(answers(stage.get(entryOf('b'), free, 1)), ['accepted /files/b']);
  const refused = stage.get(entryOf('c'), free, 1);
  assert.deepEqual(answers(refused), ['DISK_FULL']);
  assert.match(sentences(refused), /promised/);
  assert.deepEqual(answers(stage.get(entryOf('d'), free, 2)), ['accepted /files/d'], 'another disk');
  stage.post({ kind: 'partOpened', file: 1, have: PIECES / 2, totals: NO_TOTALS });
  assert.deepEqual(answers(stage.get(entryOf('e', null, { size: SIZE / 2 }), free, 1)), ['accepted /files/e']);
});

test('FC-30: pieces of zeros need no room, neither for a new download nor of what a running one reserves, and count as there', () => {
  const stage = new Stage();
  const zeros = { pieces: 8, bytes: 8 * PIECE_SIZE };
  const free = 2 * PIECE_SIZE + DISK_RESERVE_BYTES;
  const refused = stage.get(entryOf('a'), free - 1, 1, { zeros });
  assert.deepEqual(answers(refused), ['DISK_FULL']);
  assert.match(sentences(refused), /\/files\/a needs 1\.0 MiB beside 4\.0 MiB of zeros, and 16\.0 MiB must stay free/);
  assert.deepEqual(answers(stage.get(entryOf('a'), free, 1, { zeros })), ['accepted /files/a']);
  const [row] = stage.rows();
  assert.deepEqual([row?.have, row?.zeros], [8, zeros.bytes]);
  assert.deepEqual(answers(stage.get(entryOf('b'), 2 * free - DISK_RESERVE_BYTES - 1, 1, { zeros })), ['DISK_FULL']);
  assert.deepEqual(answers(stage.get(entryOf('b'), 2 * free - DISK_RESERVE_BYTES, 1, { zeros })), [
    'accepted /files/b',
  ]);
});

test('as many downloads run as may; the next starts when one has ended', () => {
  const stage = new Stage();
  const files = Array.from({ length: DOWNLOADS_RUNNING_MAX }, (_, at) => stage.downloading(entryOf(`f${at}`)));
  assert.equal(kinds(stage.get(entryOf('late'))).includes('openPart'), false);
  assert.equal(stage.states()['late'], 'waiting');
  assert.ok(kinds(stage.complete(files[0] ?? 0)).includes('openPart'));
});

test('fewer downloads run where fewer may, and what waits begins in the order that was asked for', () => {
  const stage = new Stage(undefined, 1);
  const first = stage.downloading(entryOf('a'));
  for (const name of ['b', 'c', 'd', 'e']) stage.get(entryOf(name));
  assert.deepEqual(answers(stage.command({ kind: 'queue', name: 'd', isFirst: true })), ['accepted FIRST']);
  assert.deepEqual(answers(stage.command({ kind: 'queue', name: 'b.mtorrent', isFirst: false })), ['accepted LAST']);
  assert.deepEqual(answers(stage.command({ kind: 'queue', name: 'a', isFirst: false })), ['accepted RUNNING']);
  const begun: string[] = [];
  let last = stage.complete(first);
  for (;;) {
    const opens = last.find((effect) => effect.kind === 'openPart');
    if (opens?.kind !== 'openPart') break;
    assert.equal(last.filter(({ kind }) => kind === 'openPart').length, 1);
    begun.push(opens.entry.name);
    stage.post({ kind: 'partOpened', file: opens.file, have: 0, totals: NO_TOTALS });
    last = stage.complete(opens.file);
  }
  assert.deepEqual(begun, ['d', 'c', 'e', 'b']);
  assert.deepEqual(answers(stage.command({ kind: 'queue', name: 'a', isFirst: true })), ['INVALID_ARGUMENTS']);
  assert.deepEqual(answers(stage.command({ kind: 'queue', name: 'x', isFirst: true })), ['FILE_NOT_FOUND']);
});

test('a limit that is set by hand holds until the timetable speaks again, and the note says so', () => {
  const stage = new Stage();
  assert.deepEqual(answers(stage.command({ kind: 'limitNote' })), ['accepted ']);
  const effects = stage.command({ kind: 'limitBySchedule', up: 1024, down: 0, note: 'A applies' });
  assert.deepEqual(
    effects.filter(({ kind }) => kind === 'limit'),
    [
      { kind: 'limit', direction: 'up', rate: 1024 },
      { kind: 'limit', direction: 'down', rate: 0 },
    ],
  );
  assert.deepEqual(answers(stage.command({ kind: 'limitNote' })), ['accepted A applies']);
  stage.command({ kind: 'limit', direction: 'up', rate: 4096 });
  assert.deepEqual(answers(stage.command({ kind: 'limitNote' })), ['accepted set by hand, although A applies']);
  stage.command({ kind: 'limitBySchedule', up: 0, down: 0, note: 'B applies' });
  assert.deepEqual(answers(stage.command({ kind: 'limitNote' })), ['accepted B applies']);
});

test('an unfinished file is removed only by force, and the refusal says how', () => {
  const stage = new Stage();
  stage.downloading(entryOf('a'));
  const refused = stage.command({ kind: 'remove', name: 'a.mtorrent', force: false, content: false });
  assert.deepEqual(answers(refused), ['NOT_COMPLETE']);
  assert.match(sentences(refused), /remove it with --force/);
});

test('what is deleted with a share is told which shares lie at its place, in it or around it', () => {
  const stage = new Stage();
  for (const [name, path] of [
    ['a', '/d/f/a'],
    ['around', '/d'],
    ['inside', '/d/f/a/b'],
    ['same', '/d/f/a'],
    ['longer', '/d/f/ab'],
    ['beside', '/d/g'],
  ] as const)
    stage.seeding(entryOf(name, 1, { path }));
  const besides = (content: boolean) => {
    const effects = stage.command({ kind: 'remove', name: '/torrents/a.mtorrent', force: false, content });
    return effects.flatMap((effect) => (effect.kind === 'deleteFiles' ? effect.beside.map(({ name }) => name) : []));
  };
  assert.deepEqual(besides(true), ['around', 'inside', 'same']);
});

test('a complete file is removed: off the trackers, out of the record, its .mtorrent deleted, and only then said', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 1));
  const effects = stage.command({ kind: 'remove', name: 'a.mtorrent', force: false, content: false });
  assert.deepEqual(kinds(effects), ['unserve', 'announce withdraw', 'saveLibrary', 'deleteFiles']);
  assert.deepEqual(saved(effects), []);
  const deletes = effects.find((effect) => effect.kind === 'deleteFiles');
  assert.ok(deletes?.kind === 'deleteFiles' && !deletes.unfinished);
  assert.deepEqual(answers(stage.post({ kind: 'removed', ask: deletes.ask, refusal: undefined })), [
    'accepted FILE_REMOVED',
  ]);
  assert.deepEqual(stage.rows(), []);
});

test('a running download that is removed by force is withdrawn, stops, and is deleted then', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const removal = kinds(stage.command({ kind: 'remove', name: 'a', force: true, content: false }));
  assert.deepEqual(removal, ['unserve', 'announce withdraw', 'stopDownload']);
  assert.deepEqual(answers(stage.command({ kind: 'remove', name: 'a', force: true, content: false })), [
    'INVALID_ARGUMENTS',
  ]);
  const effects = stage.stopped(file);
  assert.deepEqual(kinds(effects), ['saveLibrary', 'deleteFiles']);
  assert.ok(effects.some((effect) => effect.kind === 'deleteFiles' && effect.unfinished));
});

test('a download that completes, or fails, while it is being removed is removed', () => {
  const completes = new Stage();
  const file = completes.downloading(entryOf('a'));
  completes.command({ kind: 'remove', name: 'a', force: true, content: false });
  const effects = completes.complete(file);
  assert.ok(
    effects.some((effect) => effect.kind === 'deleteFiles' && !effect.unfinished),
    'the file itself stays',
  );
  const fails = new Stage();
  fails.downloading(entryOf('a'));
  fails.command({ kind: 'remove', name: 'a', force: true, content: false });
  const event = failedBy(1, 'DISK_FULL', 'x', 'ENOSPC');
  assert.ok(kinds(fails.post(event)).includes('deleteFiles'));
});

test('a file can be removed in every state, and what comes late about it is ignored', () => {
  const setups: Readonly<Record<string, (stage: Stage) => void>> = {
    checking: (stage) => void stage.post({ kind: 'loaded', entries: [entryOf('a', 1)] }),
    'checking unfinished': (stage) => void stage.post({ kind: 'loaded', entries: [entryOf('a')] }),
    opening: (stage) => void stage.get(entryOf('a')),
    downloading: (stage) => void stage.downloading(entryOf('a')),
    pausing: (stage) => {
      stage.downloading(entryOf('a'));
      stage.command({ kind: 'pause', name: 'a' });
    },
    paused: (stage) => {
      stage.downloading(entryOf('a'));
      stage.command({ kind: 'pause', name: 'a' });
      stage.stopped(1);
    },
    completing: (stage) => {
      const event = { kind: 'completed', file: stage.downloading(entryOf('a')), received: 0, wasted: 0 } as const;
      stage.post({ kind: 'download', event });
    },
    seeding: (stage) => void stage.seeding(entryOf('a', 1)),
  };
  for (const [state, arrange] of Object.entries(setups)) {
    const stage = new Stage();
    arrange(stage);
    assert.deepEqual(answers(stage.command({ kind: 'remove', name: 'a', force: true, content: false })), [], state);
    stage.post({ kind: 'checked', file: 1, result: { kind: 'complete', path: '/files/a', mtimeMs: 1 } });
    stage.post({ kind: 'partOpened', file: 1, have: 1, totals: NO_TOTALS });
    stage.stopped(1);
    stage.post({ kind: 'completedSeen', file: 1, mtimeMs: 1 });
    stage.post({ kind: 'partFailed', file: 1, refusal: { code: 'IO_ERROR', sentence: 'late' } });
    stage.post({ kind: 'serve', event: { kind: 'serveFailed', file: 1, path: '/files/a', errno: 'EIO' } });
    stage.post({ kind: 'serve', event: { kind: 'uploaded', file: 1, bytes: 1 } });
    assert.equal(kinds(stage.effects).filter((kind) => kind === 'deleteFiles').length, 1, state);
    assert.deepEqual(stage.rows(), [], state);
    const last = kinds(stage.effects)
      .filter((kind) => kind === 'serve' || kind === 'unserve')
      .at(-1);
    assert.notEqual(last, 'serve', `${state}: a removed file is not served`);
  }
});

test('a part that is opened for a file that was removed meanwhile is closed before it is deleted', () => {
  const stage = new Stage();
  stage.get(entryOf('a'));
  stage.command({ kind: 'remove', name: 'a', force: true, content: false });
  const effects = kinds(stage.post({ kind: 'partOpened', file: 1, have: 0, totals: NO_TOTALS }));
  assert.deepEqual(effects, ['releasePart', 'saveLibrary', 'deleteFiles']);
});

test('a name means one file: by .mtorrent path, .mtorrent name, own name or saved name; a path means that path only', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 1));
  stage.seeding(entryOf('b', 1, { mtorrentPath: '/other/a.mtorrent', name: 'bee' }));
  const find = (name: string): readonly string[] => kinds(stage.command({ kind: 'peers', name }));
  assert.deepEqual(find('/torrents/a.mtorrent'), ['listPeers']);
  assert.deepEqual(find('bee'), ['listPeers']);
  assert.deepEqual(find('b'), ['listPeers'], 'as it was saved');
  assert.deepEqual(find('a.mtorrent'), ['tell refused'], 'two have this name');
  assert.deepEqual(find('/elsewhere/a.mtorrent'), ['tell refused']);
  assert.deepEqual(answers(stage.command({ kind: 'remove', name: '/elsewhere/bee', force: true, content: false })), [
    'FILE_NOT_FOUND',
  ]);
});

test('a paused download stops, is recorded as paused, stays served, and goes on when it is resumed', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const effects = stage.command({ kind: 'pause', name: 'a' });
  assert.deepEqual(kinds(effects), ['saveLibrary', 'tell accepted', 'stopDownload']);
  assert.deepEqual(saved(effects)?.[0]?.completeness, { kind: 'partial', paused: true });
  assert.deepEqual(stage.stopped(file), []);
  assert.deepEqual(stage.states(), { a: 'paused' });
  const resumed = stage.command({ kind: 'resume', name: 'a' });
  assert.deepEqual(kinds(resumed), ['saveLibrary', 'tell accepted', 'openPart']);
  assert.deepEqual(saved(resumed)?.[0]?.completeness, { kind: 'partial', paused: false });
});

test('a row shows what its download received in this run, also after it was paused and goes on', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const report = (received: number): void => {
    const { sent: _sent, ...none } = NO_TRANSFER;
    const progress = { ...none, received, wasted: received / 10, reused: 1 };
    stage.post({ kind: 'download', event: { kind: 'progressed', file, ...progress } });
  };
  report(100);
  stage.command({ kind: 'pause', name: 'a' });
  stage.stopped(file);
  stage.command({ kind: 'resume', name: 'a' });
  stage.post({ kind: 'partOpened', file, have: 0, totals: NO_TOTALS });
  const row = () => stage.rows().map(({ received, wasted, reused }) => [received, wasted, reused])[0];
  assert.deepEqual(row(), [100, 10, 1]);
  report(0);
  report(200);
  assert.deepEqual(row(), [300, 30, 2]);
  stage.complete(file);
  assert.equal(row()?.[0], 100 + SIZE);
});

test('pause and resume before the other has happened end in what was said last', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  stage.command({ kind: 'pause', name: 'a' });
  stage.command({ kind: 'resume', name: 'a' });
  assert.ok(kinds(stage.stopped(file)).includes('openPart'));
  assert.deepEqual(answers(stage.command({ kind: 'pause', name: 'a' })), ['accepted PAUSED']);
  assert.deepEqual(answers(stage.command({ kind: 'resume', name: 'a' })), ['accepted RESUMED'], 'while it is opened');
  assert.ok(kinds(stage.post({ kind: 'partOpened', file, have: 0, totals: NO_TOTALS })).includes('startDownload'));
});

test('what cannot be paused or resumed is refused', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 1));
  stage.downloading(entryOf('b'));
  assert.deepEqual(answers(stage.command({ kind: 'pause', name: 'a' })), ['INVALID_ARGUMENTS']);
  assert.deepEqual(answers(stage.command({ kind: 'resume', name: 'a' })), ['INVALID_ARGUMENTS']);
  assert.deepEqual(answers(stage.command({ kind: 'resume', name: 'b' })), ['INVALID_ARGUMENTS']);
  assert.deepEqual(answers(stage.command({ kind: 'pause', name: 'x' })), ['FILE_NOT_FOUND']);
});

test('a failed download says why, stays in the list, and can be resumed or got again', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const event = failedBy(file, 'IO_ERROR', 'no disk');
  const [failed] = eventsIn(stage.post(event));
  assert.deepEqual(failed, { kind: 'failed', name: 'a', path: '/files/a', code: 'IO_ERROR', sentence: 'no disk' });
  assert.equal(stage.rows()[0]?.problem, 'no disk');
  assert.ok(kinds(stage.command({ kind: 'resume', name: 'a' })).includes('openPart'));
  stage.post({ kind: 'partFailed', file, refusal: { code: 'IO_ERROR', sentence: 'bad' } });
  const again = kinds(stage.get(entryOf('a')));
  assert.ok(again.includes('unserve') && again.includes('announce withdraw') && again.includes('openPart'));
});

test('wait is answered when no download runs or waits, however each ended', () => {
  const stage = new Stage();
  assert.deepEqual(answers(stage.command({ kind: 'wait' })), ['accepted WAITED']);
  const [a, b] = [stage.downloading(entryOf('a')), stage.downloading(entryOf('b'))];
  assert.deepEqual(answers(stage.command({ kind: 'wait' })), []);
  assert.deepEqual(answers(stage.complete(a)), []);
  const event = failedBy(b, 'IO_ERROR', 'x');
  assert.deepEqual(answers(stage.post(event)), ['accepted WAITED']);
});

test('at start a complete file is served and announced, an unfinished one goes on, a missing one is only reported', () => {
  const stage = new Stage();
  const entries = [
    entryOf('whole', 1),
    entryOf('half'),
    entryOf('gone', 1),
    entryOf('held', null, { completeness: { kind: 'partial', paused: true } }),
  ];
  assert.deepEqual(kinds(stage.post({ kind: 'loaded', entries })), ['check', 'check', 'check', 'check']);
  const whole = stage.post({
    kind: 'checked',
    file: 1,
    result: { kind: 'complete', path: '/files/whole', mtimeMs: 2 },
  });
  assert.deepEqual(kinds(whole), ['serve', 'announce register', 'saveLibrary']);
  const half = stage.post({
    kind: 'checked',
    file: 2,
    result: { kind: 'partial', have: 4, device: 1, zeros: NO_ZEROS, totals: NO_TOTALS },
  });
  assert.deepEqual(kinds(half), ['openPart']);
  const gone = stage.post({
    kind: 'checked',
    file: 3,
    result: { kind: 'unusable', found: undefined, sentence: 'gone is gone' },
  });
  assert.deepEqual(kinds(gone), ['tell notice']);
  stage.post({
    kind: 'checked',
    file: 4,
    result: { kind: 'partial', have: 4, device: 1, zeros: NO_ZEROS, totals: NO_TOTALS },
  });
  assert.deepEqual(kinds(stage.post({ kind: 'partOpened', file: 4, have: 4, totals: NO_TOTALS })), [
    'serve',
    'announce register',
    'releasePart',
  ]);
  assert.deepEqual(stage.states(), { whole: 'seeding', half: 'waiting', gone: 'missing', held: 'paused' });
});

test('a served file that cannot be read any more is withdrawn and reported, once', () => {
  const stage = new Stage();
  const file = stage.seeding(entryOf('a', 1));
  const event = { kind: 'serveFailed', file, path: '/files/a', errno: 'EIO' } as const;
  const effects = stage.post({ kind: 'serve', event });
  assert.deepEqual(kinds(effects), ['unserve', 'announce withdraw', 'tell notice']);
  assert.match(sentences(effects), /\/files\/a/);
  assert.deepEqual(stage.post({ kind: 'serve', event }), []);
  assert.deepEqual(stage.states(), { a: 'missing' });
});

test('quit takes us off every list once, stops downloads, and ends when all have answered', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 1));
  const file = stage.downloading(entryOf('b'));
  const effects = stage.command({ kind: 'quit' });
  assert.deepEqual(kinds(effects), ['unserve', 'unserve', 'stopDownload', 'announce leave']);
  for (const kind of ['list', 'quit'] as const)
    assert.deepEqual(answers(stage.command({ kind })), ['CANCELLED'], 'every question has its answer');
  assert.deepEqual(kinds(stage.stopped(file)), []);
  const left = { kind: 'announce', trackers: '192.0.2.1:7000 and 192.0.2.2:7000', event: { kind: 'left' } } as const;
  assert.deepEqual(kinds(stage.post(left)), ['saveLibrary', 'halt']);
  assert.deepEqual(stage.post({ kind: 'wake' }), [], 'once');
});

test('quit ends at its deadline when trackers are dead or a download does not stop', () => {
  const stage = new Stage();
  stage.downloading(entryOf('a'));
  stage.command({ kind: 'quit' });
  assert.equal(stage.wakeMs, QUIT_DEADLINE_MS);
  stage.nowMs = QUIT_DEADLINE_MS - 1;
  assert.deepEqual(stage.post({ kind: 'wake' }), []);
  stage.nowMs = QUIT_DEADLINE_MS;
  assert.deepEqual(kinds(stage.post({ kind: 'wake' })), ['saveLibrary', 'halt']);
});

test('quit of an empty client ends at once', () => {
  assert.deepEqual(kinds(new Stage().command({ kind: 'quit' })), ['saveLibrary', 'halt']);
});

test('seeders are handed to a running download only, and asked for when it needs more', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const { swarm } = entryOf('a');
  const event = { kind: 'seedersFound', swarm, seeders: [{ host: '192.0.2.9', port: 1, have: 2 }] } as const;
  assert.deepEqual(kinds(stage.post({ kind: 'announce', trackers: 'x', event })), ['peersFound']);
  const joined = { kind: 'peerJoined', file, host: '192.0.2.9', port: 1 } as const;
  assert.deepEqual(kinds(stage.post({ kind: 'serve', event: joined })), ['peersFound']);
  const needed = stage.post({ kind: 'download', event: { kind: 'peersNeeded', file } });
  assert.deepEqual(kinds(needed), ['announce findSeeders']);
  stage.complete(file);
  assert.deepEqual(stage.post({ kind: 'announce', trackers: 'x', event }), []);
  assert.deepEqual(stage.post({ kind: 'serve', event: joined }), []);
});

test('seeders are asked for once more when the tracker lists us: two that begin together do not miss each other', () => {
  const stage = new Stage();
  const file = stage.downloading(entryOf('a'));
  const event = { kind: 'registered', swarm: entryOf('a').swarm } as const;
  assert.deepEqual(kinds(stage.post({ kind: 'announce', trackers: 'x', event })), ['announce findSeeders']);
  stage.complete(file);
  assert.deepEqual(stage.post({ kind: 'announce', trackers: 'x', event }), []);
});

test('a long list comes in parts, the last of which says so', () => {
  const stage = new Stage();
  stage.post({ kind: 'loaded', entries: Array.from({ length: 600 }, (_, at) => entryOf(`file ${at}`, 1)) });
  const parts = eventsIn(stage.command({ kind: 'list' }));
  assert.deepEqual(
    parts.map((part) => (part.kind === 'listed' ? [part.rows.length, part.last] : [])),
    [
      [LIST_ROWS_MAX, false],
      [LIST_ROWS_MAX, false],
      [LIST_ROWS_MAX, false],
      [600 - 3 * LIST_ROWS_MAX, true],
    ],
  );
});

test('the first limits are told before anything moves, later ones at once, and both are shown whenever asked', () => {
  const stage = new Stage({ up: 1024, down: 0 });
  const effects = stage.post({ kind: 'loaded', entries: [entryOf('a', 1)] });
  assert.deepEqual(effects[0], { kind: 'limit', direction: 'up', rate: 1024 });
  assert.deepEqual(kinds(effects), ['limit', 'check']);
  const [told, shown] = stage.command({ kind: 'limit', direction: 'down', rate: 2048 });
  assert.deepEqual(told, { kind: 'limit', direction: 'down', rate: 2048 });
  assert.deepEqual(shown?.kind === 'tell' ? shown.event : undefined, {
    kind: 'limitsListed',
    ask: 1,
    up: 1024,
    down: 2048,
  });
  assert.deepEqual(eventsIn(stage.command({ kind: 'limit', direction: 'up', rate: 0 })), [
    { kind: 'limitsListed', ask: 2, up: 0, down: 2048 },
  ]);
  assert.deepEqual(eventsIn(stage.command({ kind: 'limits' })), [{ kind: 'limitsListed', ask: 3, up: 0, down: 2048 }]);
});
