// Crowds of bad peers and bad luck on real sockets: floods, silence, drips and deafness cost the one who does it, a
// file that changes under an upload is noticed before its bytes go out, and nothing is left of what was moved.
// Deadlines run on a clock that the test moves.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { midPageShared } from '../../../src/foundation/base/bytes.js';
import {
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  LINGER_MS,
  PIECE_SIZE,
  UPLOAD_BUFFERS,
  UPLOAD_CONNECTIONS_MAX,
  UPLOAD_FILES_OPEN_MAX,
  UPLOAD_MEMORY_BYTES,
  UPLOAD_REQUESTS_PER_PEER_MAX,
} from '../../../src/foundation/base/limits.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { PEER_MAGIC } from '../../../src/transfer/peer/codec/messages.js';
import { KEEP_ALIVE_MS, UPLOAD_STALL_MS } from '../../../src/transfer/peer/limits.js';
import { UploadMemory } from '../../../src/transfer/peer/upload/memory.js';
import { Uploads } from '../../../src/transfer/peer/upload/reader.js';
import { servedAt } from '../../../src/transfer/storage/messages.js';
import { ServedStorages } from '../../../src/transfer/storage/served/served.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { lacksPlace } from '../../support/needs.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { aTurn, dial, hello, letTimePass, PIECES, Raw, SIZE, seeder } from './socket-stage.js';

const MIB = 1024 * 1024;
const geometry = new Geometry(SIZE);
const wholePiece = (piece: number) => ({ piece, begin: 0, length: geometry.pieceLength(piece) });

test('P2: 300 MiB behind a length of 4 GiB are not taken: the connection ends at the length', async (t) => {
  const { port } = await seeder(t);
  const raw = new Raw(t, port);
  const flood = Buffer.alloc(MIB);
  const before = process.memoryUsage().arrayBuffers;
  raw.socket.write(Buffer.concat([PEER_MAGIC, Buffer.alloc(4, 0xff)]));
  let sent = 0;
  while (sent < 300 && !raw.socket.destroyed) {
    await new Promise<void>((resolve) => raw.socket.write(flood, () => resolve()));
    sent += 1;
  }
  await raw.closed;
  assert.ok(sent < 100, `${sent} MiB were taken`);
  assert.ok(process.memoryUsage().arrayBuffers - before < 5 * MIB);
  await dial(t, port).hears('unchoked');
});

test('P5: a frame that comes byte by byte, however steadily, is cut at its deadline and not before', async (t) => {
  const { port, timers } = await seeder(t);
  const drips = new Raw(t, port);
  drips.socket.write(PEER_MAGIC);
  drips.send(hello);
  await drips.hears('unchoke');
  drips.socket.write(Uint8Array.of(0, 0, 0x10, 0));
  for (let nowMs = 0; !drips.socket.destroyed; nowMs += 1_000) {
    assert.ok(nowMs <= FRAME_DEADLINE_MS + 10_000, 'it was cut');
    for (let turns = 0; turns < 5; turns += 1) await aTurn();
    assert.ok(!drips.socket.destroyed || nowMs > FRAME_DEADLINE_MS, 'it had its time');
    drips.socket.write(Uint8Array.of(0));
    timers.advanceTo(nowMs);
  }
  const last = drips.heard.at(-1);
  assert.ok(last?.kind === 'error' && last.code === 'timeout', JSON.stringify(last));
});

test('P12: a thousand that connect and say nothing are cut at the deadline, and who was served is served on', async (t) => {
  if (process.platform !== 'linux') {
    lacksPlace(t, 'needs many addresses of the loopback, as Linux has them');
    return;
  }
  const { port, timers } = await seeder(t);
  const polite = dial(t, port);
  await polite.hears('unchoked');
  const silent: Raw[] = [];
  while (silent.length < 1_000) {
    const some = Array.from({ length: 100 }, (_, at) => new Raw(t, port, `127.0.1.${(at % 50) + 1}`));
    await Promise.all(some.map(({ socket }) => once(socket, 'data')));
    silent.push(...some);
  }
  // Who is too many is told so at once; the others have their time.
  const waiting = (): readonly Raw[] => silent.filter(({ socket }) => !socket.destroyed);
  while (waiting().length >= UPLOAD_CONNECTIONS_MAX) await aTurn();
  polite.socket.post({ kind: 'request', ...wholePiece(1), slots: [1] });
  await polite.hears('blockReceived');
  assert.equal(waiting().length, UPLOAD_CONNECTIONS_MAX - 1);
  timers.advanceTo(HELLO_DEADLINE_MS + 1_000);
  await Promise.all(silent.map(({ closed }) => closed));
  const told = silent.map(({ heard }) => heard.map((message) => (message.kind === 'error' ? message.code : '')).join());
  assert.equal(told.filter((code) => code === 'timeout').length, UPLOAD_CONNECTIONS_MAX - 1);
  assert.equal(told.filter((code) => code === 'busy').length, 1_001 - UPLOAD_CONNECTIONS_MAX);
  polite.socket.post({ kind: 'request', ...wholePiece(2), slots: [2] });
  await polite.hears('blockReceived', 2);
  await dial(t, port).hears('unchoked');
});

