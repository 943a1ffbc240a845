// What a client remembers: what was written is read back, and whatever else is found in its place is refused by name,
// never guessed at and never overwritten (F10, C14).

import assert from 'node:assert/strict';
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../src/client/files/record.js';
import { LIBRARY_BYTES_MAX } from '../../src/client/limits.js';
import { loadLibrary } from '../../src/client/state/journal.js';
import {
  formatLibrary,
  nextIdentity,
  openStateDirectory,
  parseLibrary,
  saveIdentity,
  saveLibrary,
} from '../../src/client/state/library.js';
import { placeOf } from '../../src/client/state/state-place.js';
import { MiniTorrentError } from '../../src/foundation/base/errors.js';
import { CLIENT_EPOCH_MAX } from '../../src/foundation/base/limits.js';
import { FILE_SIZE_MAX } from '../../src/foundation/torrent/geometry.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import type { InfoDigest } from '../../src/foundation/torrent/info-text.js';
import { checkFileName } from '../../src/foundation/torrent/names.js';
import { anyCharacter } from '../support/any-character.js';
import { cases } from '../support/cases.js';
import { failsWith } from '../support/failures.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { entryOf } from './stage.js';

const PATH = '/state/library.json';
const parse = (text: string): readonly Entry[] => parseLibrary(PATH, Buffer.from(text));

const name = fc
  .string({ unit: anyCharacter, minLength: 1, maxLength: 40 })
  .filter((text) => checkFileName(text) === undefined);
const path = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => `/${text}`);
const address = fc.record({
  host: fc.ipV4(),
  port: fc.integer({ min: 1, max: 65_535 }),
});
const names = {
  mtorrentPath: path,
  path,
  name,
  trackers: fc.tuple(address, address),
  completeness: fc.oneof(
    fc.record({ kind: fc.constant('partial' as const), paused: fc.boolean() }),
    fc.record({ kind: fc.constant('complete' as const), mtimeMs: fc.double({ min: 0, max: 1e13, noNaN: true }) }),
    fc.record({
      kind: fc.constant('complete' as const),
      mtimeMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
      fetched: fc.record({ atMs: fc.nat(), realPath: path }),
    }),
    fc.constant({ kind: 'rotten' as const }),
  ),
};
const details = fc.record({
  info: fc.constantFrom('5'.repeat(64), 'ab'.repeat(32)) as fc.Arbitrary<InfoDigest>,
  listBytes: fc.nat(),
  files: fc.nat(),
});
const reuse = fc.oneof(
  fc.constant({ paths: [], isOff: true }),
  fc.array(path, { minLength: 1, maxLength: 3 }).map((paths) => ({ paths, isOff: false })),
);
const entry: fc.Arbitrary<Entry> = fc
  .record({
    ...names,
    size: fc.integer({ min: 0, max: FILE_SIZE_MAX }),
    swarm: fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes).toString('hex') as SwarmKey),
    others: fc.array(fc.record(names), { maxLength: 3 }),
  })
  .chain((plain) => fc.tuple(fc.constant(plain), fc.option(details), fc.boolean(), fc.option(reuse), fc.boolean()))
  .map(([plain, told, isListed, wish, isRetiring]) => ({
    ...plain,
    ...(told === null ? {} : { details: told }),
    ...(isListed ? { isListed } : {}),
    ...(wish === null ? {} : { reuse: wish }),
    ...(isRetiring ? { isRetiring } : {}),
  }));

test('a library is read back as it was written', () => {
  const entries = fc.uniqueArray(entry, { selector: ({ swarm }) => swarm, maxLength: 10 });
  fc.assert(
    fc.property(entries, (files) => {
      assert.deepEqual(parse(formatLibrary(files)), JSON.parse(JSON.stringify(files)));
    }),
  );
});

test('a library says with a time and a word how complete a file is, as it always did', () => {
  const lineOf = (completeness: Entry['completeness']): string =>
    /"mtimeMs".*\}/.exec(formatLibrary([{ ...entryOf('a'), completeness }]))?.[0] ?? '';
  assert.equal(lineOf({ kind: 'partial', paused: false }), '"mtimeMs":null,"paused":false}');
  assert.equal(lineOf({ kind: 'partial', paused: true }), '"mtimeMs":null,"paused":true}');
  assert.equal(lineOf({ kind: 'complete', mtimeMs: 1.5 }), '"mtimeMs":1.5,"paused":false}');
  assert.equal(lineOf({ kind: 'rotten' }), '"mtimeMs":-1,"paused":false}');
});

