// Links: what is written is read again, whatever the share is named and wherever its trackers are; no shell sees
// anything but one word in it; and each damaged part is named in the refusal.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { LINK_BYTES_MAX, LIST_BYTES_MAX } from '../../../src/foundation/base/limits.js';
import { type Address, parseNamedAddress, sameAddress } from '../../../src/foundation/torrent/address.js';
import { FILE_SIZE_MAX } from '../../../src/foundation/torrent/geometry.js';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { infoDigestBytes, infoDigestOf } from '../../../src/foundation/torrent/info-text.js';
import { formatLink, isLink, type Link, parseLink } from '../../../src/foundation/torrent/link.js';
import { checkFileName } from '../../../src/foundation/torrent/names.js';
import { anyCharacter } from '../../support/any-character.js';
import { failsWith } from '../../support/failures.js';
import { fuzz } from '../../support/fuzz.js';

const S = '3f786850e387550fdab836ed7e6dc881de23001b';
const M = 'Zk1uHf2a0iY0mPyV8mB0w1b2TqH6o3cQm0Vd4s9xKkE';
const GOLDEN = `mtorrent:${S}-${M}-16069390336-48211@192.0.2.1:7000,192.0.2.2:7000/llama-3-8b`;

const port = fc.integer({ min: 1, max: 65_535 });
const address: fc.Arbitrary<Address> = fc
  .tuple(
    fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((host) => `[${host}]`),
      fc.domain(),
    ),
    port,
  )
  .map(([host, number]) => parseNamedAddress(`${host}:${number}`))
  .filter((found): found is Address => found !== undefined);
const name = fc
  .oneof(fc.string({ unit: anyCharacter, minLength: 1, maxLength: 60 }), fc.string({ minLength: 1, maxLength: 200 }))
  .map((text) => text.normalize('NFC'))
  .filter((text) => checkFileName(text) === undefined);
const links: fc.Arbitrary<Link> = fc.record(
  {
    swarm: fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes).toString('hex') as SwarmKey),
    info: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(infoDigestOf),
    size: fc.integer({ min: 0, max: FILE_SIZE_MAX }),
    listBytes: fc.integer({ min: 0, max: LIST_BYTES_MAX }),
    trackers: fc.tuple(address, address).filter(([first, second]) => !sameAddress(first, second)),
    name,
  },
  { noNullPrototype: true },
);

test('the golden link is read and written character for character', () => {
  const link = parseLink(GOLDEN);
  assert.equal(link.swarm, S);
  assert.equal(Buffer.from(infoDigestBytes(link.info)).toString('base64url'), M);
  assert.deepEqual([link.size, link.listBytes, link.name], [16_069_390_336, 48_211, 'llama-3-8b']);
  assert.deepEqual(link.trackers, [
    { host: '192.0.2.1', port: 7000 },
    { host: '192.0.2.2', port: 7000 },
  ]);
  assert.equal(formatLink(link), GOLDEN);
});

test('brackets of IPv6 and what a name has beside letters, digits and . _ - are percent-encoded', () => {
  const link = parseLink(GOLDEN);
  const trackers = [
    { host: '2001:db8::1', port: 7000 },
    { host: 't2.example', port: 7001 },
  ] as const;
  const text = formatLink({ ...link, trackers, name: "Größe 100% & 'mehr'.bin" });
  assert.ok(
    text.endsWith('@%5B2001:db8::1%5D:7000,t2.example:7001/Gr%C3%B6%C3%9Fe%20100%25%20%26%20%27mehr%27.bin'),
    text,
  );
  assert.deepEqual(parseLink(text).trackers, trackers);
});

test('every link is read as it was written, and is no longer than a link may be', () => {
  fuzz(links, (link) => {
    const text = formatLink(link);
    assert.ok(isLink(text) && text.length <= LINK_BYTES_MAX);
    assert.match(text, /^[A-Za-z0-9.,:@%/_-]+$/);
    assert.deepEqual(parseLink(text), link);
    assert.equal(formatLink(parseLink(`  ${text.replace('mtorrent', 'MTorrent')}\n`)), text);
  });
});

test('a shell takes every link for one word and leaves it as it is', () => {
  const texts = fc.sample(links, 200).map(formatLink);
  for (const shell of ['sh', 'bash']) {
    const said = execFileSync(shell, ['-c', texts.map((text) => `printf '%s\\n' ${text}`).join('\n')], {
      encoding: 'utf8',
    });
    assert.deepEqual(said.split('\n').slice(0, -1), texts);
  }
});

