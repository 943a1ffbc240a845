// What travels beside the commands to the threads: shared bitfields and open parts, each with one owner.

import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { OpenFiles } from '../../src/client/disk-jobs/open-files.js';
import type { OpenedPart } from '../../src/client/disk-jobs/opened-part.js';
import { LIBRARY_FILES_MAX } from '../../src/client/limits.js';
import type { ClientThreads } from '../../src/client/threads/threads.js';
import { LINK_BACKLOG_MAX, LINK_CREDIT_MAX } from '../../src/foundation/actor/limits.js';
import type { Attachment } from '../../src/foundation/actor/link.js';
import { Bitfield } from '../../src/foundation/torrent/bitfield.js';
import { FolderList } from '../../src/foundation/torrent/folder/folder-list.js';
import { Layout } from '../../src/foundation/torrent/layout.js';
import { type Metainfo, makeMetainfo } from '../../src/foundation/torrent/metainfo.js';
import type { DownloadCommand } from '../../src/transfer/download/messages.js';
import type { ServeCommand } from '../../src/transfer/peer/messages.js';
import { folderLists } from '../../src/transfer/storage/folder-lists.js';
import { adoptStorage } from '../../src/transfer/storage/open-storage.js';
import { failsWith } from '../support/failures.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { entryOf, PIECES, SIZE } from './stage.js';

interface Stage {
  readonly files: OpenFiles;
  readonly served: [ServeCommand, readonly Attachment[]][];
  readonly started: [DownloadCommand, readonly Attachment[]][];
  readonly metainfo: Metainfo;
  readonly entry: ReturnType<typeof entryOf>;
  readonly part: (...have: readonly number[]) => OpenedPart;
}

function stage(t: TestContext): Stage {
  const served: Stage['served'] = [];
  const started: Stage['started'] = [];
  const threads = {
    tellAcceptors: (command: ServeCommand, beside: readonly Attachment[] = []) => served.push([command, beside]),
    tellPeer: (_thread: number, command: ServeCommand, beside: readonly Attachment[] = []) =>
      served.push([command, beside]),
    download: {
      tell: (command: DownloadCommand, beside: readonly Attachment[] = []) => started.push([command, beside]),
    },
  } as unknown as ClientThreads;
  const files = new OpenFiles(
    threads,
    () => 6881,
    (swarm) => `/copies/${swarm}`,
  );
  const { name, trackers } = entryOf('a');
  const metainfo = makeMetainfo({ trackers, name, size: SIZE, digests: new Uint8Array(PIECES * 20).fill(9) });
  files.learn(metainfo);
  const partPath = join(temporaryDirectory(t), 'part');
  const part = (...have: readonly number[]): OpenedPart => {
    const bits = Bitfield.shared(PIECES);
    for (const piece of have) bits.set(piece);
    const handle = { fd: openSync(partPath, 'w+'), size: SIZE, list: 0 };
    const storage = adoptStorage({ handle, path: partPath, targetPath: '/files/a' });
    return { kind: 'part', storage, have: bits, isNew: true };
  };
  return { files, served, started, metainfo, entry: entryOf('a', null, { swarm: metainfo.swarm }), part };
}

function fdOf({ storage }: OpenedPart): number {
  return storage.handle.fd;
}

function bitsOf(beside: readonly Attachment[], at = 0): Uint8Array {
  const memory = beside[at];
  assert.ok(memory instanceof SharedArrayBuffer);
  return new Uint8Array(memory);
}

test('a part is served from where it grows, with the bitfield that the download writes', (t) => {
  const { files, served, started, entry, part } = stage(t);
  const opened = part(0);
  files.partOpened(1, opened);
  files.serve(1, entry, false);
  files.startDownload(1, entry, '/resume');
  const [serve, start] = [served[0], started[0]];
  assert.ok(serve?.[0].kind === 'serve' && serve[0].storage.path === opened.storage.path);
  assert.ok(start?.[0].kind === 'start' && start[0].storage.handle === opened.storage.handle);
  assert.equal(serve[1][0], start[1][1], 'one memory');
  assert.deepEqual([...bitsOf(start[1], 0)], Array(PIECES * 20).fill(9));
  closeSync(fdOf(opened));
});

