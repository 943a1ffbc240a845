// The disk jobs on real files: each ends in one input of the machine, and what a user or a disk can cause is an answer.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { linkOf } from '../../src/app/library/links.js';
import { DiskJobs } from '../../src/client/disk-jobs/disk-jobs.js';
import type { DiskEffect } from '../../src/client/disk-jobs/job-table.js';
import { OpenFiles } from '../../src/client/disk-jobs/open-files.js';
import type { ClientInput } from '../../src/client/effects.js';
import { UNFINISHED } from '../../src/client/files/completeness.js';
import type { Entry } from '../../src/client/files/record.js';
import { AS_IT_IS, type ClientEvent, EVERYTHING } from '../../src/client/messages.js';
import { openStateDirectory, type StatePaths } from '../../src/client/state/library.js';
import type { ClientThreads } from '../../src/client/threads/threads.js';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import { silentLog } from '../../src/foundation/base/log.js';
import { Bitfield } from '../../src/foundation/torrent/bitfield.js';
import { makeMetainfo } from '../../src/foundation/torrent/metainfo.js';
import { writeMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { saveResume } from '../../src/transfer/storage/part/resume.js';
import { NO_TOTALS } from '../../src/transfer/storage/part/totals.js';
import { eventually } from '../support/e2e-stage.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const PIECES = 3;
const BYTES = new Uint8Array(PIECES * PIECE_SIZE - 7).map((_, at) => at % 251);
const TRACKERS = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;

interface Stage {
  readonly directory: string;
  readonly paths: StatePaths;
  readonly files: OpenFiles;
  readonly answers: ClientEvent[];
  readonly fatal: unknown[];
  /** The input that a job ends in; those that only report progress are left out. */
  readonly run: (effect: DiskEffect) => Promise<ClientInput>;
  readonly perform: (effect: DiskEffect) => void;
}

async function stage(t: TestContext): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const paths = await openStateDirectory(join(directory, 'state'));
  const [answers, fatal]: [ClientEvent[], unknown[]] = [[], []];
  let ended: (input: ClientInput) => void = () => assert.fail('no job runs');
  const files = new OpenFiles({} as ClientThreads, () => 6881, paths.copyOf);
  const jobs = new DiskJobs({
    paths,
    files,
    hashThreads: 1,
    client: { trackers: TRACKERS },
    log: silentLog,
    post: (input) => {
      if (input.kind !== 'shareProgressed' && input.kind !== 'verifyProgressed') ended(input);
    },
    answer: (event) => answers.push(event),
    recorded: async () => undefined,
    onFatal: (error) => fatal.push(error),
  });
  t.after(async () => {
    await jobs.close();
    await files.releaseAll();
  });
  const run = (effect: DiskEffect): Promise<ClientInput> =>
    new Promise((resolve) => {
      ended = resolve;
      jobs.perform(effect);
    });
  return { directory, paths, files, answers, fatal, run, perform: (effect) => jobs.perform(effect) };
}

/** Shares BYTES; answers the entry, and one of a download of the same elsewhere. */
async function shared({ directory, run }: Stage): Promise<{ readonly share: Entry; readonly download: Entry }> {
  const path = join(directory, 'a.bin');
  writeFileSync(path, BYTES);
  const hashed = await run({ kind: 'prepareShare', ...AS_IT_IS, ask: 1, path, mtorrentPath: `${path}.mtorrent` });
  assert.ok(hashed.kind === 'shareHashed' && hashed.entry.completeness.kind === 'complete');
  const { entry } = hashed;
  assert.equal((await run({ kind: 'writeShare', ask: 1, entry })).kind, 'sharePrepared');
  return { share: entry, download: { ...entry, path: join(directory, 'b.bin'), completeness: UNFINISHED } };
}

