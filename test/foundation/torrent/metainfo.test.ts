// The `.mtorrent` format: one golden text, every way to damage it with the line it must name, and that no cut of the
// stream and no garbage changes what comes out (S4).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { parseAddress } from '../../../src/foundation/torrent/address.js';
import {
  formatMetainfo,
  type Metainfo,
  MetainfoParser,
  makeMetainfo,
  type NameRule,
} from '../../../src/foundation/torrent/metainfo.js';
import { cases } from '../../support/cases.js';
import { failsWith } from '../../support/failures.js';

const SIZE = PIECE_SIZE + 10;
const HASH = '00112233445566778899aabbccddeeff00112233'.repeat(2);
const SHA256 = 'ab'.repeat(32);
const GOLDEN = `192.0.2.1:7000\n[2001:db8::1]:7000\nmodel v2.bin\n${SIZE}\n${HASH}\nsha256: ${SHA256}\ncomment: hello\n`;

function parse(text: string | Uint8Array, partSize = Number.MAX_SAFE_INTEGER, mayName?: NameRule): Metainfo {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const parser = new MetainfoParser('x.mtorrent', mayName);
  for (let at = 0; at < bytes.length; at += partSize) {
    // A copy that is overwritten afterwards: the parser may keep no view of what it was lent.
    const part = new Uint8Array(bytes.subarray(at, at + partSize));
    parser.push(part);
    part.fill(0x21);
  }
  return parser.end();
}

function textOf(metainfo: Metainfo): string {
  return Buffer.concat([...formatMetainfo(metainfo)]).toString();
}

test('the golden text is read and written byte for byte', () => {
  const metainfo = parse(GOLDEN);
  assert.deepEqual(metainfo.trackers, [
    { host: '192.0.2.1', port: 7000 },
    { host: '2001:db8::1', port: 7000 },
  ]);
  assert.equal(metainfo.name, 'model v2.bin');
  assert.equal(metainfo.geometry.size, SIZE);
  assert.equal(Buffer.from(metainfo.digests).toString('hex'), HASH);
  assert.equal(metainfo.swarm, createHash('sha1').update(Buffer.from(HASH, 'hex')).digest('hex'));
  assert.equal(Buffer.from(metainfo.sha256 ?? []).toString('hex'), SHA256);
  assert.deepEqual(metainfo.extra, [['comment', 'hello']]);
  assert.equal(textOf(metainfo), GOLDEN);
});

test('host names are refused with the setting that allows them, and read where a rule takes them', () => {
  const named = GOLDEN.replace('192.0.2.1:7000', 't1.example:7000');
  assert.throws(() => parse(named), failsWith('INVALID_MTORRENT', 'line 1', 'host name', '--allow-host-names yes'));
  const takesOne: NameRule = ({ host }) => host === 't1.example';
  assert.equal(textOf(parse(named, undefined, takesOne)), named);
  assert.throws(
    () => parse(GOLDEN.replace('[2001:db8::1]:7000', 't2.example:7000'), undefined, takesOne),
    failsWith('INVALID_MTORRENT', 'line 2', 't2.example:7000'),
  );
  const garbage = GOLDEN.replace('192.0.2.1:7000', 'http://t1.example:7000');
  assert.throws(() => parse(garbage, undefined, () => true), failsWith('INVALID_MTORRENT', 'line 1'));
});

test('CRLF, a byte order mark, upper-case hex, blank lines at the end and a missing last line feed change nothing', () => {
  const variants = [
    GOLDEN.replaceAll('\n', '\r\n'),
    `\uFEFF${GOLDEN}`,
    GOLDEN.replace(HASH, HASH.toUpperCase()),
    GOLDEN.replace(SHA256, SHA256.toUpperCase()),
    GOLDEN.slice(0, -1),
    GOLDEN.replaceAll('\n', '\r\n').slice(0, -1),
    `${GOLDEN}\n\r\n`,
    GOLDEN.replace('comment: ', 'comment:'),
  ];
  for (const text of variants) assert.equal(textOf(parse(text)), GOLDEN, JSON.stringify(text));
});

