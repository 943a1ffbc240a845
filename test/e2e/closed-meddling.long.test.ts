// Somebody who sits between two processes of a closed swarm: whatever is stripped, turned round, replaced or answered
// in the clear, neither says a byte that is not TLS, and a transfer goes on when the meddling ends.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { TrackerQuestion } from '../../src/client/administration/tracker-question.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import type { Credentials } from '../../src/foundation/identity/credentials.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { frameBytes } from '../../src/foundation/wire/framing.js';
import type { Wire } from '../../src/foundation/wire/passage.js';
import { closedPassage } from '../../src/foundation/wire/tls.js';
import { TRACKER_MAGIC, TRACKER_WIRE, trackerReplies } from '../../src/tracking/tracker/messages.js';
import { PEER_MAGIC, PEER_WIRE } from '../../src/transfer/peer/codec/messages.js';
import { ClosedStage, figuresOf } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually } from '../support/e2e-stage.js';
import { HonestBeside } from '../support/honest-beside.js';
import { honest, type Joint, type Meddling, MeddlingProxy, onRecords, plainIn } from '../support/meddling-proxy.js';

const DEADLINE_MS = 60_000;
const [HANDSHAKE, ALERT] = [22, 21];
const [X25519, SECP256R1] = [0x001d, 0x0017];
/** RFC 8446, 4.1.3: a ServerHello with this in place of a random number asks for another ClientHello. */
const ASKS_AGAIN = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
/** The end of the random number of a server that could do better than TLS 1.2. */
const DOWNGRADED = Buffer.from('444f574e47524401', 'hex');

function record(type: number, body: Buffer): Buffer {
  const head = Buffer.from([type, 3, 3, 0, 0]);
  head.writeUInt16BE(body.length, 3);
  return Buffer.concat([head, body]);
}

function extension(type: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 2);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(words.length * 2, 2);
  for (const [at, word] of words.entries()) bytes.writeUInt16BE(word, 4 + at * 2);
  return bytes;
}

/** What answers a ClientHello, with its session id. */
function serverHello(hello: Buffer, random: Buffer, extensions: Buffer): Buffer {
  const sessionAt = 5 + 4 + 2 + 32;
  const session = hello.subarray(sessionAt, sessionAt + 1 + (hello[sessionAt] ?? 0));
  const suite = Buffer.from([0x13, 0x01, 0]);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(extensions.length);
  const body = Buffer.concat([Buffer.from([3, 3]), random, session, suite, size, extensions]);
  return record(HANDSHAKE, Buffer.concat([Buffer.from([2, 0, body.length >> 8, body.length & 0xff]), body]));
}

function askAgain(group: number): Meddling {
  return ({ near }) =>
    onRecords(near, (hello, number) => {
      const extensions = Buffer.concat([extension(0x002b, 0x0304), extension(0x0033, group)]);
      if (number === 0) near.write(serverHello(hello, ASKS_AGAIN, extensions));
    });
}

/** In the clear, as an open process answers. */
function answerPlain(magic: Uint8Array, ...frames: readonly Uint8Array[]): Meddling {
  return ({ near }) => near.once('data', () => near.write(Buffer.concat([magic, ...frames])));
}