test('a shared file is believed as it was, hashed when it was touched, and unusable when it is gone or another one', async (t) => {
  const scene = await stage(t);
  const { share } = await shared(scene);
  const check = async (): Promise<string> => {
    const input = await scene.run({ kind: 'check', file: 1, entry: share });
    assert.ok(input.kind === 'checked');
    return input.result.kind === 'unusable' ? input.result.sentence : input.result.kind;
  };
  assert.equal(await check(), 'complete');
  writeFileSync(share.path, BYTES);
  assert.equal(await check(), 'complete', 'the same bytes at another time');
  writeFileSync(share.path, new Uint8Array(BYTES.length));
  assert.match(await check(), /a\.bin has changed since it was shared/);
  unlinkSync(share.path);
  assert.match(await check(), /a\.bin is gone/);
  unlinkSync(share.mtorrentPath);
  assert.match(await check(), /a\.bin is gone/, 'its own copy of the .mtorrent is enough');
});

test('a download creates its part, and finds its pieces again as far as a record knows them', async (t) => {
  const scene = await stage(t);
  const { download } = await shared(scene);
  const part = `${download.path}.part`;
  const open = (): Promise<ClientInput> => scene.run({ kind: 'openPart', file: 2, entry: download });
  assert.deepEqual(await open(), { kind: 'partOpened', file: 2, have: 0, totals: NO_TOTALS });
  scene.perform({ kind: 'releasePart', file: 2 });
  // Another client has continued it: what its record does not know is hashed.
  writeFileSync(part, BYTES.subarray(0, PIECE_SIZE));
  assert.deepEqual(await open(), { kind: 'partOpened', file: 2, have: 1, totals: NO_TOTALS });
  scene.perform({ kind: 'releasePart', file: 2 });
  // A record that cannot be read has every piece hashed.
  for (const copy of ['', '.synced']) writeFileSync(`${scene.paths.resumeOf(download)}${copy}`, 'damaged');
  writeFileSync(part, BYTES.subarray(0, 2 * PIECE_SIZE));
  assert.deepEqual(await open(), { kind: 'partOpened', file: 2, have: 2, totals: NO_TOTALS });
  scene.perform({ kind: 'releasePart', file: 2 });
  assert.equal(
    (
      await scene.run({
        kind: 'deleteFiles',
        ask: 3,
        file: 2,
        entry: download,
        unfinished: true,
        content: false,
        beside: [],
      })
    ).kind,
    'removed',
  );
  assert.deepEqual([existsSync(part), existsSync(download.mtorrentPath)], [false, false]);
});

test('FC-11: the link to a file names that file, also when its .mtorrent is gone or of something else', async (t) => {
  const scene = await stage(t);
  const { share } = await shared(scene);
  const link = async (): Promise<string> => {
    const told = scene.answers.length;
    scene.perform({ kind: 'makeLink', ask: 9, entry: share });
    const event = await eventually(
      async () => scene.answers[told],
      (one) => one !== undefined,
      'it is answered',
    );
    return event?.kind === 'accepted' ? event.detail : '';
  };
  const right = await linkOf(share.mtorrentPath);
  assert.equal(await link(), right);
  const other = makeMetainfo({ trackers: TRACKERS, name: 'a.bin', size: BYTES.length, digests: new Uint8Array(60) });
  await writeMetainfo(share.mtorrentPath, other, { overwrite: true });
  assert.equal(await link(), right);
  unlinkSync(share.mtorrentPath);
  assert.equal(await link(), right);
});

test('what leaves the library is deleted as far as it can be, whatever cannot, and the answer says what stays', async (t) => {
  const scene = await stage(t);
  const { share } = await shared(scene);
  const removal = {
    kind: 'deleteFiles',
    ask: 3,
    file: 1,
    entry: share,
    unfinished: false,
    content: true,
    beside: [],
  } as const;
  // Nobody can delete a directory as a file.
  mkdirSync(scene.paths.resumeOf(share));
  const removed = await scene.run(removal);
  assert.ok(removed.kind === 'removed' && removed.refusal !== undefined);
  assert.match(
    removed.refusal.sentence,
    /a\.bin is no longer shared or downloaded here, but not all of it was deleted: /,
  );
  assert.deepEqual([existsSync(share.mtorrentPath), existsSync(share.path)], [false, false]);

  const again = await stage(t);
  const { share: changed } = await shared(again);
  writeFileSync(changed.path, 'my own');
  const kept = await again.run({ ...removal, entry: changed });
  assert.ok(kept.kind === 'removed' && kept.refusal?.code === 'FILE_CHANGED');
  assert.match(kept.refusal.sentence, /a\.bin has changed since it was shared; it stays/);
  assert.deepEqual([existsSync(changed.mtorrentPath), existsSync(changed.path)], [false, true]);
});