test('P13: a peer that asks for all it may and never reads delays nobody, and is cut after a minute though it says that it lives', async (t) => {
  const { port, timers, turns, listener } = await seeder(t);
  const deaf = new Raw(t, port);
  deaf.socket.pause();
  deaf.socket.write(PEER_MAGIC);
  deaf.send(hello);
  for (let at = 0; at < UPLOAD_REQUESTS_PER_PEER_MAX; at += 1) deaf.send({ kind: 'request', ...wholePiece(at % 5) });
  const polite = dial(t, port);
  await polite.hears('unchoked');
  for (let piece = 0; piece < PIECES; piece += 1) {
    polite.socket.post({ kind: 'request', ...wholePiece(piece), slots: [piece] });
  }
  await letTimePass(turns, polite.hears('blockReceived', PIECES));
  polite.socket.post({ kind: 'hangUp' });
  await polite.hears('disconnected');
  while ([...listener.peers()].length > 1) await aTurn();
  for (let nowMs = 0; nowMs < UPLOAD_STALL_MS; nowMs += KEEP_ALIVE_MS / 2) {
    timers.advanceTo(nowMs);
    deaf.send({ kind: 'keepAlive' });
    for (let some = 0; some < 5; some += 1) await aTurn();
    assert.equal([...listener.peers()].length, 1, `it has its minute, ${nowMs} ms of it are over`);
  }
  timers.advanceTo(UPLOAD_STALL_MS + 2_000);
  timers.advanceTo(UPLOAD_STALL_MS + 2_000 + LINGER_MS);
  while ([...listener.peers()].length > 0) await aTurn();
  deaf.socket.resume();
  await deaf.closed;
});

const HARMS: readonly (readonly [what: string, harm: (path: string) => void, errno: string])[] = [
  ['cut', (path) => truncateSync(path, PIECE_SIZE + 1), 'SHORT_FILE'],
  ['written to', (path) => writeFileSync(path, 'x', { flag: 'r+' }), 'CHANGED'],
  ['given another time', (path) => utimesSync(path, 5, 5), 'CHANGED'],
  ['deleted', (path) => rmSync(path), 'ENOENT'],
];

for (const [what, harm, errno] of HARMS) {
  test(`F11: of a shared file that is ${what} in mid-upload no further byte goes out, and that is told`, async (t) => {
    const { port, path, failed, turns } = await seeder(t, { whenRight: true });
    const { socket, hears, events } = dial(t, port);
    await hears('unchoked');
    socket.post({ kind: 'request', ...wholePiece(0), slots: [0] });
    await letTimePass(turns, hears('blockReceived'));
    harm(path);
    for (const piece of [1, 2]) socket.post({ kind: 'request', ...wholePiece(piece), slots: [piece] });
    await letTimePass(turns, hears('blockRejected', 2));
    assert.deepEqual(failed, [errno, errno]);
    assert.ok(!events.some(({ kind }) => kind === 'disconnected'), 'the seeder itself is not to blame');
  });
}