test('an empty file has an empty hash string, with or without its line feed', () => {
  const head = '192.0.2.1:1\n192.0.2.2:1\nempty\n0\n';
  for (const text of [head, `${head}\n`, `${head}\r\n`]) {
    const metainfo = parse(text);
    assert.equal(metainfo.digests.length, 0);
    assert.equal(metainfo.swarm, 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
  }
});

const lines = GOLDEN.split('\n');
function withLine(number: number, text: string): string {
  return lines.map((line, at) => (at === number - 1 ? text : line)).join('\n');
}

const DAMAGED: readonly [what: string, text: string | Uint8Array, line: number, says: string][] = [
  ['nothing at all', '', 1, 'further lines'],
  ['only one tracker', '192.0.2.1:7000\n', 1, 'further lines'],
  ['no size', '192.0.2.1:7000\n192.0.2.2:7000\nx', 3, 'further lines'],
  ['no hash line', `192.0.2.1:7000\n192.0.2.2:7000\nx\n${SIZE}`, 4, 'further lines'],
  ['an empty hash line', `192.0.2.1:7000\n192.0.2.2:7000\nx\n${SIZE}\n`, 5, 'ends after 0'],
  ['a tracker by name', withLine(1, 'tracker.example:7000'), 1, 'tracker'],
  ['a tracker with spaces', withLine(1, ' 192.0.2.1:7000'), 1, 'tracker'],
  ['a tracker without port', withLine(2, '192.0.2.2'), 2, 'tracker'],
  ['a byte order mark later on', withLine(2, '\uFEFF192.0.2.2:7000'), 2, 'tracker'],
  ['the same tracker twice', withLine(2, '192.0.2.1:7000'), 2, 'second tracker'],
  ['a negative size', withLine(4, '-1'), 4, 'size'],
  ['a size with a sign', withLine(4, '+5'), 4, 'size'],
  ['a size with zeros in front', withLine(4, `0${SIZE}`), 4, 'size'],
  ['a size as a float', withLine(4, '1e5'), 4, 'size'],
  ['a size of 2^53', withLine(4, String(2 ** 53)), 4, 'at most'],
  ['a size of 30 digits', withLine(4, '9'.repeat(30)), 4, 'size'],
  ['a size of one piece less', withLine(4, '5'), 5, '40 hex digits'],
  ['a size of one piece more', withLine(4, String(SIZE + PIECE_SIZE)), 5, 'ends after 80'],
  ['a digit too few', withLine(5, HASH.slice(1)), 5, 'ends after 79'],
  ['a digit too many', withLine(5, `${HASH}0`), 5, 'longer'],
  ['a letter that is no digit', withLine(5, HASH.replace('a', 'g')), 5, 'hex'],
  ['a space between digits', withLine(5, `${HASH.slice(0, 40)} ${HASH.slice(41)}`), 5, 'hex'],
  ['a carriage return between digits', withLine(5, `${HASH.slice(0, 40)}\r${HASH.slice(41)}`), 5, 'hex'],
  ['a line that is no pair', withLine(7, 'hello'), 7, 'key: value'],
  ['a key in upper case', withLine(7, 'Comment: hello'), 7, 'key: value'],
  ['a value with an escape', withLine(7, 'comment: \x1b[2J'), 7, 'key: value'],
  ['a key twice', `${GOLDEN}comment: again\n`, 8, 'repeat'],
  ['a SHA-256 twice', `${GOLDEN}sha256: ${SHA256}\n`, 8, 'repeat'],
  ['a short SHA-256', withLine(6, `sha256: ${SHA256.slice(2)}`), 6, 'SHA-256'],
  ['a SHA-256 that is not hex', withLine(6, `sha256: ${'x'.repeat(64)}`), 6, 'SHA-256'],
  ['a very long first line', 'x'.repeat(2_000_000), 1, 'longer'],
  ['a very long extra line', `${GOLDEN}a: ${'x'.repeat(2_000)}`, 8, 'longer'],
  ['very many extra lines', GOLDEN + Array.from({ length: 80 }, (_, at) => `k${at}: v\n`).join(''), 70, 'at most 64'],
  ['overlong UTF-8', Buffer.from(withLine(1, '\xc0\xae'), 'latin1'), 1, 'UTF-8'],
];

test('S4: every damage is refused, naming the file, the line and what was expected there', () => {
  for (const [what, text, line, says] of DAMAGED) {
    for (const partSize of [1_000_000, 1, 7]) {
      if (partSize < 100 && text.length > 100_000) continue;
      assert.throws(
        () => parse(text, partSize),
        failsWith('INVALID_MTORRENT', `x.mtorrent, line ${line},`, says),
        what,
      );
    }
  }
});

test('an unsafe name is refused as such, and shown with its escapes', () => {
  for (const name of ['../../etc/passwd', '', 'con.txt', 'x\u202egpj.exe']) {
    assert.throws(() => parse(withLine(3, name)), failsWith('UNSAFE_NAME', 'x.mtorrent, line 3,'));
  }
  assert.throws(() => parse(withLine(3, 'x\u202egpj.exe')), failsWith('UNSAFE_NAME', 'x\\u{202e}gpj.exe'));
});

test('S4: a declared size alone costs no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  const parsers = Array.from({ length: 20 }, () => {
    const parser = new MetainfoParser('x');
    parser.push(Buffer.from(`192.0.2.1:1\n192.0.2.2:1\nx\n${4 * 2 ** 40}\n00`));
    return parser;
  });
  assert.ok(process.memoryUsage().arrayBuffers - before < 8_000_000);
  assert.throws(() => parsers[0]?.end(), failsWith('INVALID_MTORRENT', 'ends after 2'));
});