/** Shares a file of which only piece 1 and the last byte of piece 5 are no zeros, its last piece short. */
async function sparse(scene: Stage): Promise<{ readonly bytes: Uint8Array; readonly download: Entry }> {
  const bytes = new Uint8Array(7 * PIECE_SIZE + 5);
  bytes.fill(9, PIECE_SIZE, 2 * PIECE_SIZE).fill(8, 6 * PIECE_SIZE - 1, 6 * PIECE_SIZE);
  const path = join(scene.directory, 'disk.img');
  writeFileSync(path, bytes);
  const hashed = await scene.run({ kind: 'prepareShare', ...AS_IT_IS, ask: 1, path, mtorrentPath: `${path}.mtorrent` });
  assert.ok(hashed.kind === 'shareHashed');
  await scene.run({ kind: 'writeShare', ask: 1, entry: hashed.entry });
  return { bytes, download: { ...hashed.entry, path: join(scene.directory, 'copy.img'), completeness: UNFINISHED } };
}

test('FC-30: the pieces of zeros of a new part are there at once, and take no room; a get knows how many there are', async (t) => {
  const scene = await stage(t);
  const { download } = await sparse(scene);
  const zeros = { pieces: 6, bytes: 5 * PIECE_SIZE + 5 };
  const get = {
    kind: 'prepareGet',
    ...EVERYTHING,
    exact: false,
    ask: 2,
    mtorrentPath: download.mtorrentPath,
    destination: download.path,
  } as const;
  const prepared = await scene.run(get);
  assert.ok(prepared.kind === 'getPrepared');
  assert.deepEqual(prepared.zeros, zeros);
  assert.deepEqual(await scene.run({ kind: 'openPart', file: 2, entry: download }), {
    kind: 'partOpened',
    file: 2,
    have: zeros.pieces,
    totals: NO_TOTALS,
  });
  assert.equal(statSync(`${download.path}.part`).size, download.size);
  assert.ok(statSync(`${download.path}.part`).blocks * 512 < PIECE_SIZE);
  const checked = await scene.run({ kind: 'check', file: 2, entry: download });
  assert.ok(checked.kind === 'checked' && checked.result.kind === 'partial');
  assert.deepEqual([checked.result.have, checked.result.zeros], [zeros.pieces, zeros]);
});

test('FC-30: a part whose record is damaged, and which has other bytes where zeros belong, has zeros there again', async (t) => {
  const scene = await stage(t);
  const { bytes, download } = await sparse(scene);
  const part = `${download.path}.part`;
  for (const copy of ['', '.synced']) writeFileSync(`${scene.paths.resumeOf(download)}${copy}`, 'damaged');
  // Piece 1 is right, piece 5 is not, and of the zeros pieces 0, 6 and the short last one are wrong.
  const found = new Uint8Array(bytes);
  for (const at of [3, 6 * PIECE_SIZE - 1, 6 * PIECE_SIZE, bytes.length - 1]) found[at] = 1;
  writeFileSync(part, found);
  const opened = await scene.run({ kind: 'openPart', file: 2, entry: download });
  assert.deepEqual(opened, { kind: 'partOpened', file: 2, have: 7, totals: NO_TOTALS });
  const right = new Uint8Array(bytes);
  right[6 * PIECE_SIZE - 1] = 1;
  assert.equal(Buffer.compare(readFileSync(part), right), 0);
});