test('a link is read as mails and chats leave it: enclosed, quoted, wrapped, in a sentence', () => {
  const [a, b] = [GOLDEN.slice(0, 60), GOLDEN.slice(60)];
  const [c, d] = [GOLDEN.slice(0, -4), GOLDEN.slice(-4)];
  const left = [
    `<${GOLDEN}>`,
    `"${GOLDEN}"`,
    `\u201c${GOLDEN}\u201d`,
    `(${GOLDEN}),`,
    `${GOLDEN}, `,
    `> ${GOLDEN}`,
    `\u200b${GOLDEN}\u200b`,
    `${a}\n${b}`,
    `${a}\r\n${b}\r\n`,
    `${a} ${b}`,
    `> ${a}\n> ${b}`,
    `<${a}\r\n  ${b}>`,
    `${a}=\n${b}`,
    `${c}\n${d}`,
  ];
  for (const text of left) {
    assert.ok(isLink(text), text);
    assert.deepEqual(parseLink(text), parseLink(GOLDEN), text);
  }
  assert.equal(isLink('(notes on mtorrent:).txt'), false);
});

test('each damaged part is named', () => {
  const [head, tail] = ['mtorrent:', '@192.0.2.1:7000,192.0.2.2:7000/llama-3-8b'];
  const cases: readonly (readonly [link: string, ...says: string[]])[] = [
    ['magnet:?xt=urn:btih:0', 'not a link', 'magnet:'],
    [`${head}${S}-${M}-1-0`, 'ends before the @'],
    [`${head}${S}-${M}-1-0@192.0.2.1:7000,192.0.2.2:7000`, 'ends before the /'],
    [`${head}${S.slice(1)}-${M}-1-0${tail}`, '40 hex digits'],
    [`${head}${S.toUpperCase()}-${M}-1-0${tail}`, '40 hex digits'],
    [`${head}${S}-${M.slice(1)}-1-0${tail}`, 'second part', '43 characters'],
    // Two spare bits of the last character are set.
    [`${head}${S}-${M.slice(0, -1)}F-1-0${tail}`, 'second part'],
    [`${head}${S}-${M}-01-0${tail}`, 'third part', '"01"'],
    [`${head}${S}-${M}-${FILE_SIZE_MAX + 1}-0${tail}`, 'third part'],
    [`${head}${S}-${M}-1${tail}`, 'before the @'],
    [`${head}${S}-${M}-1-2-3${tail}`, 'before the @', '"2-3"'],
    [`${head}${S}-${M}-1-${LIST_BYTES_MAX + 1}${tail}`, 'before the @'],
    [`${head}${S}-${M}-1-0@192.0.2.1:7000/x`, 'two trackers'],
    [`${head}${S}-${M}-1-0@192.0.2.1:7000,192.0.2.1:7000/x`, 'twice'],
    [`${head}${S}-${M}-1-0@192.0.2.1,192.0.2.2:7000/x`, '"192.0.2.1"', 'not an address'],
    [`${head}${S}-${M}-1-0@192.0.2.1:7000,%zz:7000/x`, '"%zz:7000"'],
    [`${head}${S}-${M}-1-0@192.0.2.1:7000,192.0.2.2:7000/`, 'end with a name'],
    [`${head}${S}-${M}-1-0@192.0.2.1:7000,192.0.2.2:7000/%FF`, 'end with a name'],
    [`${GOLDEN}${'x'.repeat(LINK_BYTES_MAX)}`, 'more than'],
  ];
  for (const [text, ...says] of cases) assert.throws(() => parseLink(text), failsWith('INVALID_LINK', ...says), text);
});

test('a name that leads elsewhere is refused', () => {
  for (const unsafe of ['..', '..%2F..%2Fetc%2Fpasswd', '%2Fetc', 'a/b', 'con', 'x%00', '%E2%80%AEfdp.exe'])
    assert.throws(() => parseLink(GOLDEN.replace('llama-3-8b', unsafe)), failsWith('UNSAFE_NAME', 'link'), unsafe);
});

test('whatever a link was turned into, it is a link or refused with one sentence', () => {
  const damaged = fc
    .tuple(
      fc.constantFrom(GOLDEN, GOLDEN.replace('192.0.2.1', '%5B::1%5D')),
      fc.nat(),
      fc.nat(12),
      fc.string({ unit: anyCharacter, maxLength: 12 }),
    )
    .map(([text, at, cut, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut));
  fuzz(damaged, (text) => {
    try {
      const link = parseLink(text);
      assert.deepEqual(parseLink(formatLink(link)), link);
    } catch (error) {
      assert.ok(error instanceof MiniTorrentError, String(error));
      assert.ok(error.code === 'INVALID_LINK' || error.code === 'UNSAFE_NAME', error.code);
      assert.ok(error.message.length < 600 && !/\p{Cc}/u.test(error.message), error.message);
    }
  });
});
