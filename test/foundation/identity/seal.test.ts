// Signed .mtorrent files: nothing in one can change but its trackers; who may sign, and who no longer counts; what is
// taken without a signature.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { Credentials } from '../../../src/foundation/identity/credentials.js';
import {
  judgeSeal,
  PUBLISHER_KEY,
  SIGNATURE_KEY,
  sealMetainfo,
  signerOf,
  withoutSeal,
} from '../../../src/foundation/identity/seal.js';
import { Standing } from '../../../src/foundation/identity/standing.js';
import { TAKE_ALL, trusted } from '../../../src/foundation/identity/trust.js';
import { type Address, parseAddress } from '../../../src/foundation/torrent/address.js';
import { FolderListBuilder } from '../../../src/foundation/torrent/folder/folder-list.js';
import { infoFactsOf } from '../../../src/foundation/torrent/info-text.js';
import {
  formatMetainfo,
  type Metainfo,
  MetainfoParser,
  type MetainfoParts,
  makeMetainfo,
} from '../../../src/foundation/torrent/metainfo.js';
import { failsWith } from '../../support/failures.js';
import { collidingPieces } from '../../support/sha1-collision.js';
import { SAID_AT_S, SmallSwarm } from '../../support/small-swarm.js';

const swarm = new SmallSwarm();
const ada = swarm.member('ada@lab', { role: 'publisher' });
const SIGNED_AT_S = SAID_AT_S + 60;
const address = (text: string): Address => parseAddress(text) as Address;
const TRACKERS = [address('192.0.2.1:7000'), address('192.0.2.2:7000')] as const;
const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

function standing(): Standing {
  return new Standing(swarm.rootKey);
}

function fileOf(content: Uint8Array, parts: Partial<MetainfoParts> = {}): Metainfo {
  const digests = content.length === 0 ? content : sha1(content);
  return makeMetainfo({
    trackers: TRACKERS,
    name: 'disk.img',
    size: content.length,
    digests,
    sha256: sha256(content),
    ...parts,
  });
}

function folder(): Metainfo {
  const list = new FolderListBuilder(3);
  const entry = { target: '', digest: undefined, seconds: undefined };
  list.push({ ...entry, kind: 'file', size: 3, path: 'a', digest: 7n });
  list.push({ ...entry, kind: 'exec', size: 4, path: 'b/run.sh' });
  list.push({ ...entry, kind: 'link', size: 0, path: 'c', target: 'a' });
  const digests = sha1(Buffer.from('sevenby'));
  return makeMetainfo({ trackers: TRACKERS, name: 'models', size: 7, digests, folder: list.build() });
}

const CONTENT = Buffer.from('the content');
const signed = (metainfo: Metainfo, by = ada): Metainfo => sealMetainfo(metainfo, signerOf(by), SIGNED_AT_S);
const file = signed(fileOf(CONTENT));
const textOf = (metainfo: Metainfo): string => Buffer.concat([...formatMetainfo(metainfo)]).toString();

function parsed(text: string): Metainfo {
  const parser = new MetainfoParser('x.mtorrent');
  parser.push(Buffer.from(text));
  return parser.end();
}

function judged(text: string, by = standing()): string {
  const verdict = judgeSeal(parsed(text), by);
  return verdict.kind === 'refused' ? verdict.why : verdict.kind;
}

test('a signed file or folder is known by its publisher, also after it was written and read', () => {
  for (const metainfo of [file, signed(folder()), signed(fileOf(Buffer.alloc(0)))]) {
    const verdict = judgeSeal(parsed(textOf(metainfo)), standing());
    assert.deepEqual(verdict, {
      kind: 'good',
      publisher: { name: 'ada@lab', id: ada.id },
      signedAtS: SIGNED_AT_S,
    });
  }
  assert.equal(judgeSeal(fileOf(CONTENT), standing()).kind, 'unsigned');
});