const tracker = fc
  .tuple(fc.oneof(fc.ipV4(), fc.constantFrom('[::1]', '[2001:db8::5]')), fc.integer({ min: 1, max: 65_535 }))
  .map(([host, port]) => parseAddress(`${host}:${port}`));
const anyMetainfo = fc
  .record({
    trackers: fc.tuple(tracker, tracker),
    name: fc.constantFrom('x', 'Größe 1.bin', '模型.bin'),
    size: fc.nat(50 * PIECE_SIZE),
    sha256: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
    extra: fc.uniqueArray(
      fc.tuple(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,9}$/), fc.stringMatching(/^[ -~]{0,20}$/)),
      {
        selector: ([key]) => key,
      },
    ),
    seed: fc.nat(),
  })
  .filter(({ trackers: [a, b], extra }) => {
    const differ = a !== undefined && b !== undefined && (a.host !== b.host || a.port !== b.port);
    return differ && extra.every(([key, value]) => key !== 'sha256' && !value.startsWith(' '));
  });

test('what was made is read back the same, however the file is cut', () => {
  fc.assert(
    fc.property(anyMetainfo, fc.integer({ min: 1, max: 5_000 }), ({ trackers: [a, b], seed, ...rest }, partSize) => {
      assert.ok(a !== undefined && b !== undefined);
      const digests = Uint8Array.from({ length: Math.ceil(rest.size / PIECE_SIZE) * 20 }, (_, at) => (at * seed) >>> 3);
      const made = makeMetainfo({ ...rest, trackers: [a, b], digests });
      const text = Buffer.concat([...formatMetainfo(made)]);
      const read = parse(text, partSize);
      assert.deepEqual({ ...read, geometry: read.geometry.size }, { ...made, geometry: made.geometry.size });
      assert.equal(textOf(read), text.toString());
    }),
  );
});

test('S4: garbage and mutations end in one of two codes, whatever they are', () => {
  const mutation = fc.record({ at: fc.nat(GOLDEN.length), drop: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
  const golden = Buffer.from(GOLDEN);
  const mutated = fc.array(mutation, { minLength: 1, maxLength: 4 }).map((mutations) => {
    let bytes = golden;
    for (const { at, drop, insert } of mutations) {
      bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);
    }
    return bytes;
  });
  fc.assert(
    fc.property(
      fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })),
      fc.integer({ min: 1, max: 400 }),
      (bytes, cut) => {
        try {
          assert.equal(textOf(parse(textOf(parse(bytes, cut)))), textOf(parse(bytes)));
        } catch (error) {
          if (!(error instanceof MiniTorrentError)) throw error;
          assert.ok(['INVALID_MTORRENT', 'UNSAFE_NAME'].includes(error.code), error.message);
        }
      },
    ),
    { numRuns: cases(5_000) },
  );
});

test('a metainfo is not made with an unsafe name or one tracker twice', () => {
  const [a, b] = [parseAddress('192.0.2.1:1'), parseAddress('192.0.2.2:1')];
  assert.ok(a !== undefined && b !== undefined);
  const digests = new Uint8Array(20);
  assert.throws(() => makeMetainfo({ trackers: [a, b], name: 'a/b', size: 1, digests }), failsWith('UNSAFE_NAME'));
  assert.throws(() => makeMetainfo({ trackers: [a, a], name: 'a', size: 1, digests }), failsWith('INVALID_ARGUMENTS'));
  assert.throws(() => makeMetainfo({ trackers: [a, b], name: 'a', size: 0, digests }), { name: 'AssertionFailed' });
});
