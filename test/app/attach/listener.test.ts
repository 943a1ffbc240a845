// The socket of a background client: only its user may open it, only one client has it, and whatever comes in on one
// connection is that connection's own trouble.

import assert from 'node:assert/strict';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { attachToClient, wrongVersion } from '../../../src/app/attach/connection.js';
import {
  ATTACHED_MAX,
  ATTACHED_REQUESTS_MAX,
  ATTACHED_UNREAD_BYTES_MAX,
  EVENT_FRAME_BYTES_MAX,
} from '../../../src/app/attach/limits.js';
import { openAttachListener } from '../../../src/app/attach/listener.js';
import { ATTACH_MAGIC, ATTACH_VERSION, attachCommands, attachEvents } from '../../../src/app/attach/messages.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { type FileView, LIST_ROWS_MAX } from '../../../src/client/messages.js';
import { programVersion } from '../../../src/foundation/base/installation.js';
import { FrameReader, frameBytes } from '../../../src/foundation/wire/framing.js';
import { eventually } from '../../support/e2e-stage.js';
import { failsWith } from '../../support/failures.js';
import { frameOf } from '../../support/messages.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { Stranger, stageListener } from './stage.js';

async function attach(t: TestContext, path: string): Promise<SwarmClient> {
  const client = await attachToClient(path);
  assert.ok(client !== undefined, 'somebody listens');
  t.after(() => client.close());
  return client;
}

const hello = frameBytes(frameOf(attachCommands, { kind: 'hello', version: ATTACH_VERSION, program: '1.0.0' }));
const greeting = Buffer.concat([ATTACH_MAGIC, hello]);

/** The events in what was heard. */
function eventsIn(heard: Buffer) {
  const reader = new FrameReader(EVENT_FRAME_BYTES_MAX);
  reader.feed(heard.subarray(ATTACH_MAGIC.length));
  const events = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) events.push(attachEvents.decode(frame));
  return events;
}

test('whoever attaches knows the client, asks it, and hears what happens', async (t) => {
  const { path, say } = await stageListener(t);
  const [first, second] = [await attach(t, path), await attach(t, path)];
  assert.deepEqual(first.facts, { address: '127.0.0.1:1', trackers: ['127.0.0.1:2', '127.0.0.1:3'], pid: 4 });
  const happened = Promise.all(
    [first, second].map((client) => new Promise<string>((resolve) => client.listen(({ kind }) => resolve(kind)))),
  );
  assert.deepEqual(await Promise.all([first.pause('a'), second.resume('a'), first.pause('b')]), [
    'PAUSE',
    'RESUME',
    'PAUSE',
  ]);
  say({ kind: 'completed', name: 'a', path: '/a' });
  assert.deepEqual(await happened, ['completed', 'completed']);
});

test('the socket is for its user alone, in a directory for the user alone', async (t) => {
  const { path } = await stageListener(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
});

test('a second client on the same socket is refused, and the first one serves on', async (t) => {
  const { path } = await stageListener(t);
  await assert.rejects(openAttachListener(path), failsWith('ALREADY_RUNNING', path, 'mtorrent stop'));
  assert.equal(await (await attach(t, path)).pause('a'), 'PAUSE');
});

test('a listener that is closed leaves nothing behind, says what is to be said, and its place is free', async (t) => {
  const { path, listener } = await stageListener(t);
  const client = await attach(t, path);
  const last = client.pause('a');
  assert.equal(await last, 'PAUSE');
  await listener.close();
  await listener.close();
  assert.equal((await client.ended).code, 'NOT_RUNNING');
  assert.equal(existsSync(path), false);
  await assert.rejects(client.pause('a'), failsWith('NOT_RUNNING', path));
  const next = await openAttachListener(path);
  await next.close();
});

test('without a client there is nobody to attach to', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  for (const name of ['none.sock', 'none/none.sock', 'file', 'file/none.sock'])
    assert.equal(await attachToClient(join(directory, name)), undefined, name);
});

test('a file that is no socket is not replaced', async (t) => {
  const path = join(temporaryDirectory(t), 'notes.txt');
  writeFileSync(path, 'mine');
  await assert.rejects(openAttachListener(path), failsWith('ALREADY_EXISTS', path));
  assert.ok(existsSync(path));
});