test('a library is one entry a line', () => {
  const lines = formatLibrary([entryOf('a', 1), entryOf('b')]).split('\n');
  assert.equal(lines.length, 5);
  assert.match(lines[1] ?? '', /"name":"a".*"trackers":\["192\.0\.2\.1:7000","192\.0\.2\.2:7000"\]/);
});

test('every damage is refused as STATE_DAMAGED, naming the file and what is wrong', () => {
  const good: Record<string, unknown> = JSON.parse(formatLibrary([entryOf('a', 1)])).files[0];
  const with1 = (change: object): string => JSON.stringify({ version: 1, files: [{ ...good, ...change }] });
  const damages: readonly [string, string][] = [
    ['', 'not JSON'],
    [formatLibrary([entryOf('a', 1)]).slice(0, -20), 'not JSON'],
    ['\ufffe{}', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['{"version":2,"files":[]}', 'version'],
    ['{"version":{"toString":1,"valueOf":1},"files":[]}', 'version'],
    ['{"version":1}', 'list of files'],
    ['{"version":1,"files":{"length":1}}', 'list of files'],
    ['{"version":1,"files":[null]}', 'file 1'],
    [with1({ path: 3 }), 'paths'],
    [with1({ path: 'relative' }), 'not absolute'],
    [with1({ mtorrentPath: '' }), 'not absolute'],
    [with1({ name: '../x' }), 'no safe name'],
    [with1({ name: null }), 'no safe name'],
    [with1({ size: -1 }), 'no size'],
    [with1({ size: 1.5 }), 'no size'],
    [with1({ size: FILE_SIZE_MAX + 1 }), 'no size'],
    [with1({ swarm: 'xyz' }), 'no swarm key'],
    [with1({ mtimeMs: 'now' }), 'no time'],
    [with1({ paused: 0 }), 'paused'],
    [with1({ trackers: ['192.0.2.1:1'] }), 'trackers'],
    [with1({ trackers: ['192.0.2.1:1', 'example.com'] }), 'trackers'],
    [with1({ trackers: ['192.0.2.1:1', '192.0.2.2:1', '192.0.2.3:1'] }), 'trackers'],
    [with1({ others: 'x' }), 'other names'],
    [with1({ others: Array(40).fill(good) }), 'other names'],
    [with1({ others: [{ ...good, path: 'relative' }] }), 'name 2, has a path that is not absolute'],
    [with1({ reuse: true }), 'has bytes of it'],
    [with1({ reuse: ['relative'] }), 'has bytes of it'],
    [with1({ reuse: Array(65).fill('/old') }), 'has bytes of it'],
    [JSON.stringify({ version: 1, files: [good, good] }), 'same swarm'],
  ];
  for (const [text, what] of damages) assert.throws(() => parse(text), failsWith('STATE_DAMAGED', PATH, what), text);
  assert.throws(() => parseLibrary(PATH, Uint8Array.of(0x7b, 0xff, 0x7d)), failsWith('STATE_DAMAGED', PATH));
});

test('whatever the bytes are, a library is read or refused as damaged; nothing else comes out', () => {
  const text = formatLibrary([entryOf('a', 1), entryOf('b')]);
  const patch = fc.tuple(fc.nat(text.length), fc.nat(20), fc.oneof(fc.string({ maxLength: 8 }), fc.json()));
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => Buffer.from(json)),
    fc.json().map((json) => Buffer.from(`{"version":1,"files":[${json}]}`)),
    patch.map(([at, drop, put]) => Buffer.from(text.slice(0, at) + put + text.slice(at + drop))),
  );
  fc.assert(
    fc.property(bytes, (damaged) => {
      try {
        parseLibrary(PATH, damaged);
      } catch (error) {
        assert.ok(error instanceof MiniTorrentError && error.code === 'STATE_DAMAGED', String(error));
        assert.ok(error.message.includes(PATH));
      }
    }),
    { numRuns: cases(1_000) },
  );
});