test('FC-30: a record of a release that knew nothing of zeros goes on with its pieces, and with the holes of its part', async (t) => {
  const scene = await stage(t);
  const { bytes, download } = await sparse(scene);
  const part = `${download.path}.part`;
  const partBytes = new Uint8Array(bytes);
  partBytes.fill(0, 5 * PIECE_SIZE, 6 * PIECE_SIZE);
  writeFileSync(part, partBytes);
  const have = new Bitfield(8);
  have.set(1);
  const { ino: inode, mtimeMs, size } = statSync(part);
  const left = { inode, clean: { mtimeMs, size } };
  const resume = { swarm: download.swarm, size, have, synced: have, left };
  await saveResume(scene.paths.resumeOf(download), resume, { durable: true });
  const opened = await scene.run({ kind: 'openPart', file: 2, entry: download });
  assert.deepEqual(opened, { kind: 'partOpened', file: 2, have: 7, totals: NO_TOTALS });
  assert.equal(statSync(part).mtimeMs, mtimeMs, 'nothing was written');
});

test('FC-07: a part that no record knows is taken up with its right pieces; without any it is left alone', async (t) => {
  const scene = await stage(t);
  const { share } = await shared(scene);
  const part = join(scene.directory, 'b.bin.part');
  const get = (destination: string): Promise<ClientInput> =>
    scene.run({
      kind: 'prepareGet',
      ...EVERYTHING,
      exact: false,
      ask: 4,
      mtorrentPath: share.mtorrentPath,
      destination,
    });
  writeFileSync(part, 'mine');
  const refused = await get(join(scene.directory, 'b.bin'));
  assert.ok(refused.kind === 'prepareFailed' && refused.refusal.code === 'ALREADY_EXISTS');
  assert.match(refused.refusal.sentence, /b\.bin\.part is there and no piece of it is right/);
  const download = { ...share, path: join(scene.directory, 'b.bin'), completeness: UNFINISHED };
  assert.equal((await scene.run({ kind: 'openPart', file: 2, entry: download })).kind, 'partFailed');
  assert.equal(readFileSync(part, 'utf8'), 'mine');
  writeFileSync(part, BYTES.subarray(0, 2 * PIECE_SIZE + 5));
  const taken = await get(join(scene.directory, 'b.bin'));
  assert.ok(taken.kind === 'getPrepared' && taken.there === undefined);
  assert.deepEqual(await scene.run({ kind: 'openPart', file: 2, entry: taken.entry }), {
    kind: 'partOpened',
    file: 2,
    have: 2,
    totals: NO_TOTALS,
  });
  const prepared = await get(join(scene.directory, 'c.bin'));
  assert.ok(prepared.kind === 'getPrepared' && (prepared.room.freeBytes ?? 0) > 0);
  assert.deepEqual([prepared.entry.name, basename(prepared.entry.path)], ['a.bin', 'c.bin']);
});