/** Changes the flight of the target, once it has as many records as a flight has at least. */
function turned(change: (records: Buffer[]) => Buffer[]): Meddling {
  return ({ near, far }) => {
    const flight: Buffer[] = [];
    near.on('data', (bytes: Buffer) => far.write(bytes));
    onRecords(far, (each) => {
      flight.push(each);
      if (flight.length === 3) near.write(Buffer.concat(change([...flight])));
      if (flight.length > 3) near.write(each);
    });
  };
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

const PLAIN_HELLO = frameBytes(
  trackerReplies.encode({ kind: 'error', id: null, code: 'limit', sentence: 'speak in the clear, please' }),
);

/** What is between a dialer and a wire, by name. */
function meddlings(wire: Wire, recorded: Buffer): Readonly<Record<string, Meddling>> {
  const magic = wire === TRACKER_WIRE ? TRACKER_MAGIC : PEER_MAGIC;
  return {
    'closes on the first byte of TLS': ({ near }) => near.once('data', () => near.destroy()),
    'answers in the clear': answerPlain(magic, PLAIN_HELLO),
    'answers with the magic alone': answerPlain(magic),
    'answers as a web server': ({ near }) => near.once('data', () => near.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    'speaks in the clear on behalf of the dialer': ({ near, far }) => {
      near.once('data', () => far.write(magic));
      far.on('data', (bytes: Buffer) => near.write(bytes));
    },
    'asks for another ClientHello with a group that was not offered': askAgain(SECP256R1),
    'asks for the same ClientHello again': askAgain(X25519),
    'chooses TLS 1.2': ({ near }) =>
      onRecords(near, (hello, number) => {
        if (number === 0)
          near.write(serverHello(hello, Buffer.concat([Buffer.alloc(24, 7), DOWNGRADED]), Buffer.alloc(0)));
      }),
    'says that the version is not supported': ({ near }) =>
      near.once('data', () => near.write(record(ALERT, Buffer.from([2, 70])))),
    'strips the last record of the flight': turned((records) => records.slice(0, -1)),
    'reorders the flight': turned((records) => records.reverse()),
    'changes a byte of the flight': turned((records) =>
      records.map((each, at) => (at === 2 ? flipped(each, 9) : each)),
    ),
    'changes a byte of the ServerHello': turned((records) =>
      records.map((each, at) => (at === 0 ? flipped(each, 20) : each)),
    ),
    'sends its own bytes back': ({ near }) => near.on('data', (bytes: Buffer) => near.write(bytes)),
    'answers as a good one did before': ({ near }) => near.once('data', () => near.write(recorded)),
    'strips what the dialer says behind its ClientHello': ({ near, far }) => {
      near.once('data', (bytes: Buffer) => far.write(bytes));
      far.on('data', (bytes: Buffer) => near.write(bytes));
    },
    'changes what the dialer says behind its ClientHello': ({ near, far }) => {
      onRecords(near, (each, number) => far.write(number > 1 ? flipped(each, each.length - 1) : each));
      far.on('data', (bytes: Buffer) => near.write(bytes));
    },
  };
}

/** Of the target: TLS, or the one sentence for whoever speaks in the clear. */
function isRightAnswer(bytes: Buffer, wire: Wire): boolean {
  if (plainIn(bytes) === undefined) return true;
  const { magic } = wire;
  // Whoever dialed hangs up at the first of these bytes.
  if (bytes.length < magic.length + 4) return bytes.equals(Buffer.from(magic.subarray(0, bytes.length)));
  const size = bytes.readUInt32BE(magic.length);
  const frame = bytes.subarray(magic.length + 4);
  return frame.length === size && /^this swarm is closed; /.test(wire.sentenceIn(frame) ?? '');
}

function assertNothingPlain({ fromNear, fromFar }: Joint, wire: Wire, how: string): void {
  assert.ok(fromNear.length > 0, how);
  assert.equal(plainIn(fromNear), undefined, `${how}: the dialer said a plain byte`);
  if (fromFar.length > 0) assert.ok(isRightAnswer(fromFar, wire), `${how}: ${fromFar.toString('latin1')}`);
}

/** After which a dialer stops waiting for an answer; the wire itself leaves that to its owner. */
const PATIENCE_MS = 1_500;
/** To whom the dialer itself hangs up. */
const SPEAKS_CLEAR = /in the clear$|with the magic|web server/;

/** Dials the wire through the proxy; the sentence why it did not open. */
async function refusalOf(
  t: TestContext,
  credentials: Credentials,
  wire: Wire,
  proxy: MeddlingProxy,
  how: string,
): Promise<string> {
  const before = proxy.joints.length;
  const over = deferred<string>();
  let sentence = '';
  const passage = closedPassage(credentials, wire);
  // As a download reads: into a buffer of its own, which must get nothing.
  const buffer = new Uint8Array(4_096);
  const callback = (): boolean => assert.fail(`${how}: it reached the buffer of a reader`);
  const onread = { buffer, callback };
  const outcome = {
    // The other side has not confirmed it: nothing may be believed that comes now.
    opened: () => void setTimeout(() => socket.destroy(), 200),
    refused: (why: string) => {
      sentence = why;
    },
  };
  const socket = passage.dial(proxy.address, { need: wire === TRACKER_WIRE ? 'track' : 'fetch', onread }, outcome);
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('close', () => over.resolve(sentence));
  await eventually(
    () => proxy.joints.length > before && (proxy.joints.at(-1)?.fromNear.length ?? 0) > 0,
    (isHeard) => isHeard,
    `${how}: the dialer has spoken`,
  );
  const patience = SPEAKS_CLEAR.test(how) ? undefined : setTimeout(() => socket.destroy(), PATIENCE_MS);
  t.after(() => clearTimeout(patience));
  return within(over.promise, DEADLINE_MS, () => assert.fail('it did not end'));
}

async function goodFlight(credentials: Credentials, proxy: MeddlingProxy): Promise<Buffer> {
  proxy.meddling = honest;
  const question = new TrackerQuestion(proxy.address, closedPassage(credentials, TRACKER_WIRE));
  await question.ask({ kind: 'renew' }, 'renewed');
  question.hangUp();
  const { fromFar } = proxy.joints.at(-1) as Joint;
  assert.equal(plainIn(fromFar), undefined);
  return fromFar;
}

/** Both ends of the last connection through the proxy, which may be there still. */
const MEDDLED_SOCKETS = 4;

test('C14: a tracker and its client say nothing but TLS, whatever is done between them', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const proxy = await MeddlingProxy.open(t, address);
  const member = swarm.member();
  const recorded = await goodFlight(member, proxy);
  const beside = await HonestBeside.begin(stage, swarm, 4);
  for (const [how, meddling] of Object.entries(meddlings(TRACKER_WIRE, recorded))) {
    proxy.meddling = meddling;
    const sentence = await refusalOf(t, member, TRACKER_WIRE, proxy, how);
    assert.doesNotMatch(sentence, /undefined/, how);
    assertNothingPlain(proxy.joints.at(-1) as Joint, TRACKER_WIRE, how);
    if (SPEAKS_CLEAR.test(how)) assert.match(sentence, /speaks in the clear/, how);
  }
  await goodFlight(member, proxy);
  await beside.end(MEDDLED_SOCKETS);
});

test('C14: a peer and whoever fetches from it say nothing but TLS, whatever is done between them', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const tracker = await MeddlingProxy.open(t, address);
  const recorded = await goodFlight(swarm.member(), tracker);
  const seeder = await stage.client('seeder', swarm.member({ name: 'seeder' }));
  const { client } = seeder;
  assert.ok(client !== undefined);
  const proxy = await MeddlingProxy.open(t, client.upload);
  const beside = await HonestBeside.begin(stage, swarm, 4);
  for (const [how, meddling] of Object.entries(meddlings(PEER_WIRE, recorded))) {
    proxy.meddling = meddling;
    await refusalOf(t, swarm.member(), PEER_WIRE, proxy, how);
    assertNothingPlain(proxy.joints.at(-1) as Joint, PEER_WIRE, how);
  }
  await beside.end(MEDDLED_SOCKETS);
});