test('a socket on which somebody else listens is not replaced', async (t) => {
  const path = join(temporaryDirectory(t), 'x.sock');
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  await assert.rejects(openAttachListener(path), failsWith('ALREADY_RUNNING', path));
  assert.ok(existsSync(path));
});

const HOSTILE: readonly (readonly [string, Uint8Array])[] = [
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['no hello', Buffer.concat([ATTACH_MAGIC, frameBytes(frameOf(attachCommands, { kind: 'list', ask: 1 }))])],
  ['a hello that is too large', Buffer.concat([ATTACH_MAGIC, Buffer.from([0, 0xff, 0xff, 0xff])])],
  ['a second hello', Buffer.concat([greeting, hello])],
  ['an empty frame', Buffer.concat([greeting, Buffer.alloc(4)])],
  ['a frame that is too large', Buffer.concat([greeting, Buffer.from([0xff, 0xff, 0xff, 0xff])])],
  ['an unknown command', Buffer.concat([greeting, frameBytes(Uint8Array.of(0x92, 0xcc, 0xfa, 0x01))])],
  ['a command without its fields', Buffer.concat([greeting, frameBytes(Uint8Array.of(0x91, 0x01))])],
  ['no msgpack', Buffer.concat([greeting, frameBytes(Uint8Array.of(0xc1, 0xc1))])],
  ['an event', Buffer.concat([greeting, frameBytes(frameOf(attachEvents, { kind: 'accepted', ask: 1, detail: '' }))])],
];

for (const [what, bytes] of HOSTILE) {
  test(`who sends ${what} is dropped, and nobody else notices`, async (t) => {
    const { path, commands } = await stageListener(t);
    const bystander = await attach(t, path);
    const stranger = new Stranger(path);
    stranger.socket.write(bytes);
    await stranger.dropped();
    assert.deepEqual(commands, []);
    assert.equal(await bystander.pause('a'), 'PAUSE');
  });
}

test('a greeting that comes byte by byte is a greeting', async (t) => {
  const { path, commands } = await stageListener(t);
  const slow = new Stranger(path);
  await slow.connected;
  slow.socket.setNoDelay(true);
  const words = Buffer.concat([greeting, frameBytes(frameOf(attachCommands, { kind: 'list', ask: 1 }))]);
  for (const byte of words)
    await new Promise<void>((resolve) => slow.socket.write(Uint8Array.of(byte), () => resolve()));
  await slow.hears((heard) => eventsIn(heard).length === 2);
  assert.deepEqual(commands, [{ kind: 'list', ask: 1 }]);
  slow.socket.destroy();
});

test('the answers to who has hung up go nowhere, and the numbers of others stay their own', async (t) => {
  const { path, say, commands } = await stageListener(t);
  const leaver = await attach(t, path);
  const waits = leaver.wait();
  const stayer = await attach(t, path);
  const stays = stayer.wait();
  await stayer.pause('a');
  const cancelled = assert.rejects(waits, failsWith('CANCELLED'));
  await leaver.close();
  await cancelled;
  // Its end was heard when a later one is greeted.
  const later = await attach(t, path);
  await later.pause('b');
  for (const { kind, ask } of commands) if (kind === 'wait') say({ kind: 'accepted', ask, detail: 'WAITED' });
  assert.equal(await stays, 'WAITED');
});

test('who has as many questions open as it may is read on as soon as one is answered', async (t) => {
  const { path, say, commands } = await stageListener(t);
  const client = await attach(t, path);
  const waits = Array.from({ length: ATTACHED_REQUESTS_MAX + 1 }, () => client.wait());
  const bystander = await attach(t, path);
  await bystander.pause('a');
  assert.equal(commands.filter(({ kind }) => kind === 'wait').length, ATTACHED_REQUESTS_MAX);
  const first = commands.find(({ kind }) => kind === 'wait');
  say({ kind: 'accepted', ask: first?.ask ?? 0, detail: 'WAITED' });
  assert.equal(await waits[0], 'WAITED');
  assert.equal(await bystander.pause('b'), 'PAUSE');
  assert.equal(commands.filter(({ kind }) => kind === 'wait').length, ATTACHED_REQUESTS_MAX + 1);
  for (const wait of waits) wait.catch(() => undefined);
});

