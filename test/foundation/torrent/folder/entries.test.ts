// The list of a folder in a `.mtorrent`: the golden text, what is written is read back however it is cut, and every
// hostile list with the line that it is refused for.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../../src/foundation/base/errors.js';
import { MIB, PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import { parseAddress } from '../../../../src/foundation/torrent/address.js';
import { type FolderEntry, FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { hardFaultOf, targetFaultOf } from '../../../../src/foundation/torrent/folder/paths.js';
import {
  formatMetainfo,
  isExecutable,
  type Metainfo,
  MetainfoParser,
  makeMetainfo,
} from '../../../../src/foundation/torrent/metainfo.js';
import { failsWith } from '../../../support/failures.js';

const LIST = [
  'folder: 9',
  'file: 0 .keep',
  'file: 1519#3f786850e387550f README.md',
  'exec: 812@1700000000#00c6e98d92887913 tools/convert it.sh',
  'pad: 521957',
  'file: 600000 model-00001.safetensors',
  'pad: 448576',
  'file: 5 -> @ #2',
  'dir: cache',
  'link: 12 ../README.md docs/README',
  'folder: end',
];
const SIZE = 1519 + 812 + 521_957 + 600_000 + 448_576 + 5;
const HASH = '00112233445566778899aabbccddeeff00112233'.repeat(Math.ceil(SIZE / PIECE_SIZE));
const FIRST_LINE = 6;
const GOLDEN = golden(LIST);

function golden(list: readonly string[], size = SIZE, hash = HASH, more = 'comment: hello\n'): string {
  return `192.0.2.1:7000\n192.0.2.2:7000\nmodels\n${size}\n${hash}\n${list.join('\n')}\n${more}`;
}

function parse(text: string | Uint8Array, partSize = Number.MAX_SAFE_INTEGER): Metainfo {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const parser = new MetainfoParser('x.mtorrent');
  for (let at = 0; at < bytes.length; at += partSize) parser.push(bytes.subarray(at, at + partSize));
  return parser.end();
}

function textOf(metainfo: Metainfo): string {
  return Buffer.concat([...formatMetainfo(metainfo)]).toString();
}

function entriesOf({ layout: { folder } }: Metainfo): readonly FolderEntry[] {
  assert.ok(folder !== undefined);
  return Array.from({ length: folder.count }, (_, index) => folder.entryOf(index));
}

test('the golden list is read and written byte for byte, however it is cut', () => {
  for (const partSize of [1_000_000, 1, 7]) {
    const metainfo = parse(GOLDEN, partSize);
    assert.equal(textOf(metainfo), GOLDEN);
    const [keep, readme, tool, pad] = entriesOf(metainfo);
    assert.deepEqual([keep?.kind, keep?.size, keep?.path, keep?.digest], ['file', 0, '.keep', undefined]);
    assert.deepEqual([readme?.path, readme?.digest], ['README.md', 0x3f786850e387550fn]);
    assert.deepEqual([tool?.kind, tool?.seconds, tool?.path], ['exec', 1_700_000_000, 'tools/convert it.sh']);
    assert.deepEqual([pad?.kind, pad?.size], ['pad', 521_957]);
    const link = entriesOf(metainfo).at(-1);
    assert.deepEqual([link?.kind, link?.target, link?.path], ['link', '../README.md', 'docs/README']);
    assert.deepEqual(metainfo.extra, [['comment', 'hello']]);
  }
  for (const same of [GOLDEN.replaceAll('\n', '\r\n'), GOLDEN.slice(0, -1), `\uFEFF${GOLDEN}`]) {
    assert.equal(textOf(parse(same)), GOLDEN);
  }
});

test('a folder may be empty, and its text says that it is one', () => {
  const text = '192.0.2.1:7000\n192.0.2.2:7000\nnothing\n0\n\nfolder: 0\nfolder: end\n';
  const metainfo = parse(text);
  assert.equal(metainfo.layout.folder?.count, 0);
  assert.equal(textOf(metainfo), text);
});

test('every folder repeats a key, which the first release refuses', () => {
  assert.equal(GOLDEN.match(/^folder: /gm)?.length, 2);
});

const part = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((text) => hardFaultOf(text) === undefined && !text.includes('/'));
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const sized = fc.record(
  {
    kind: fc.constantFrom('file' as const, 'exec' as const),
    size: fc.nat(2 * PIECE_SIZE),
    digest: fc.option(fc.bigInt(0n, 2n ** 64n - 1n), { nil: undefined }),
    seconds: fc.option(fc.nat(2 ** 35), { nil: undefined }),
    isPadded: fc.boolean(),
  },
  { noNullPrototype: true },
);
const anyList = fc.tuple(
  fc.uniqueArray(path, { maxLength: 12 }),
  fc.array(sized, { maxLength: 8 }),
  fc.nat(2),
  fc.integer({ min: 1, max: PIECE_SIZE - 1 }),
);

function listOf([paths, files, directories, pad]: typeof anyList extends fc.Arbitrary<infer T>
  ? T
  : never): FolderList {
  // None lies below another.
  const free = paths.filter((one) => !paths.some((other) => other !== one && `${one}/`.startsWith(`${other}/`)));
  const entries: FolderEntry[] = [];
  const none = { size: 0, target: '', digest: undefined, seconds: undefined };
  for (const { isPadded, ...file } of files) {
    const path = free.shift();
    if (path === undefined) break;
    if (isPadded && file.size > 0) entries.push({ ...none, kind: 'pad', path: '', size: pad });
    entries.push({ ...file, path, target: '' });
  }
  for (const path of free.splice(0, directories)) entries.push({ ...none, kind: 'dir', path });
  for (const path of free) {
    const target = `${'../'.repeat(path.split('/').length - 1)}some where`;
    if (targetFaultOf(target, path) === undefined) entries.push({ ...none, kind: 'link', path, target });
  }
  return FolderList.of(entries);
}

test('what was made is read back the same, however the file is cut', () => {
  const [a, b] = [parseAddress('192.0.2.1:1'), parseAddress('192.0.2.2:1')];
  assert.ok(a !== undefined && b !== undefined);
  fc.assert(
    fc.property(anyList.map(listOf), fc.integer({ min: 1, max: 500 }), (folder, partSize) => {
      const digests = new Uint8Array(Math.ceil(folder.size / PIECE_SIZE) * 20);
      const made = makeMetainfo({ trackers: [a, b], name: 'x', size: folder.size, digests, folder });
      const text = textOf(made);
      const read = parse(Buffer.from(text), partSize);
      assert.deepEqual(entriesOf(read), entriesOf(made));
      assert.equal(textOf(read), text);
    }),
  );
});

/** The golden list with other lines from `number` on; 7 is its first entry. */
function withLines(number: number, lines: readonly string[], count = 1, entries = 9 + lines.length - count): string {
  const list = LIST.with(0, `folder: ${entries}`);
  return golden(list.toSpliced(number - FIRST_LINE, count, ...lines));
}

const DAMAGED: readonly (readonly [what: string, text: string, line: number, says: string])[] = [
  ['no number', GOLDEN.replace('folder: 9', 'folder:'), 6, 'entries'],
  ['no space', GOLDEN.replace('folder: 9', 'folder:9'), 6, 'entries'],
  ['too many entries', GOLDEN.replace('folder: 9', 'folder: 262145'), 6, '262144'],
  ['a negative number', GOLDEN.replace('folder: 9', 'folder: -1'), 6, 'entries'],
  ['an entry less', GOLDEN.replace('folder: 9', 'folder: 8'), 15, "'folder: end'"],
  ['an entry more', GOLDEN.replace('folder: 9', 'folder: 10'), 16, '9 of 10'],
  ['a list further down', GOLDEN.replace('folder: 9', 'comment: x\nfolder: 9'), 7, 'line 6'],
  ['a second list', `${GOLDEN}folder: 0\nfolder: end\n`, 18, 'repeat'],
  ['a SHA-256', `${GOLDEN}sha256: ${'ab'.repeat(32)}\n`, 18, 'folder'],
  ['an unknown kind', withLines(7, ['fifo: 0 x']), 7, 'file, exec, pad, dir or link'],
  ['a line that is none', withLines(7, ['']), 7, 'should be'],
  ['no path', withLines(7, ['file: 0 ']), 7, 'should be'],
  ['no size', withLines(7, ['file: x']), 7, 'should be'],
  ['a size with zeros in front', withLines(7, ['file: 00 x']), 7, 'should be'],
  ['a size of 30 digits', withLines(7, [`file: ${'9'.repeat(30)} x`]), 7, 'should be'],
  ['a size past line 4', withLines(7, [`file: ${SIZE + 1} x`]), 7, 'line 4'],
  ['a size of 2^53', withLines(7, [`file: ${2 ** 53} x`]), 7, 'line 4'],
  ['a digest in upper case', withLines(7, ['file: 0#ABCDEF0123456789 x']), 7, 'should be'],
  ['a short digest', withLines(7, ['file: 0#abc x']), 7, 'should be'],
  ['a time before the digest', withLines(7, ['file: 0#0123456789abcdef@5 x']), 7, 'should be'],
  ['a pad of a piece', withLines(10, [`pad: ${PIECE_SIZE}`]), 10, 'should be'],
  ['a pad of nothing', withLines(10, ['pad: 0']), 10, 'should be'],
  ['a pad with a path', withLines(10, ['pad: 5 x']), 10, 'should be'],
  ['a pad behind a pad', withLines(10, ['pad: 1', 'pad: 521956']), 11, 'with bytes'],
  ['an empty file behind a pad', withLines(11, ['file: 0 x', ...LIST.slice(5, 6)]), 11, 'with bytes'],
  ['bytes missing', withLines(10, ['pad: 521956']), 16, '1 bytes less'],
  ['dir before a file', withLines(7, ['dir: x']), 8, 'further up'],
  ['a link shorter than it says', withLines(15, ['link: 99 x y']), 15, 'should be'],
  ['a link cut within a character', withLines(15, ['link: 1 ü y']), 15, 'should be'],
  ['a long line', withLines(7, [`file: 0 ${'x'.repeat(5_000)}`]), 7, '4096'],
  [
    'too many further lines',
    `${GOLDEN}${Array.from({ length: 80 }, (_, at) => `k${at}: v\n`).join('')}`,
    81,
    'at most 64',
  ],
];

test('every damage is refused, naming the file, the line and what was expected there', () => {
  for (const [what, text, line, says] of DAMAGED) {
    for (const partSize of [1_000_000, 7]) {
      const refusal = failsWith('INVALID_MTORRENT', `x.mtorrent, line ${line},`, says);
      assert.throws(() => parse(text, partSize), refusal, what);
    }
  }
  const swapped = golden(LIST.with(8, 'link: 1 x y').with(9, 'dir: cache'));
  assert.throws(() => parse(swapped), failsWith('INVALID_MTORRENT', 'line 15,', 'further up'));
});

test('a list that is cut is refused, wherever that is', () => {
  const list = golden(LIST, SIZE, HASH, '');
  const begin = list.indexOf('folder: 9');
  for (let end = begin + 1; end < list.length - 1; end += 1) {
    assert.throws(() => parse(list.slice(0, end)), MiniTorrentError, list.slice(0, end));
  }
});

const UNSAFE: readonly (readonly [line: number, text: string, says: string])[] = [
  [7, 'file: 0 ../../etc/passwd', '".."'],
  [7, 'file: 0 a/../../b', '".."'],
  [7, 'file: 0 /etc/passwd', 'absolute'],
  [7, 'file: 0 a\0b', 'control'],
  [7, 'file: 0 a\u202eb', 'direction'],
  [7, 'file: 0 a\u2028b', 'line-breaking'],
  [7, 'file: 0 a\\b', 'Windows'],
  [7, `file: 0 ${'x'.repeat(256)}`, '255'],
  [7, `file: 0 ${'x/'.repeat(64)}x`, '64 parts'],
  [8, 'file: 1519 .keep', 'twice'],
  [8, 'file: 1519 .keep/x', 'below ".keep"'],
  [14, 'dir: ../x', '".."'],
  [15, 'link: 6 ../../ docs/README', 'out of the folder'],
  [15, 'link: 11 /etc/passwd l', 'absolute'],
  [15, 'link: 7 a/../.. l', 'out of the folder'],
  [15, 'link: 1 x cache/l', 'below "cache"'],
  [15, 'link: 1 x ../l', '".."'],
];

test('an unsafe name is refused as such, with its line', () => {
  for (const [line, text, says] of UNSAFE) {
    const refusal = failsWith('UNSAFE_NAME', `x.mtorrent, line ${line},`, says);
    assert.throws(() => parse(withLines(line, [text])), refusal, text);
  }
  const below = golden(LIST.with(9, 'link: 5 cache docs').toSpliced(9, 0, 'dir: docs/x').with(0, 'folder: 10'));
  assert.throws(() => parse(below), failsWith('UNSAFE_NAME', 'below "docs"'));
});

test('a single file may be executable, by a line of its own', () => {
  const single = '192.0.2.1:7000\n192.0.2.2:7000\ntool\n5\n00112233445566778899aabbccddeeff00112233\n';
  assert.equal(isExecutable(parse(single)), false);
  assert.equal(textOf(parse(single)), single);
  const executable = `${single}mode: exec\n`;
  assert.equal(isExecutable(parse(executable)), true);
  assert.equal(textOf(parse(executable)), executable);
  assert.equal(isExecutable(parse(`${single}mode: else\n`)), false);
  assert.equal(isExecutable(parse(`${GOLDEN}mode: exec\n`)), false);
});

test('a list cannot claim terabytes of nothing', () => {
  const pads = Array.from({ length: 1_000 }, () => `pad: ${PIECE_SIZE - 1}`);
  const size = pads.length * (PIECE_SIZE - 1);
  const hash = '00'.repeat(20 * Math.ceil(size / PIECE_SIZE));
  const list = [`folder: ${pads.length}`, ...pads, 'folder: end'];
  assert.throws(() => parse(golden(list, size, hash)), failsWith('INVALID_MTORRENT', 'line 8,', 'with bytes'));
});

test('a list of more bytes than any folder needs is refused while it is read', () => {
  const head = `192.0.2.1:7000\n192.0.2.2:7000\nx\n0\n\nfolder: 262144\n`;
  const parser = new MetainfoParser('x.mtorrent');
  parser.push(Buffer.from(head));
  const name = `${'d'.repeat(200)}/`.repeat(4);
  assert.throws(
    () => {
      for (let at = 0; at < 262_144; at += 1) parser.push(Buffer.from(`file: 0 ${name}${at}\n`));
    },
    failsWith('INVALID_MTORRENT', '67108864 bytes'),
  );
});

test('a list of 262,144 entries is read, and written again', () => {
  const count = 262_144;
  const lines = Array.from(
    { length: count },
    (_, at) => `file: 1#0123456789abcdef some/folder-${at % 997}/file-${at}.bin`,
  );
  const hash = '00'.repeat(20);
  const text = golden([`folder: ${count}`, ...lines, 'folder: end'], count, hash);
  assert.ok(text.length > 5 * MIB);
  const metainfo = parse(text, 64 * 1024);
  assert.equal(metainfo.layout.folder?.count, count);
  assert.equal(textOf(metainfo), text);
});

test('garbage and mutations end in one of two codes, whatever they are', () => {
  const bytes = Buffer.from(GOLDEN);
  const begin = GOLDEN.indexOf('folder');
  const mutation = fc.record({
    at: fc.integer({ min: begin, max: bytes.length }),
    drop: fc.nat(12),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom(...LIST, '\n', '/', '..', ' ', 'dir: ').map((text) => Buffer.from(text)),
    ),
  });
  fc.assert(
    fc.property(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 400 }),
      (mutations, cut) => {
        let text: Uint8Array = bytes;
        for (const { at, drop, insert } of mutations) {
          text = Buffer.concat([text.subarray(0, at), insert, text.subarray(at + drop)]);
        }
        try {
          const metainfo = parse(text, cut);
          assert.equal(textOf(parse(textOf(metainfo))), textOf(metainfo));
          if (metainfo.layout.folder === undefined) return;
          for (const { kind, path } of entriesOf(metainfo))
            assert.equal(kind === 'pad' ? undefined : hardFaultOf(path), undefined);
        } catch (error) {
          if (!(error instanceof MiniTorrentError)) throw error;
          assert.ok(['INVALID_MTORRENT', 'UNSAFE_NAME'].includes(error.code), error.message);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
