// Every decoder of bytes that somebody else wrote: both wires, the pair's wire, the socket of a background client, the
// stream of frames, the `.mtorrent`, the library, the resume data, a console line. Whatever comes in, out comes what
// may come out, or the decoder's own error; and what came out says the same when it is written and read again (P11,
// S4).

import assert from 'node:assert/strict';
import test from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { attachCommands, attachEvents } from '../../src/app/attach/messages.js';
import { parseLine } from '../../src/app/console/language/line.js';
import { AS_IT_IS, type FileView } from '../../src/client/messages.js';
import { formatLibrary, parseLibrary } from '../../src/client/state/library.js';
import { MiniTorrentError, ProtocolError } from '../../src/foundation/base/errors.js';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import { Bitfield } from '../../src/foundation/torrent/bitfield.js';
import { peerId, type SwarmKey, swarmKey } from '../../src/foundation/torrent/ids.js';
import { formatMetainfo, MetainfoParser, makeMetainfo } from '../../src/foundation/torrent/metainfo.js';
import { FrameReader, frameBytes } from '../../src/foundation/wire/framing.js';
import { pack } from '../../src/foundation/wire/msgpack.js';
import type { Protocol } from '../../src/foundation/wire/protocol.js';
import { followerMessages, leaderMessages } from '../../src/tracking/store/pair/messages.js';
import { trackerReplies, trackerRequests } from '../../src/tracking/tracker/messages.js';
import { peerWire } from '../../src/transfer/peer/codec/messages.js';
import { decodeResume, encodeResume } from '../../src/transfer/storage/part/resume.js';
import { fuzz } from '../support/fuzz.js';
import { frameOf, mutationsOf } from '../support/messages.js';
import { entryRow, fileRow, progressRow } from '../support/pair-rows.js';

const SWARM = new Uint8Array(20).fill(1);
const ID = new Uint8Array(16).fill(2);
const DESCRIPTION = {
  ...{ name: 'a', size: 5, pieceCount: 1 },
  ...{ info: new Uint8Array(32), listBytes: 77, files: 3, seeders: 2, complete: 1 },
};
const VERSION = { epoch: 1, sequence: 2 };

const FILE: FileView = {
  name: 'a',
  state: 'seeding',
  path: '/a',
  mtorrentPath: '/m',
  size: 5,
  have: 1,
  pieces: 1,
  rate: 0,
  peers: 0,
  received: 0,
  wasted: 0,
  sent: 9,
  problem: '',
  seeders: 1,
  zeros: 0,
  files: 0,
  changed: 0,
  reused: 0,
  filesDone: 0,
  receivedBefore: 0,
  wastedBefore: 0,
};