/** Open descriptors of this process. */
const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('L2: of a thousand shared files no more are open than may be, whichever are fetched', async (t) => {
  if (process.platform !== 'linux') {
    lacksPlace(t, 'open files are counted in /proc');
    return;
  }
  const [files, active] = [1_000, 40];
  const directory = temporaryDirectory(t);
  const storages = new ServedStorages({
    openMax: UPLOAD_FILES_OPEN_MAX,
    timers: new ManualTimers(),
    onFailed: assert.fail,
  });
  const uploads = new Uploads({
    storages,
    onUploaded: () => undefined,
    onFileFailed: (_, path, errno) => assert.fail(`${path}: ${errno}`),
  });
  const memory = new UploadMemory(midPageShared(UPLOAD_MEMORY_BYTES).buffer);
  const before = descriptors();
  for (let file = 0; file < files; file += 1) {
    const path = join(directory, String(file));
    writeFileSync(path, Uint8Array.of(file >>> 8, file));
    assert.equal(storages.open(file, servedAt(path, new Layout(2), statSync(path).mtimeMs)), undefined);
  }
  const none = (): void => undefined;
  const got: number[] = [];
  for (let first = 0; first < files; first += active) {
    for (let file = first; file < first + active; file += 1) {
      const writePayload = (_: unknown, [payload]: readonly Uint8Array[], taken: (ok: boolean) => void): void => {
        got.push(((payload?.[0] ?? 0) << 8) | (payload?.[1] ?? 0));
        setImmediate(() => taken(true));
      };
      const block = { piece: 0, begin: 0, length: 2 };
      uploads.send(
        { kind: 'send', connection: file, upload: file, ...block, completes: true, buffers: [file - first] },
        file,
        { writePayload },
        memory,
        none,
      );
    }
    while (got.length < first + active) await aTurn();
    assert.ok(descriptors() - before <= UPLOAD_FILES_OPEN_MAX, `${descriptors() - before} are open`);
  }
  assert.deepEqual(
    got.sort((a, b) => a - b),
    Array.from({ length: files }, (_, file) => file),
  );
  storages.closeAll();
  assert.equal(descriptors(), before);
});

test('L6: of some hundred MiB that were moved nothing is held afterwards', async (t) => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const { port } = await seeder(t);
  const { socket, hears, events } = dial(t, port);
  await hears('unchoked');
  const move = async (rounds: number): Promise<number> => {
    for (let round = 0; round < rounds; round += 1) {
      events.length = 0;
      for (let piece = 0; piece < PIECES; piece += 1) {
        socket.post({ kind: 'request', ...wholePiece(piece), slots: [piece] });
      }
      await hears('blockReceived', PIECES);
    }
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = await move(20);
  const after = await move(150);
  assert.ok(after - before < Math.min(PIECE_SIZE, before / 10), `${before} bytes were held before, ${after} after`);
});

test('P13: peers that hold every buffer and never read leave those who read their bytes', {
  timeout: 15_000,
}, async (t) => {
  const { port, turns } = await seeder(t);
  // Each holds UPLOAD_BUFFERS_PER_PEER_MAX buffers once its socket is full.
  const deaf = Array.from({ length: 2 * UPLOAD_BUFFERS }, () => new Raw(t, port));
  for (const { socket } of deaf) {
    socket.pause();
    socket.write(PEER_MAGIC);
  }
  for (const raw of deaf) {
    raw.send(hello);
    for (let at = 0; at < UPLOAD_REQUESTS_PER_PEER_MAX; at += 1) raw.send({ kind: 'request', ...wholePiece(at % 5) });
  }
  const polite = dial(t, port);
  await polite.hears('unchoked');
  for (let round = 1; round <= 3; round += 1) {
    for (let piece = 0; piece < PIECES; piece += 1)
      polite.socket.post({ kind: 'request', ...wholePiece(piece), slots: [piece] });
    await letTimePass(turns, polite.hears('blockReceived', round * PIECES));
  }
});

test('P12: a crowd that has every place gives one up to who comes from another address', async (t) => {
  if (process.platform !== 'linux') {
    lacksPlace(t, 'needs many addresses of the loopback, as Linux has them');
    return;
  }
  const { port } = await seeder(t);
  const crowd = Array.from({ length: UPLOAD_CONNECTIONS_MAX }, (_, at) => new Raw(t, port, `127.0.1.${(at % 8) + 1}`));
  await Promise.all(crowd.map(({ socket }) => once(socket, 'data')));
  for (const raw of crowd) {
    raw.socket.write(PEER_MAGIC);
    raw.send(hello);
  }
  await Promise.all(crowd.map((raw) => raw.hears('unchoke')));
  const polite = dial(t, port);
  await polite.hears('unchoked');
  polite.socket.post({ kind: 'request', ...wholePiece(1), slots: [1] });
  await polite.hears('blockReceived');
  const displaced = crowd.filter(({ heard }) => heard.some((message) => message.kind === 'error'));
  assert.deepEqual(
    displaced.map(({ heard }) => heard.at(-1)).map((message) => message?.kind === 'error' && message.code),
    ['busy'],
  );
});