test('signing leaves the swarm key as it is and adds two lines at the end; signing again replaces them', () => {
  const bare = fileOf(CONTENT, { extra: [['comment', 'first of May']] });
  const once = signed(bare);
  assert.equal(once.swarm, bare.swarm);
  assert.ok(textOf(once).startsWith(textOf(bare)));
  assert.deepEqual(
    once.extra.map(([key]) => key),
    ['comment', PUBLISHER_KEY, SIGNATURE_KEY],
  );
  const twice = sealMetainfo(once, signerOf(ada), SIGNED_AT_S + 1);
  assert.equal(twice.extra.length, 3);
  assert.equal(judgeSeal(twice, standing()).kind, 'good');
  assert.equal(textOf(withoutSeal(twice)), textOf(bare));
});

test('what a link names holds the signature, so a link brings it', () => {
  const [bare, sealed] = [infoFactsOf(fileOf(CONTENT)), infoFactsOf(file)];
  assert.notEqual(bare.info, sealed.info);
  assert.ok(sealed.listBytes > bare.listBytes);
});

test('what is signed is what PROTOCOL says, byte for byte', () => {
  const bare = fileOf(CONTENT);
  const info = Buffer.concat([...formatMetainfo(bare)])
    .toString()
    .split('\n')
    .slice(2)
    .join('\n');
  const time = Buffer.alloc(6);
  time.writeUIntBE(SIGNED_AT_S, 0, 6);
  const said = Buffer.concat([Buffer.from('mtorrent file\0'), swarm.rootKey, sha256(Buffer.from(info)), time]);
  const [, signature = ''] = file.extra.at(-1) ?? [];
  assert.deepEqual(Buffer.from(signature, 'base64url'), Buffer.concat([time, ada.sign(said)]));
});

test('the trackers may move', () => {
  const moved: Metainfo = { ...file, trackers: [address('198.51.100.7:7000'), address('198.51.100.8:7000')] };
  assert.equal(judged(textOf(moved)), 'good');
});

test('any other line that is changed, taken away, added or moved breaks the signature', () => {
  const comment: readonly [string, string] = ['comment', 'first of May'];
  const whole = signed(fileOf(CONTENT, { extra: [comment, ['mode', 'exec']] }));
  const lines = textOf(whole).trimEnd().split('\n');
  const broken = (changed: readonly string[], what: string): void => {
    const found = judged(`${changed.join('\n')}\n`);
    assert.match(found, /changed after|damaged/, what);
  };
  broken(lines.with(2, 'other.img'), 'name');
  broken(lines.with(3, String(CONTENT.length - 1)), 'size');
  broken(lines.with(4, '00'.repeat(20)), 'hash string');
  broken(lines.with(5, `sha256: ${'00'.repeat(32)}`), 'SHA-256');
  broken(lines.with(6, 'comment: second of May'), 'comment');
  broken(lines.toSpliced(7, 1), 'mode taken away');
  broken(lines.toSpliced(7, 0, 'x-new: 1'), 'a line added before');
  broken([...lines, 'x-new: 1'], 'a line added behind');
  broken([...lines.slice(0, 6), lines[7] ?? '', lines[6] ?? '', ...lines.slice(8)], 'lines in another order');
  broken([...lines.slice(0, 8), lines[9] ?? '', lines[8] ?? ''], 'signature before publisher');
  broken(lines.slice(0, -1), 'no signature');
  broken(lines.toSpliced(8, 1), 'no publisher');
});

test('a folder whose list changes in any entry is refused', () => {
  const text = textOf(signed(folder()));
  assert.equal(judged(text), 'good');
  for (const [right, wrong] of [
    ['exec: 4 b/run.sh', 'file: 4 b/run.sh'],
    ['link: 1 a c', 'link: 1 a d'],
    ['#0000000000000007', '#0000000000000008'],
    ['models\n', 'model5\n'],
  ] as const) {
    assert.ok(text.includes(right));
    assert.match(judged(text.replace(right, wrong)), /changed after ada@lab signed it/);
  }
});