const PLAIN = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
const WHOLE = { only: [], except: [], reuse: [], noReuse: false, exact: false };

test('C14: of a whole transfer nothing is to be read on the way, and it begins by itself when the meddling ends', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  await stage.tracker(0, swarm.tracker());
  const between = await Promise.all([0, 1].map((at) => MeddlingProxy.open(t, stage.addresses[at] as Address)));
  const [first, second] = between.map(({ address }) => address) as [Address, Address];
  const through = new ClosedStage(t, [first, second]);
  const seederIdentity = swarm.member({ name: 'seeder' });
  const before = await MeddlingProxy.open(t, { host: '127.0.0.1', port: 1 });
  const seeder = await through.client('seeder', seederIdentity, { advertise: before.address });
  assert.ok(seeder.client !== undefined);
  before.target = seeder.client.upload;
  const bytes = randomFillSync(new Uint8Array(1_500_001));
  const path = join(through.directory, 'model.bin');
  await writeFile(path, bytes);
  const mtorrentPath = join(through.directory, 'model.mtorrent');
  await seeder.ask({ kind: 'share', path, mtorrentPath, ...PLAIN });
  // Its own link to the tracker stands, and is not what is meddled with.
  await eventually(
    () => figuresOf(stage.addresses[0], swarm.member()),
    ({ liveEntries }) => liveEntries === 1,
    'the seeder is listed',
  );

  for (const proxy of between) proxy.meddling = answerPlain(TRACKER_MAGIC, PLAIN_HELLO);
  before.meddling = answerPlain(PEER_MAGIC);
  const leecher = await through.client('leecher', swarm.member({ name: 'leecher' }));
  const destination = join(through.directory, 'got.bin');
  await leecher.ask({ kind: 'get', mtorrentPath, destination, ...WHOLE });
  const count = (): number => between.reduce((sum, { joints }) => sum + joints.length, 0);
  const from = count();
  await eventually(count, (now) => now > from + 1, 'the leecher has met who answers in the clear', DEADLINE_MS);
  for (const proxy of [...between, before]) proxy.meddling = honest;
  await leecher.until((event) => event.kind === 'completed');
  assert.deepEqual(await readFile(destination), Buffer.from(bytes));

  const joints = [...between, before].flatMap((proxy) => proxy.joints);
  const heard = Buffer.concat(joints.flatMap(({ fromNear, fromFar }) => [fromNear, fromFar]));
  for (const joint of joints) {
    assert.equal(plainIn(joint.fromNear), undefined);
    assert.equal(plainIn(joint.fromFar), undefined);
  }
  assert.ok(
    before.joints.some(({ fromFar }) => fromFar.length > bytes.length),
    'the file went this way',
  );
  assert.equal(heard.includes(Buffer.from(bytes.subarray(1_000, 1_032))), false);
  for (const word of ['leecher', 'model', 'mtorrent']) assert.equal(heard.includes(word), false, word);
});