/** Frames as they travel, one of each kind that carries anything. */
const FRAMES: readonly (readonly [Protocol<never>, readonly Uint8Array[]])[] = [
  corpus(peerWire, [
    {
      kind: 'hello',
      swarm: SWARM,
      peerId: peerId(ID),
      uploadPort: 1,
      pieceCount: 9,
      features: 0,
      token: new Uint8Array(0),
    },
    { kind: 'bitfield', offset: 0, part: new Uint8Array(40), last: true },
    {
      kind: 'have',
      ranges: [
        [1, 2],
        [7, 1],
      ],
    },
    { kind: 'request', piece: 3, begin: 0, length: 524_288 },
    { kind: 'piece', piece: 3, begin: 0, length: 524_288 },
    { kind: 'gone' },
    { kind: 'infoWanted', info: new Uint8Array(32), offset: 32_768 },
    { kind: 'infoPart', offset: 0, part: new Uint8Array(40) },
    { kind: 'error', code: 'busy', sentence: 'come again' },
  ]),
  corpus(trackerRequests, [
    { kind: 'hello', clientId: ID, host: '', uploadPort: 1, epoch: 1, token: new Uint8Array(0) },
    { kind: 'hello', clientId: ID, host: '', uploadPort: 1, epoch: 1, token: Uint8Array.of(1, 1, 2) },
    { kind: 'share', id: 1, swarm: SWARM, name: 'a.bin', size: 5, pieceCount: 1, have: 1, ...VERSION },
    {
      ...{ kind: 'share', id: 1, swarm: SWARM, name: 'a.bin', size: 5, pieceCount: 1, have: 1 },
      ...VERSION,
      details: { info: new Uint8Array(32), listBytes: 77, files: 3, isListed: true },
    },
    { kind: 'describe', id: 6, swarm: SWARM },
    { kind: 'hashString', id: 7, swarm: SWARM, offset: 20, length: 32_768 },
    { kind: 'list', id: 8, after: SWARM, filter: 'a', want: 64 },
    { kind: 'pieces', id: 2, swarm: SWARM, offset: 0, part: new Uint8Array(40) },
    { kind: 'announce', id: 3, swarm: SWARM, have: 1, ...VERSION },
    { kind: 'seeders', id: 4, swarm: SWARM, want: 50 },
    { kind: 'leave', id: 5, ...VERSION },
  ]),
  corpus(trackerReplies, [
    { kind: 'description', id: 1, what: DESCRIPTION, isProven: true },
    { kind: 'hashStringPart', id: 2, part: new Uint8Array(40) },
    { kind: 'listing', id: 3, items: [{ swarm: SWARM, ...DESCRIPTION }], next: SWARM, total: 9 },
    { kind: 'helloReply', trackerId: ID, partner: '[::1]:1', highestEpoch: 1, leaseMs: 9, renewMs: 3, ready: true },
    {
      kind: 'helloReply',
      trackerId: ID,
      partner: '[::1]:1',
      highestEpoch: 1,
      leaseMs: 9,
      renewMs: 3,
      ready: true,
      features: Uint8Array.of(1, 1),
    },
    {
      kind: 'seederList',
      id: 4,
      seeders: [
        { host: '10.0.0.1', port: 6881, have: 7 },
        { host: '::1', port: 1, have: 0 },
      ],
      total: 2,
    },
    { kind: 'stats', id: 6, json: '{}' },
    { kind: 'error', id: null, code: 'protocol', sentence: 'no' },
  ]),
  corpus(leaderMessages, [
    { kind: 'welcome', leaderId: ID, isFullSync: true, position: 7 },
    {
      kind: 'records',
      frame: 1,
      position: null,
      files: [fileRow(swarmKey(SWARM))],
      entries: [entryRow(swarmKey(SWARM), ID)],
      leaves: [{ client: ID, epoch: 1, sequence: 2, ms: 3 }],
      progress: [progressRow(swarmKey(SWARM), ID)],
      details: [[{ place: 0, info: new Uint8Array(32), listBytes: 77, files: 3 }], [0]],
    },
    { kind: 'leases', leases: [[ID, 5]] },
    { kind: 'digests', digests: new Uint8Array(2_048) },
  ]),
  corpus(followerMessages, [
    { kind: 'follow', version: 2, cluster: SWARM, followerId: ID, originId: ID, position: 0 },
    { kind: 'resendClients', clients: [ID] },
    { kind: 'resendBuckets', buckets: new Uint8Array(3) },
    { kind: 'wantPart', swarm: SWARM, offset: 0 },
  ]),
  corpus(attachCommands, [
    { kind: 'hello', version: 1, program: '1.0.0' },
    { kind: 'share', ...AS_IT_IS, ask: 1, path: '/a', mtorrentPath: '/a.mtorrent' },
    { kind: 'remove', ask: 2, name: 'a', force: true, content: false },
    { kind: 'limit', ask: 3, direction: 'up', rate: 1024 },
    { kind: 'logLevel', ask: 4, level: 'debug' },
    { kind: 'reannounce', ask: 5, name: '' },
    { kind: 'relocate', ask: 8, from: '/a', to: '/b', isPrefix: true },
    { kind: 'retrack', ask: 6, from: '192.0.2.1:1', to: '[::1]:2', isTrial: true },
  ]),
  corpus(attachEvents, [
    { kind: 'hello', version: 1, program: '1.0.0', address: '[::1]:1', trackers: ['[::1]:2', '[::1]:3'], pid: 4 },
    { kind: 'turnedAway', code: 'LIMIT_REACHED', sentence: 'come again' },
    { kind: 'accepted', ask: 1, detail: 'a.mtorrent' },
    { kind: 'relocated', ask: 1, files: 2, refused: 1, failures: ['/b/x is gone'] },
    { kind: 'retracked', ask: 1, files: 2, failures: ['/a.mtorrent may not be written'] },
    { kind: 'listed', ask: 2, rows: [FILE], last: true },
    { kind: 'verified', ask: 3, name: 'a', good: 1, pieces: 2, bad: [[1, 1]], more: false },
    { kind: 'notice', level: 'bad', sentence: 'no tracker answers' },
  ]),
];