test('a part that nobody will write to is closed, once; a started download owns its own', async (t) => {
  const { files, entry, part } = stage(t);
  const [kept, given] = [part(), part()];
  files.partOpened(1, kept);
  await files.releasePart(1);
  await files.releasePart(1);
  assert.throws(() => fstatSync(fdOf(kept)), { code: 'EBADF' });
  files.partOpened(2, given);
  files.startDownload(2, entry, '/resume');
  await files.releaseAll();
  closeSync(fdOf(given));
});

test('a download is never started without its part: that would wait for ever', async (t) => {
  const { files, entry, part, started } = stage(t);
  assert.throws(() => files.startDownload(1, entry, '/resume'), { name: 'AssertionFailed' });
  files.partOpened(1, part());
  await files.releasePart(1);
  assert.throws(() => files.startDownload(1, entry, '/resume'), { name: 'AssertionFailed' });
  assert.equal(started.length, 0);
});

test('after a pause, connections that stayed open see the new pieces: the memory is the same', async (t) => {
  const { files, served, started, entry, part } = stage(t);
  files.partOpened(1, part(0));
  files.serve(1, entry, false);
  await files.releasePart(1);
  files.partOpened(1, part(0, 1));
  files.serve(1, entry, false);
  files.startDownload(1, entry, '/resume');
  const [before, after] = [served[0]?.[1][0], served[1]?.[1][0]];
  assert.equal(before, after);
  assert.equal(started[0]?.[1][1], before);
  assert.equal(bitsOf(served[0]?.[1] ?? [])[0], 0b1100_0000);
  const start = started[0]?.[0];
  if (start?.kind === 'start') closeSync(start.storage.handle.fd);
});

test('a complete file is served with every piece, and again to a peer thread that was restarted', (t) => {
  const { files, served, entry } = stage(t);
  files.serve(1, entry, true);
  files.unserve(2);
  assert.deepEqual([...bitsOf(served[0]?.[1] ?? [])], [0xff, 0xc0]);
  files.serveAllAgain(0);
  assert.deepEqual(served.at(-1), served[0]);
  files.unserve(1);
  const count = served.length;
  files.serveAllAgain(0);
  assert.equal(served.length, count, 'what is withdrawn stays so');
});

test('a forgotten file needs its metainfo learned anew', (t) => {
  const { files, entry, metainfo } = stage(t);
  files.forget(1, entry.swarm);
  assert.equal(files.digestsOf(entry.swarm), undefined);
  assert.throws(() => files.serve(1, entry, true), { code: 'INTERNAL' });
  files.learn(metainfo);
  files.serve(1, entry, true);
});

function folderOf(...sizes: readonly number[]): FolderList {
  return FolderList.of(
    sizes.map((size, at) => ({
      kind: 'file',
      size,
      path: `f${at}`,
      target: '',
      digest: undefined,
      seconds: undefined,
    })),
  );
}

test('the list of a folder rides beside what serves and what fetches it, also to a thread that starts again', (t) => {
  const { files, served, started, entry, part, metainfo } = stage(t);
  const folder = folderOf(SIZE - 7, 7);
  files.unlearn(metainfo.swarm);
  const { swarm } = files.learn({ ...metainfo, layout: new Layout(folder) });
  const number = folderLists.numberOf(new Layout(folder));
  assert.ok(number > 0 && folderLists.has(number));
  files.partOpened(1, part(0));
  files.serve(1, entry, false);
  files.startDownload(1, entry, '/resume');
  files.serveAllAgain(0);
  assert.equal(started[0]?.[1][2], folder.memory);
  // Before it, a thread is told where the list lies as text, for peers that have a link.
  assert.deepEqual(
    served.map(([{ kind }]) => kind),
    ['metadata', 'serve', 'metadata', 'serve'],
  );
  for (const [command, beside] of served) {
    if (command.kind === 'metadata') assert.equal(command.path, `/copies/${swarm}`);
    else assert.equal(beside[1], folder.memory);
    if (command.kind === 'serve') assert.equal(command.storage.list, number);
  }
  files.forget(1, swarm);
  assert.ok(!folderLists.has(number));
});