test('a client keeps its id and grows its epoch with every start', async (t) => {
  const { identity } = await openStateDirectory(join(temporaryDirectory(t), 'state'));
  const { identity: first } = await nextIdentity(identity);
  assert.match(first.clientId, /^[0-9a-f]{32}$/);
  assert.equal(first.epoch, 1);
  assert.deepEqual(await nextIdentity(identity), {
    identity: { clientId: first.clientId, epoch: 2, place: undefined },
    isCopy: false,
  });
  await saveIdentity(identity, { ...first, epoch: 900 });
  assert.equal((await nextIdentity(identity)).identity.epoch, 901, 'above what a tracker knew');
});

test('a client whose epochs are used up is a new one with its next start', async (t) => {
  const { identity } = await openStateDirectory(join(temporaryDirectory(t), 'state'));
  const { identity: first } = await nextIdentity(identity);
  for (const epoch of [CLIENT_EPOCH_MAX, 0xffff_ffff]) {
    await saveIdentity(identity, { ...first, epoch });
    const { identity: next } = await nextIdentity(identity);
    assert.notEqual(next.clientId, first.clientId);
    assert.equal(next.epoch, 1);
    const { clientId, epoch: later } = (await nextIdentity(identity)).identity;
    assert.deepEqual([clientId, later], [next.clientId, 2], 'it is on the disk');
  }
});

test('FC-01: an identity found at another place is a copy, and a new one is taken once; one without a place belongs here', async (t) => {
  const directory = temporaryDirectory(t);
  const { identity: path } = await openStateDirectory(join(directory, 'one'));
  const first = await nextIdentity(path, await placeOf(join(directory, 'one')));
  assert.equal(first.isCopy, false);
  cpSync(join(directory, 'one'), join(directory, 'two'), { recursive: true });
  const two = join(directory, 'two');
  const copy = await nextIdentity(join(two, 'identity.json'), await placeOf(two));
  assert.ok(copy.isCopy);
  assert.notEqual(copy.identity.clientId, first.identity.clientId);
  const again = await nextIdentity(join(two, 'identity.json'), await placeOf(two));
  assert.deepEqual([again.isCopy, again.identity.clientId], [false, copy.identity.clientId]);
  const original = await nextIdentity(path, await placeOf(join(directory, 'one')));
  assert.deepEqual([original.isCopy, original.identity.clientId], [false, first.identity.clientId]);

  writeFileSync(path, `{"version":1,"clientId":"${first.identity.clientId}","epoch":7}`);
  const old = await nextIdentity(path, await placeOf(two));
  assert.deepEqual([old.isCopy, old.identity.clientId, old.identity.epoch], [false, first.identity.clientId, 8]);
});

test('a damaged identity is refused and left as it is', async (t) => {
  const path = join(temporaryDirectory(t), 'identity.json');
  const id = '0'.repeat(32);
  const damages = [
    '{}',
    'x',
    `{"version":2,"clientId":"${id}","epoch":1}`,
    `{"version":1,"clientId":"${id}x","epoch":1}`,
    `{"version":1,"clientId":"${id}","epoch":-1}`,
    `{"version":1,"clientId":"${id}","epoch":1e99}`,
    `{"version":1,"clientId":"${id}","epoch":4294967296}`,
  ];
  for (const text of damages) {
    writeFileSync(path, text);
    await assert.rejects(nextIdentity(path), failsWith('STATE_DAMAGED', path), text);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('no library is an empty one; one that is too long is refused; nobody else may read the state', async (t) => {
  const paths = await openStateDirectory(join(temporaryDirectory(t), 'state'));
  const { library, directory, resumeOf } = paths;
  assert.deepEqual((await loadLibrary(paths)).entries, []);
  await saveLibrary(library, [entryOf('a', 1)]);
  assert.deepEqual((await loadLibrary(paths)).entries, [entryOf('a', 1)]);
  assert.equal(statSync(directory).mode & 0o077, 0);
  writeFileSync(library, '');
  truncateSync(library, LIBRARY_BYTES_MAX + 1);
  await assert.rejects(
    loadLibrary(paths),
    (error) => error instanceof MiniTorrentError && error.message.includes(library),
  );
  assert.notEqual(resumeOf(entryOf('a')), resumeOf(entryOf('a', null, { path: '/elsewhere' })));
});
