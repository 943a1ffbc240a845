// The string to paste: read again it says the same; mistyped, cut or of another kind it is refused with what is wrong.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { fromBase32, toBase32 } from '../../../src/foundation/identity/base32.js';
import { formatInvitation, type Invitation, parseInvitation } from '../../../src/foundation/identity/invitation.js';
import { publicKey } from '../../../src/foundation/identity/keys.js';
import { formatPasted, parsePasted } from '../../../src/foundation/identity/pasted.js';
import { type Address, parseNamedAddress } from '../../../src/foundation/torrent/address.js';
import { failsWith } from '../../support/failures.js';
import { fuzz } from '../../support/fuzz.js';

const address: fc.Arbitrary<Address> = fc
  .tuple(
    fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((host) => `[${host}]`),
      fc.domain(),
    ),
    fc.integer({ min: 1, max: 65_535 }),
  )
  .map(([host, port]) => parseNamedAddress(`${host}:${port}`))
  .filter((found): found is Address => found !== undefined && found.host.length < 250);
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const invitations: fc.Arbitrary<Invitation> = fc.record(
  {
    root: bytes(32).map(publicKey),
    secret: bytes(16),
    trackers: fc.array(address, { minLength: 1, maxLength: 4 }),
    isForTracker: fc.boolean(),
  },
  { noNullPrototype: true },
);
const EXAMPLE: Invitation = {
  root: publicKey(Uint8Array.from({ length: 32 }, (_, at) => at)),
  secret: Uint8Array.from({ length: 16 }, (_, at) => 255 - at),
  trackers: [
    { host: '192.0.2.11', port: 7001 },
    { host: '192.0.2.12', port: 7001 },
  ],
  isForTracker: false,
};
const LINE = formatInvitation(EXAMPLE);

test('an invitation says the same when it is read again', () => {
  fc.assert(fc.property(invitations, (said) => assert.deepEqual(parseInvitation(formatInvitation(said)), said)));
});

test('an invitation to a pair of IPv4 addresses has 112 letters and digits, which a double click selects', () => {
  assert.match(LINE, /^mtj1[a-z2-7]{108}$/);
  assert.equal(
    LINE,
    'mtj1aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp777x57t57v6py673pl5ht6ly7aaqayaaaecy3leamaaacbqnvte2nq26a',
  );
});

test('blanks, line breaks and capitals of a mail program do no harm', () => {
  const folded = ` ${LINE.slice(0, 50)}\r\n  ${LINE.slice(50).toUpperCase()}\n`;
  assert.deepEqual(parseInvitation(folded), EXAMPLE);
});

test('an invitation with any one character changed, or cut anywhere, is refused', () => {
  for (let at = 0; at < LINE.length; at += 1) {
    for (const other of ['a', 'q', '7', '1', '-', 'é']) {
      if (LINE[at] === other) continue;
      const changed = LINE.slice(0, at) + other + LINE.slice(at + 1);
      assert.throws(() => parseInvitation(changed), failsWith('INVALID_ARGUMENTS', 'this is no invitation'));
    }
    assert.throws(() => parseInvitation(LINE.slice(0, at)), failsWith('INVALID_ARGUMENTS', 'copy the whole line'));
  }
  assert.throws(() => parseInvitation(`${LINE}a`), failsWith('INVALID_ARGUMENTS', 'this is no invitation'));
});

test('a line of another kind, or a very long one, is named as that', () => {
  assert.throws(() => parseInvitation('mtreq1abc'), failsWith('INVALID_ARGUMENTS', 'does not begin with mtj1'));
  assert.throws(() => parseInvitation(`mtj1${'a'.repeat(9_999)}`), failsWith('INVALID_ARGUMENTS', 'more than 2048'));
});

test('what is inside of a right check is still looked at', () => {
  const head = Buffer.alloc(48);
  for (const tail of [
    [],
    [0],
    [9],
    [1],
    [1, 0, 127, 0, 0, 1, 0, 0],
    [1, 3, 46, 0, 1],
    [1, 0, 127, 0, 0, 1, 0, 9, 9],
    [1, 200, 97, 0, 1],
  ])
    assert.throws(
      () => parseInvitation(formatPasted('mtj1', Buffer.concat([head, Uint8Array.from(tail)]))),
      failsWith('INVALID_ARGUMENTS', 'this is no invitation'),
      tail.join(),
    );
});

test('any text is an invitation or refused with a reason', () => {
  fuzz(
    fc.oneof(
      fc.string(),
      fc.string().map((text) => `mtj1${text}`),
      bytes(70).map((all) => formatPasted('mtj1', all)),
    ),
    (text) => {
      try {
        const said = parseInvitation(text);
        assert.deepEqual(parseInvitation(formatInvitation(said)), said);
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) throw error;
        assert.equal(error.code, 'INVALID_ARGUMENTS');
      }
    },
  );
});

test('base32: bytes come back, and only the text that was written stands for them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (all) => {
      assert.deepEqual(fromBase32(toBase32(all)), all);
    }),
  );
  assert.equal(toBase32(Buffer.from('foobar')), 'mzxw6ytboi');
  for (const wrong of ['a', 'ab', 'mzxw6ytboj', 'mzxw6yt1', 'MZXW', 'abc']) {
    const read = fromBase32(wrong);
    assert.equal(read === undefined || toBase32(read) === wrong, true, wrong);
  }
  assert.equal(fromBase32('a'), undefined);
  assert.equal(fromBase32('mzxw6ytboj'), undefined);
});

test('the check covers the prefix: a line of one kind is not one of another', () => {
  const line = formatPasted('mtreq1', Uint8Array.of(1, 2, 3));
  assert.deepEqual(parsePasted('mtreq1', line), { bytes: Uint8Array.of(1, 2, 3) });
  assert.equal('wrong' in parsePasted('mtgrant1', line.replace('mtreq1', 'mtgrant1')), true);
});