test('each bit of the signature counts, and its time', () => {
  const [, signature = ''] = file.extra.at(-1) ?? [];
  const bytes = Buffer.from(signature, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const extra = [...file.extra.slice(0, -1), [SIGNATURE_KEY, changed.toString('base64url')] as const];
    assert.equal(judgeSeal({ ...file, extra }, standing()).kind, 'refused', `bit ${bit}`);
  }
});

test('no bit of the card can change and leave a good signature', () => {
  const bytes = Buffer.from(ada.card);
  for (let bit = 0; bit < bytes.length * 8; bit += 7) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const extra = [[PUBLISHER_KEY, changed.toString('base64url')] as const, ...file.extra.slice(-1)];
    assert.ok(['refused', 'foreign'].includes(judgeSeal({ ...file, extra }, standing()).kind), `bit ${bit}`);
  }
});

test("the card of another publisher, of the tracker, of nobody and of another key do not go with ada's signature", () => {
  const swapped = (card: Uint8Array): string => {
    const extra = [[PUBLISHER_KEY, Buffer.from(card).toString('base64url')] as const, ...file.extra.slice(-1)];
    const verdict = judgeSeal({ ...file, extra }, standing());
    return verdict.kind === 'refused' ? verdict.why : verdict.kind;
  };
  assert.equal(swapped(swarm.card('ada@lab', { role: 'publisher', tracker: 1 })), 'good');
  assert.match(swapped(swarm.card('bob@lab', { role: 'publisher' })), /changed after bob@lab signed it/);
  assert.match(swapped(swarm.tracker(0).card), /damaged/);
  assert.match(swapped(new Uint8Array(358)), /damaged/);
  const [other, own] = [new SmallSwarm(2).card('ada@lab', { role: 'publisher' }), ada.card];
  assert.match(swapped(Buffer.concat([own.subarray(0, 179), other.subarray(179)])), /no tracker of this swarm signed/);
  assert.equal(swapped(other), 'foreign');
});

test('only a member with the power to sign can, and its signature counts only with it', () => {
  for (const role of ['reader', 'client'] as const) {
    assert.throws(() => signed(fileOf(CONTENT), swarm.member('bob@lab', { role })), failsWith('NOT_ADMITTED'));
    const forged = sealMetainfo(fileOf(CONTENT), forgedSigner(role), SIGNED_AT_S);
    const card = swarm.card('bob@lab', { role });
    const extra = [[PUBLISHER_KEY, Buffer.from(card).toString('base64url')] as const, ...forged.extra.slice(-1)];
    assert.match(judged(textOf({ ...forged, extra })), /may not sign in this swarm/);
  }
  assert.throws(() => signed(fileOf(CONTENT), swarm.tracker(0)), failsWith('NOT_ADMITTED'));
});

/** A member that signs with a card of a publisher's powers, to show another one afterwards. */
function forgedSigner(role: 'reader' | 'client'): Parameters<typeof sealMetainfo>[1] {
  const bob = swarm.member('bob@lab', { role });
  return {
    root: swarm.rootKey,
    card: swarm.card('bob@lab', { role: 'publisher' }),
    sign: (bytes) => bob.sign(bytes),
  };
}

test('a card that ran out long ago signs for ever; a ban and a withdrawn tracker end it', () => {
  const old = swarm.member('old@lab', { role: 'publisher', saidAtS: 86_400, goodUntilS: 2 * 86_400 });
  const text = textOf(signed(fileOf(CONTENT), old));
  assert.equal(judged(text), 'good');
  const banned = standing();
  banned.bans.add({ member: old.id, version: 1, isBanned: true });
  assert.match(judged(text, banned), /signed by old@lab, who is banned/);
  banned.bans.add({ member: old.id, version: 2, isBanned: false });
  assert.equal(judged(text, banned), 'good');
  banned.withdraw(swarm.withdrawal(0));
  assert.match(judged(text, banned), /tracker was withdrawn/);
  assert.equal(
    judged(textOf(signed(fileOf(CONTENT), swarm.member('c', { role: 'admin', tracker: 1 }))), banned),
    'good',
  );
});