test(`the ${ATTACHED_MAX + 1}st is told that there is no room, until one of the others leaves`, async (t) => {
  const { path } = await stageListener(t);
  const clients = [];
  for (let count = 0; count < ATTACHED_MAX; count += 1) clients.push(await attach(t, path));
  await assert.rejects(attachToClient(path), failsWith('LIMIT_REACHED', String(ATTACHED_MAX)));
  await clients[0]?.close();
  const client = await eventually(
    () => attachToClient(path).catch(failsWith('LIMIT_REACHED')),
    (answer) => typeof answer === 'object',
    'there is room again',
  );
  assert.ok(typeof client === 'object');
  await client.close();
});

test('another version is answered with ours, then hung up on', async (t) => {
  const { path, commands } = await stageListener(t);
  const other = new Stranger(path);
  const words = { kind: 'hello', version: ATTACH_VERSION + 1, program: '99.0.0' } as const;
  other.socket.write(Buffer.concat([ATTACH_MAGIC, frameBytes(frameOf(attachCommands, words))]));
  await other.dropped();
  const [answer] = eventsIn(other.heard);
  assert.ok(answer?.kind === 'hello' && answer.version === ATTACH_VERSION && answer.program === programVersion());
  assert.deepEqual(commands, []);
});

test('whoever attaches knows all trackers of the client; another version is told the first two', async (t) => {
  const more = ['127.0.0.1:5', '127.0.0.1:6'];
  const { path } = await stageListener(t, undefined, ['127.0.0.1:2', '127.0.0.1:3', ...more]);
  assert.deepEqual((await attach(t, path)).facts.trackers, ['127.0.0.1:2', '127.0.0.1:3', ...more]);
  const released = new Stranger(path);
  const words = { kind: 'hello', version: 4, program: '0.3.0' } as const;
  released.socket.write(Buffer.concat([ATTACH_MAGIC, frameBytes(frameOf(attachCommands, words))]));
  await released.dropped();
  const [answer] = eventsIn(released.heard);
  assert.ok(answer?.kind === 'hello' && !('more' in answer && answer.more !== undefined), JSON.stringify(answer));
  assert.deepEqual(answer.trackers, ['127.0.0.1:2', '127.0.0.1:3']);
});

test('of two versions the sentence says which is older', () => {
  const theirs = { kind: 'hello', program: '7.0.0', address: '', trackers: ['', ''], pid: 12 } as const;
  const newer = wrongVersion('/s', { ...theirs, version: ATTACH_VERSION + 1 });
  failsWith('WRONG_VERSION', '/s', '7.0.0', programVersion(), 'this program is older')(newer);
  const older = wrongVersion('/s', { ...theirs, version: ATTACH_VERSION - 1 });
  failsWith('WRONG_VERSION', 'the client is older', 'kill 12')(older);
});

/** Listens at a path of its own and says these bytes to whoever comes. */
async function impostor(t: TestContext, bytes: Uint8Array): Promise<string> {
  const path = join(temporaryDirectory(t), 'x.sock');
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return path;
}

for (const [what, bytes] of [
  ['another protocol', Buffer.from('220 mail ready\r\n')],
  ['nothing', new Uint8Array(0)],
  ['an event before its hello', Buffer.concat([ATTACH_MAGIC, frameBytes(Uint8Array.of(0x93, 0x01, 0x01, 0xa0))])],
] as const) {
  test(`a listener that says ${what} is not taken for a client`, async (t) => {
    await assert.rejects(attachToClient(await impostor(t, bytes)), failsWith('IO_ERROR', 'x.sock', '--socket'));
  });
}