test('a client with as many files as it may know says what it has to say of all at once within the bound of a link', (t) => {
  const { files, served, entry } = stage(t);
  for (let file = 1; file <= LIBRARY_FILES_MAX; file += 1) files.serve(file, entry, true);
  const fits = (what: string) => {
    const count = served.splice(0).length;
    assert.ok(count >= LIBRARY_FILES_MAX && count <= LINK_CREDIT_MAX + LINK_BACKLOG_MAX, `${what}: ${count} messages`);
  };
  fits('they are served');
  files.serveAllAgain(0);
  fits('a peer thread starts anew');
  for (let file = 1; file <= LIBRARY_FILES_MAX; file += 1) files.unserve(file);
  fits('the client ends');
});

test('a folder that is read again keeps the list that threads work with', (t) => {
  const { files, metainfo } = stage(t);
  files.unlearn(metainfo.swarm);
  const first = folderOf(SIZE);
  first.stamp(0, 5n);
  files.learn({ ...metainfo, layout: new Layout(first) });
  const again = files.learn({ ...metainfo, name: 'other', layout: new Layout(folderOf(SIZE)) });
  assert.equal(again.layout.folder, first);
  assert.equal(files.metainfo(metainfo.swarm).layout.folder?.stampOf(0), 5n);
  assert.equal(again.name, 'other');
  files.forget(1, metainfo.swarm);
});

test('one client has one layout and one choice of a swarm; what is asked with another choice has a list of its own', (t) => {
  const { files, metainfo } = stage(t);
  const folder = (): Metainfo => ({ ...metainfo, layout: new Layout(folderOf(SIZE - 1, 1)) });
  assert.throws(() => files.learn(folder()), failsWith('ALREADY_EXISTS', metainfo.name, 'with the files of'));
  files.unlearn(metainfo.swarm);
  const chosen = files.learn(folder(), { only: ['f1'], except: [] }).layout.folder;
  assert.ok(chosen?.isChosen(1) === true && !chosen.isChosen(0));
  const asked = (only: readonly string[]) => files.asked(folder(), { only, except: [] });
  for (const [only, beside] of [
    [[], 'more'],
    [['f0'], 'other'],
    [['f*'], 'more'],
    [['?1'], 'same'],
    [['f1'], 'same'],
  ] as const)
    assert.equal(asked(only).chosen, beside, `${only}`);
  assert.ok(asked([]).metainfo.layout.folder !== chosen && !chosen.isChosen(0));
  const known = { swarm: metainfo.swarm, folder: { only: ['f1'], except: [], files: 1 } };
  assert.ok(files.knows(known) && !files.knows({ ...known, folder: { ...known.folder, only: [] } }));
  assert.equal(files.learn(folder(), { only: ['f1'], except: [] }).layout.folder, chosen);
  // An entry that has another choice by now.
  const all = files.learn(folder()).layout.folder;
  assert.ok(all !== chosen && all?.isChosen(0) === true);
  assert.equal(asked(['f1']).chosen, 'fewer');
  files.unlearn(metainfo.swarm);
  assert.throws(() => files.learn(folder(), { only: ['nothing'], except: [] }), failsWith('INVALID_ARGUMENTS'));
  const ofFile = failsWith('INVALID_ARGUMENTS', `${metainfo.name} is one file`);
  assert.throws(() => files.learn(metainfo, { only: ['*'], except: [] }), ofFile);
  assert.ok(!files.knows(known));
});