function corpus<M>(protocol: Protocol<M>, messages: readonly M[]): readonly [Protocol<never>, readonly Uint8Array[]] {
  return [protocol as unknown as Protocol<never>, messages.map((message) => frameOf(protocol, message))];
}

const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.double(),
    fc.constantFrom(0, 1, 0xffff, 0xffff_ffff, 2 ** 53, -1, true, false, null, ''),
    fc.uint8Array({ maxLength: 24 }),
    fc.string({ maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 10 }), tie('value'), { maxKeys: 3 }),
  ),
})).value;

for (const [protocol, frames] of FRAMES) {
  test(`P11: ${protocol.name}: whatever a frame holds, a message or a ProtocolError comes out, and a message survives its way back`, () => {
    const tags = Object.values(protocol.table).map(({ tag }) => tag);
    const shaped = fc
      .tuple(fc.oneof(fc.constantFrom(...tags), anyValue), fc.array(anyValue, { maxLength: 8 }))
      .map(([tag, fields]) => new Uint8Array(pack([tag, ...fields])));
    const mutated = fc.constantFrom(...frames).chain(mutationsOf);
    fuzz(fc.oneof(mutated, shaped, fc.uint8Array({ maxLength: 80 })), (frame) => {
      const message = passOr(ProtocolError, () => protocol.decode(frame));
      if (message !== undefined) assert.deepEqual(protocol.decode(frameOf(protocol, message)), message);
    });
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
}

test('a stream of frames gives the same frames however it is cut, and damage ends it with a ProtocolError', () => {
  const bodies = FRAMES.flatMap(([, frames]) => frames).filter((frame) => frame.length <= 200);
  const stream = fc
    .array(fc.constantFrom(...bodies), { maxLength: 6 })
    .map((some) => new Uint8Array(Buffer.concat(some.map((body) => Buffer.from(frameBytes(body))))));
  const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
  fuzz(fc.tuple(fc.oneof(stream, stream.chain(mutationsOf)), cuts), ([bytes, sizes]) => {
    assert.deepEqual(framesOf(bytes, sizes), framesOf(bytes, [bytes.length + 1]));
  });
});

/** The frames up to the damage, and whether there was any. */
function framesOf(bytes: Uint8Array, sizes: readonly number[]): readonly string[] {
  const found: string[] = [];
  const reader = new FrameReader(256);
  const end = passOr(ProtocolError, () => {
    let turn = 0;
    for (let at = 0; at < bytes.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 1;
      reader.feed(bytes.subarray(at, at + size));
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        found.push(Buffer.from(frame).toString('hex'));
      at += size;
    }
    return reader.midFrame ? 'in a frame' : 'whole';
  });
  return [...found, end ?? 'damaged'];
}

test('S4: a .mtorrent is read or refused the same however it is cut, and what was read is read again', () => {
  const digests = new Uint8Array(40).map((_, at) => at * 5);
  const trackers = [
    { host: '192.0.2.1', port: 7000 },
    { host: '2001:db8::1', port: 7000 },
  ] as const;
  const golden = new Uint8Array(
    Buffer.concat([...formatMetainfo(makeMetainfo({ trackers, name: 'model v2.bin', size: 600_000, digests }))]),
  );
  const inputs = fc.oneof(
    mutationsOf(golden),
    mutationsOf(golden).chain(mutationsOf),
    fc.uint8Array({ maxLength: 200 }),
  );
  fuzz(fc.tuple(inputs, fc.integer({ min: 1, max: 90 })), ([bytes, size]) => {
    const whole = passOr(MiniTorrentError, () => parseMetainfo(bytes, bytes.length + 1));
    const parts = passOr(MiniTorrentError, () => parseMetainfo(bytes, size));
    assert.equal(parts, whole);
    if (whole !== undefined) assert.equal(parseMetainfo(Buffer.from(whole), 1), whole);
  });
});

/** Its text, in the form that we write. */
function parseMetainfo(bytes: Uint8Array, size: number): string {
  const parser = new MetainfoParser('x.mtorrent');
  for (let at = 0; at < bytes.length; at += size) parser.push(new Uint8Array(bytes.subarray(at, at + size)));
  return Buffer.concat([...formatMetainfo(parser.end())]).toString();
}

test('a library is read or refused as damaged, and what was read is written and read again', () => {
  const entry = `{"mtorrentPath":"/a.mtorrent","path":"/a","name":"a","size":5,"swarm":"${'ab'.repeat(20)}","trackers":["192.0.2.1:1","[::1]:2"],"mtimeMs":1.5,"paused":false}`;
  const golden = new Uint8Array(Buffer.from(`{"version":1,"files":[\n${entry}\n]}\n`));
  fuzz(
    fc.oneof(
      mutationsOf(golden),
      fc.json().map((json) => new Uint8Array(Buffer.from(json))),
    ),
    (bytes) => {
      const entries = passOr(MiniTorrentError, () => parseLibrary('/library', bytes));
      if (entries === undefined) return;
      assert.deepEqual(parseLibrary('/library', Buffer.from(formatLibrary(entries))), entries);
    },
  );
});

test('resume data is read, or damaged with a reason, and never anything else', () => {
  const have = new Bitfield(9, new Uint8Array([0b1010_0000, 0]));
  const swarm = 'ab'.repeat(20) as SwarmKey;
  const golden = encodeResume({
    swarm,
    size: 9 * PIECE_SIZE,
    have,
    synced: have,
    left: { inode: 9, clean: { mtimeMs: 5.5, size: 7 } },
  });
  const [magicSize, headSize] = [8, 12];
  // As a later version, or a hostile user, would write it: the check sum fits.
  const resealed = mutationsOf(golden.subarray(headSize)).map((frame) => {
    const record = Buffer.concat([golden.subarray(0, headSize), frame]);
    record.writeUInt32BE(crc32(frame), magicSize);
    return new Uint8Array(record);
  });
  assert.equal(decodeResume(golden).kind, 'resume');
  fuzz(fc.oneof(resealed, mutationsOf(golden), fc.uint8Array({ maxLength: 120 })), (bytes) => {
    const reading = decodeResume(bytes);
    if (reading.kind === 'damaged') assert.ok(reading.reason.length > 0);
    else assert.deepEqual(decodeResume(encodeResume(reading.resume)), reading);
  });
});

test('a line of the console is a request or a mistake with a sentence', () => {
  const words = fc.constantFrom(
    'share',
    'get',
    'show',
    'downloads',
    'peers',
    'remove',
    '--force',
    '--json',
    "'",
    '"',
    '\\',
    '~',
    ' ',
    'quit',
    'pause',
    'é',
  );
  const lines = fc.oneof(
    fc.array(words, { maxLength: 8 }).map((some) => some.join(' ')),
    fc.string({ maxLength: 60 }),
  );
  fuzz(lines, (line) => {
    const parsed = parseLine(line, { directory: '/here', home: '/home/u' });
    if (parsed.kind === 'mistake') assert.ok(parsed.sentence.length > 0);
  });
});

/** What `work` answers, or undefined when it throws an `expected` error. Any other error fails the test. */
function passOr<T>(expected: new (...args: never[]) => Error, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof expected) return undefined;
    throw error;
  }
}
