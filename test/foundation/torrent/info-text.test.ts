// What a link names of a .mtorrent: the text from its third line on, and not its trackers.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { FolderList } from '../../../src/foundation/torrent/folder/folder-list.js';
import {
  infoDigestBytes,
  infoDigestOf,
  infoFactsOf,
  parseInfoDigest,
} from '../../../src/foundation/torrent/info-text.js';
import { formatFurtherLines, formatMetainfo, makeMetainfo } from '../../../src/foundation/torrent/metainfo.js';

const TRACKERS = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;
const OTHERS = [TRACKERS[1], { host: '2001:db8::1', port: 1 }] as const;

function bytesOf(parts: Iterable<Uint8Array>): Buffer {
  return Buffer.concat([...parts]);
}

test('the digest is the SHA-256 of the file from its third line on, whatever its trackers', () => {
  const names = fc.stringMatching(/^[a-zA-Z0-9äöü ]{0,40}x$/);
  const extras = fc.option(fc.constant([['comment', 'hello']] as const), { nil: [] });
  const sha256s = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined });
  fc.assert(
    fc.property(names, fc.nat({ max: 3 }), extras, sha256s, (name, pieces, extra, sha256) => {
      const parts = { name, size: pieces * PIECE_SIZE, digests: new Uint8Array(pieces * 20).fill(7), extra, sha256 };
      const metainfo = makeMetainfo({ ...parts, trackers: TRACKERS });
      const text = bytesOf(formatMetainfo(metainfo)).toString();
      const info = text.split('\n').slice(2).join('\n');
      const facts = infoFactsOf(metainfo);
      assert.equal(facts.info, createHash('sha256').update(info).digest('hex'));
      assert.equal(facts.listBytes, Buffer.byteLength(text.split('\n').slice(5).join('\n')));
      assert.equal(facts.listBytes, bytesOf(formatFurtherLines(metainfo)).length);
      assert.equal(facts.files, 1);
      assert.deepEqual(infoFactsOf(makeMetainfo({ ...parts, trackers: OTHERS })), facts);
      assert.notEqual(infoFactsOf(makeMetainfo({ ...parts, name: `${name}y`, trackers: TRACKERS })).info, facts.info);
    }),
    { numRuns: 50 },
  );
});

test('a folder counts its files, whether they may be executed or not, and nothing else', () => {
  const entry = { path: '', target: '', digest: undefined, seconds: undefined };
  const folder = FolderList.of([
    { ...entry, kind: 'file', size: 5, path: 'a' },
    { ...entry, kind: 'exec', size: 0, path: 'b' },
    { ...entry, kind: 'pad', size: 3 },
    { ...entry, kind: 'file', size: 2, path: 'c' },
    { ...entry, kind: 'dir', size: 0, path: 'd' },
    { ...entry, kind: 'link', size: 0, path: 'e', target: 'a' },
  ]);
  const metainfo = makeMetainfo({ trackers: TRACKERS, name: 'x', size: 10, digests: new Uint8Array(20), folder });
  assert.equal(infoFactsOf(metainfo).files, 3);
});

test('a digest is 64 lower-case hex digits, or 32 bytes', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, at) => at * 8);
  assert.deepEqual(infoDigestBytes(infoDigestOf(bytes)), bytes);
  assert.equal(parseInfoDigest(infoDigestOf(bytes)), infoDigestOf(bytes));
  for (const text of ['', 'ab', 'AB'.repeat(32), 'xy'.repeat(32), 'ab'.repeat(33)])
    assert.equal(parseInfoDigest(text), undefined);
});