test('FC-08: what lies at the target is whole when every piece is right; else it is refused and not changed', async (t) => {
  const scene = await stage(t);
  const { share } = await shared(scene);
  const path = join(scene.directory, 'other name');
  const judge = async (): Promise<ClientInput> => {
    const prepared = await scene.run({
      kind: 'prepareGet',
      ...EVERYTHING,
      exact: false,
      ask: 4,
      mtorrentPath: share.mtorrentPath,
      destination: path,
    });
    assert.ok(prepared.kind === 'getPrepared' && prepared.there !== undefined);
    return scene.run({ kind: 'judgeTarget', ask: 4, entry: prepared.entry });
  };
  const sentence = async (): Promise<string> => {
    const input = await judge();
    assert.ok(input.kind === 'prepareFailed' && input.refusal.code === 'ALREADY_EXISTS', input.kind);
    return input.refusal.sentence;
  };
  writeFileSync(path, BYTES);
  assert.equal((await judge()).kind, 'targetJudged');
  writeFileSync(path, new Uint8Array(BYTES.length));
  assert.match(await sentence(), /other name exists already and is another file/);
  writeFileSync(path, Buffer.concat([BYTES, Buffer.from('x')]));
  assert.match(await sentence(), /all of its 3 pieces are right, with 1 B behind them; .*cut off .*mv '/);
  writeFileSync(path, BYTES.subarray(0, PIECE_SIZE));
  assert.match(await sentence(), /1 of its 3 pieces are right; .*mv '/);
  assert.deepEqual(new Uint8Array(readFileSync(path)), BYTES.slice(0, PIECE_SIZE));
});

test('a part that another client writes is not opened; what it has completed is', async (t) => {
  const [one, two] = [await stage(t), await stage(t)];
  const { download } = await shared(one);
  await two.run({
    kind: 'prepareGet',
    ...EVERYTHING,
    exact: false,
    ask: 1,
    mtorrentPath: download.mtorrentPath,
    destination: two.directory,
  });
  assert.equal((await one.run({ kind: 'openPart', file: 2, entry: download })).kind, 'partOpened');
  const refused = await two.run({ kind: 'openPart', file: 2, entry: download });
  assert.ok(refused.kind === 'partFailed' && refused.refusal.code === 'ALREADY_RUNNING');
  assert.match(refused.refusal.sentence, /b\.bin\.part is being written by process \d+; wait for it or stop it/);
  // To remove it there leaves the part of the other one alone.
  await two.run({
    kind: 'deleteFiles',
    ask: 3,
    file: 2,
    entry: download,
    unfinished: true,
    content: false,
    beside: [],
  });
  assert.equal(existsSync(`${download.path}.part`), true);
  one.perform({ kind: 'releasePart', file: 2 });
  await eventually(
    () => existsSync(join(one.directory, '.b.bin.part.claim')),
    (isThere) => !isThere,
    'the claim is released',
  );
  writeFileSync(download.path, BYTES);
  assert.equal((await one.run({ kind: 'openPart', file: 2, entry: download })).kind, 'completedSeen');
});

test('hashing again finds the bad pieces of a complete file, and changes nothing', async (t) => {
  const scene = await stage(t);
  const { share } = await shared(scene);
  writeFileSync(
    share.path,
    BYTES.map((byte, at) => (at === PIECE_SIZE ? byte + 1 : byte)),
  );
  const input = await scene.run({ kind: 'hashAgain', file: 1, entry: share });
  assert.ok(input.kind === 'hashedAgain' && input.result.kind === 'hashed');
  assert.deepEqual([input.result.claimed, input.result.bad], [PIECES, [[1, 1]]]);
  assert.equal(input.result.found?.size, BYTES.length);
});

test('what a user or a disk can cause is an answer: the job says what went wrong, and the client goes on', async (t) => {
  const { directory, run, fatal } = await stage(t);
  const nowhere = join(directory, 'no', 'where');
  const shareFailed = await run({
    kind: 'prepareShare',
    ...AS_IT_IS,
    ask: 5,
    path: nowhere,
    mtorrentPath: `${nowhere}.mtorrent`,
  });
  assert.ok(shareFailed.kind === 'prepareFailed' && shareFailed.refusal.code === 'FILE_NOT_FOUND');
  const getFailed = await run({
    kind: 'prepareGet',
    ...EVERYTHING,
    exact: false,
    ask: 6,
    mtorrentPath: nowhere,
    destination: directory,
  });
  assert.ok(getFailed.kind === 'prepareFailed' && getFailed.refusal.code === 'MTORRENT_FILE_NOT_FOUND');
  assert.deepEqual(await run({ kind: 'lookAtRoom', file: 7, path: nowhere }), {
    kind: 'roomSeen',
    file: 7,
    room: undefined,
  });
  const seen = await run({ kind: 'lookAtSources', sources: [[7, nowhere, undefined]] });
  assert.deepEqual(seen, { kind: 'sourcesSeen', seen: [{ file: 7, found: undefined }] });
  assert.deepEqual(fatal, []);
});