test('a full part of a list at its longest is one frame that fits', async (t) => {
  const long = (length: number): string => 'ü'.repeat(length / 2);
  const row: FileView = {
    name: `${long(254)}x`,
    state: 'downloading',
    path: long(4096),
    mtorrentPath: long(4096),
    size: Number.MAX_SAFE_INTEGER,
    have: 8_388_608,
    pieces: 8_388_608,
    rate: 0.1,
    peers: 2 ** 32 - 1,
    received: Number.MAX_SAFE_INTEGER,
    wasted: Number.MAX_SAFE_INTEGER,
    sent: Number.MAX_SAFE_INTEGER,
    // Written for people: longer than its field, so it is cut.
    problem: long(4000),
    seeders: 1,
    zeros: 0,
    files: 0,
    changed: 0,
    reused: 0,
    filesDone: 0,
    receivedBefore: 0,
    wastedBefore: 0,
  };
  const { path } = await stageListener(t, (command) => {
    const rows = Array.from({ length: LIST_ROWS_MAX }, () => row);
    return [
      { kind: 'listed', ask: command.ask, rows, last: false },
      { kind: 'listed', ask: command.ask, rows, last: true },
    ];
  });
  const files = await (await attach(t, path)).files();
  assert.equal(files.length, 2 * LIST_ROWS_MAX);
  assert.equal(files[0]?.path, row.path);
  assert.equal(Buffer.byteLength(files[0]?.problem ?? ''), 999);
  assert.match(files[0]?.problem ?? '', /ü…$/);
});

test('who leaves too much unread is dropped, and others are answered', async (t) => {
  const row: FileView = {
    name: 'a',
    state: 'seeding',
    path: '/a'.padEnd(4096, 'a'),
    mtorrentPath: '/m'.padEnd(4096, 'm'),
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
  const rows = Array.from({ length: LIST_ROWS_MAX }, () => row);
  const partBytes = rows.length * 8_192;
  const { path, commands } = await stageListener(t, (command) =>
    command.kind === 'list'
      ? [{ kind: 'listed', ask: command.ask, rows, last: true }]
      : [{ kind: 'accepted', ask: command.ask, detail: '' }],
  );
  const deaf = new Stranger(path);
  await deaf.connected;
  deaf.socket.pause();
  const lists = Math.ceil(ATTACHED_UNREAD_BYTES_MAX / partBytes) + 1;
  const asks = Array.from({ length: lists }, (_, ask) => frameBytes(frameOf(attachCommands, { kind: 'list', ask })));
  // Attached before: the lists keep this process busy, and whoever attaches has a deadline.
  const bystander = await attach(t, path);
  deaf.socket.write(Buffer.concat([greeting, ...asks]));
  await eventually(
    () => bystander.pause('a'),
    () => commands.filter(({ kind }) => kind === 'list').length === lists,
    'all is asked',
  );
  await bystander.pause('b');
  deaf.socket.resume();
  await deaf.dropped();
  assert.ok(deaf.heard.length < ATTACHED_UNREAD_BYTES_MAX, 'what it had left unread was not kept for it');
});

test('a path that no frame can carry is refused before it is sent', async (t) => {
  const { path, commands } = await stageListener(t);
  const client = await attach(t, path);
  await assert.rejects(client.share(`/${'x'.repeat(5000)}`, '/m'), failsWith('INVALID_ARGUMENTS', '4096'));
  assert.deepEqual(commands, []);
  assert.equal(await client.pause('a'), 'PAUSE');
});

test('who attaches while the client still starts is answered when it has', async (t) => {
  const path = join(temporaryDirectory(t), 'client.sock');
  const listener = await openAttachListener(path);
  t.after(() => listener.close());
  const attaching = attach(t, path);
  const early = new Stranger(path);
  await early.connected;
  const facts = { address: '127.0.0.1:9', trackers: ['127.0.0.1:2', '127.0.0.1:3'], pid: 4 } as const;
  listener.serve({ facts, join: () => ({ tell: () => undefined, openCount: () => 0, leave: () => undefined }) });
  assert.equal((await attaching).facts.address, '127.0.0.1:9');
  early.socket.destroy();
});

test('FC-32: a socket that was removed with its directory is made again, for its user alone', async (t) => {
  const { path } = await stageListener(t);
  const { mode } = statSync(path);
  rmSync(dirname(path), { recursive: true });
  await eventually(
    () => existsSync(path),
    (isThere) => isThere,
    'the socket is there again',
  );
  assert.equal(statSync(path).mode, mode);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  const client = await attachToClient(path);
  assert.notEqual(client, undefined);
  await client?.close();
});