test('of two contents with the same pieces only that which was signed goes with the signature', () => {
  const [one, other] = collidingPieces;
  const [a, b] = [fileOf(one), fileOf(other)];
  assert.equal(a.swarm, b.swarm);
  const sealed = signed(a);
  assert.equal(judgeSeal(sealed, standing()).kind, 'good');
  assert.equal(judgeSeal({ ...sealed, sha256: b.sha256 }, standing()).kind, 'refused');
});

test('a single file without its SHA-256 is neither signed nor taken as signed', () => {
  const bare = fileOf(CONTENT, { sha256: undefined });
  assert.throws(() => signed(bare), failsWith('INVALID_ARGUMENTS', 'has no SHA-256'));
  assert.match(judged(textOf({ ...file, sha256: undefined })), /without the SHA-256/);
});

test('a file with as many further lines as there may be is not signed, since nobody could read it', () => {
  const extra = Array.from({ length: 62 }, (_, index) => [`x-${index}`, '1'] as const);
  assert.throws(() => signed(fileOf(CONTENT, { extra })), failsWith('INVALID_ARGUMENTS', 'no room'));
  assert.equal(judged(textOf(signed(fileOf(CONTENT, { extra: extra.slice(1) })))), 'good');
});

test('whatever stands in the two lines, the verdict is no error', () => {
  const values = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'abcXYZ019-_ =+/'), maxLength: 600 }),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    fc.constantFrom(...file.extra.map(([, value]) => value)),
  );
  const keys = fc.constantFrom(PUBLISHER_KEY, SIGNATURE_KEY, 'comment');
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values), { maxLength: 4 }), (extra) => {
      const isSame = JSON.stringify(extra) === JSON.stringify(file.extra);
      const verdict = judgeSeal({ ...file, extra }, standing());
      assert.equal(verdict.kind === 'good', isSame);
    }),
    { numRuns: 300 },
  );
});

test('what is broken is refused always, what is unsigned or of another swarm where a signature is required', () => {
  const of = (number: number): Metainfo =>
    sealMetainfo(fileOf(CONTENT), signerOf(new SmallSwarm(number).member('eve', { role: 'publisher' })), SIGNED_AT_S);
  const broken = { ...file, name: 'other.img' };
  const [no, yes] = [false, true].map((isRequired) => ({ standing: standing(), isRequired }));
  assert.ok(no !== undefined && yes !== undefined);
  const take = (metainfo: Metainfo, rule: typeof no): string => trusted(metainfo, 'x.mtorrent', rule).kind;
  assert.equal(take(file, no), 'good');
  assert.equal(take(file, yes), 'good');
  assert.equal(take(fileOf(CONTENT), no), 'unsigned');
  assert.equal(take(of(2), no), 'foreign');
  const refused = (metainfo: Metainfo, rule: Parameters<typeof trusted>[2], ...parts: string[]): void =>
    assert.throws(() => trusted(metainfo, 'x.mtorrent', rule), failsWith('UNTRUSTED', ...parts));
  refused(fileOf(CONTENT), yes, 'x.mtorrent is not signed;', '--require-signature no');
  refused(of(2), yes, 'x.mtorrent is signed by eve of another swarm');
  refused(broken, no, 'x.mtorrent was changed after ada@lab signed it');
  refused(broken, yes, 'x.mtorrent was changed');
  refused(file, { standing: undefined, isRequired: true }, 'belongs to no swarm');
  assert.equal(trusted(file, 'x.mtorrent', TAKE_ALL).kind, 'foreign');
});

test('the same key makes the same signature, so a file that is signed twice in a second is one file', () => {
  const again = new Credentials({
    swarm: 'lab',
    root: swarm.rootKey,
    secret: swarm.memberKey('ada@lab'),
    card: ada.card,
  });
  assert.equal(textOf(signed(fileOf(CONTENT), again)), textOf(file));
});
