// What stands behind the piece hashes of a .mtorrent, from one peer to a guest: the guest takes exactly the bytes that
// it was told of, a peer gives them in bounds, and whoever lies, stalls or floods loses this connection only.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { PART_BYTES_MAX } from '../../../src/foundation/base/limits.js';
import { frameBytes } from '../../../src/foundation/wire/framing.js';
import type { PeerMessage } from '../../../src/transfer/peer/codec/meaning.js';
import { METADATA, PEER_MAGIC, peerWire } from '../../../src/transfer/peer/codec/messages.js';
import { fetchList } from '../../../src/transfer/peer/guest/fetch-list.js';
import { type GuestEffect, type GuestInput, GuestMachine } from '../../../src/transfer/peer/guest/machine.js';
import {
  CONNECT_DEADLINE_MS,
  INFO_DEADLINE_MS,
  INFO_PART_DEADLINE_MS,
  INFO_PARTS_AT_ONCE,
  INFO_RATE_MIN,
  INFO_TIMES_MAX,
} from '../../../src/transfer/peer/limits.js';
import type { ServedMetadata } from '../../../src/transfer/peer/serve/machine.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { PIECES, Raw, seeder } from './socket-stage.js';
import { HELLO, MESSAGES, OURS, Stage, SWARM, serveStage } from './stage.js';

const INFO = new Uint8Array(32).fill(9);
const LIST_BYTES = 5 * PART_BYTES_MAX + 77;

interface Copy extends ServedMetadata {
  readonly list: Uint8Array;
}

/** A .mtorrent whose last lines are the list. */
function copyOf(t: TestContext, bytes = LIST_BYTES): Copy {
  const list = Uint8Array.from({ length: bytes }, (_, at) => (at * 7) % 251);
  const path = join(temporaryDirectory(t), 'copy.mtorrent');
  writeFileSync(path, Buffer.concat([Buffer.from('192.0.2.1:1\n192.0.2.2:1\nx\n5\n00\n'), list]));
  return { path, info: INFO, bytes, list };
}

function fetchFrom(port: number, listBytes: number, info = INFO) {
  const asked = { swarm: SWARM, pieceCount: PIECES, info, listBytes };
  return fetchList({ ...asked, address: { host: '127.0.0.1', port } }).outcome;
}

test('a guest gets the list byte for byte, and the peer goes on serving', async (t) => {
  const copy = copyOf(t);
  const { port, crashes } = await seeder(t, { metadata: copy });
  for (let round = 0; round < 2; round += 1) {
    const outcome = await fetchFrom(port, LIST_BYTES);
    assert.ok(outcome.kind === 'list');
    assert.deepEqual(outcome.bytes, copy.list);
  }
  assert.deepEqual(crashes, []);
});

test('a copy that was written anew with other trackers is served from its new place', async (t) => {
  const copy = copyOf(t);
  const { port } = await seeder(t, { metadata: copy });
  writeFileSync(copy.path, Buffer.concat([Buffer.from('[2001:db8::1]:10000\n'), readFileSync(copy.path)]));
  const outcome = await fetchFrom(port, LIST_BYTES);
  assert.ok(outcome.kind === 'list');
  assert.deepEqual(outcome.bytes, copy.list);
});

test('a peer that has another list, none, or has lost its copy says that it has it not', async (t) => {
  const copy = copyOf(t);
  const withList = await seeder(t, { metadata: copy });
  const without = await seeder(t);
  const lost = await seeder(t, { metadata: { ...copy, path: `${copy.path}.gone` } });
  const lacks = { kind: 'none', reason: 'it has not got the list' } as const;
  assert.deepEqual(await fetchFrom(withList.port, LIST_BYTES, new Uint8Array(32)), lacks);
  assert.deepEqual(await fetchFrom(without.port, LIST_BYTES), lacks);
  assert.deepEqual(await fetchFrom(lost.port, LIST_BYTES), lacks);
});

test('a guest that was told of another size takes nothing', async (t) => {
  const { port } = await seeder(t, { metadata: copyOf(t) });
  const longer = await fetchFrom(port, LIST_BYTES + 1);
  assert.deepEqual(longer, { kind: 'none', reason: 'it sent a part of a wrong length' });
});

test('nobody there, and a peer that hangs up at once, are reasons and no faults', async (t) => {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  assert.equal((await fetchFrom(port, LIST_BYTES)).kind, 'none');
});

test('one connection is given the list so many times and no more', async (t) => {
  const copy = copyOf(t, PART_BYTES_MAX);
  const { port } = await seeder(t, { metadata: copy });
  const raw = new Raw(t, port);
  raw.socket.write(PEER_MAGIC);
  raw.send({
    kind: 'hello',
    swarm: SWARM,
    peerId: OURS,
    uploadPort: 0,
    pieceCount: PIECES,
    features: 0,
    token: new Uint8Array(0),
  });
  for (let time = 0; time <= INFO_TIMES_MAX; time += 1) raw.send({ kind: 'infoWanted', info: INFO, offset: 0 });
  await raw.closed;
  const error = raw.heard.find(({ kind }) => kind === 'error');
  assert.ok(error?.kind === 'error' && error.code === 'protocol', JSON.stringify(raw.heard.map(({ kind }) => kind)));
});

test('parts that are not read yet are bounded, and what is not had is answered at once', () => {
  const stage = serveStage('open');
  const wanted = { kind: 'received', message: MESSAGES.infoWanted } as const;
  assert.deepEqual(
    stage.post(wanted).map((effect) => effect.kind === 'send' && effect.message),
    [{ kind: 'infoPart', offset: 0, part: new Uint8Array(0) }],
  );
  const metadata = { path: '/m', info: new Uint8Array(32), bytes: 100 * PART_BYTES_MAX };
  const served = serveStage('open', PIECES, metadata);
  for (let part = 0; part < INFO_PARTS_AT_ONCE; part += 1) assert.equal(served.post(wanted)[0]?.kind, 'readMetadata');
  served.post({ kind: 'metadataRead', offset: 0, part: Uint8Array.of(1) });
  assert.equal(served.post(wanted)[0]?.kind, 'readMetadata');
  assert.deepEqual(
    served.post(wanted).map(({ kind }) => kind),
    ['send', 'hangUp'],
  );
});

// --- the guest alone ---

function guest(listBytes = LIST_BYTES): Stage<GuestInput, GuestEffect> {
  const stage = new Stage<GuestInput, GuestEffect>(
    new GuestMachine({ swarm: SWARM, pieceCount: PIECES, peerId: OURS, info: INFO, listBytes, startedMs: 0 }),
  );
  stage.post({ kind: 'wake' });
  return stage;
}

function fetching(listBytes = LIST_BYTES): Stage<GuestInput, GuestEffect> {
  const stage = guest(listBytes);
  stage.post({ kind: 'connected' });
  hear(stage, { ...HELLO, pieceCount: PIECES, metadata: true });
  return stage;
}

function hear(stage: Stage<GuestInput, GuestEffect>, message: PeerMessage): readonly GuestEffect[] {
  return stage.post({ kind: 'received', message });
}

function reasonOf(effects: readonly GuestEffect[]): string | undefined {
  const last = effects.at(-1);
  return last?.kind === 'done' && last.outcome.kind === 'none' ? last.outcome.reason : undefined;
}

test('silence of a peer ends at each deadline: no connection, no hello, no part, and a list that trickles', () => {
  const silent = guest();
  assert.equal(reasonOf(silent.pass(CONNECT_DEADLINE_MS - 1)), undefined);
  assert.equal(reasonOf(silent.pass(1)), 'it does not answer');

  const mute = guest();
  mute.post({ kind: 'connected' });
  assert.equal(reasonOf(mute.pass(10_000)), 'it does not answer');

  const stuck = fetching();
  hear(stuck, MESSAGES.keepAlive);
  assert.equal(reasonOf(stuck.pass(INFO_PART_DEADLINE_MS)), 'it gives the list too slowly');

  const parts = 300;
  const trickling = fetching(parts * PART_BYTES_MAX);
  const limitMs = INFO_DEADLINE_MS + (parts * PART_BYTES_MAX * 1_000) / INFO_RATE_MIN;
  let reason: string | undefined;
  for (let at = 0; reason === undefined && at < parts; at += 1) {
    hear(trickling, { kind: 'infoPart', offset: at * PART_BYTES_MAX, part: new Uint8Array(PART_BYTES_MAX) });
    reason = reasonOf(trickling.pass(INFO_PART_DEADLINE_MS - 1));
  }
  assert.equal(reason, 'it gives the list too slowly');
  assert.ok(trickling.nowMs <= limitMs + INFO_PART_DEADLINE_MS);
});

test('an old release, another share, a refusal and parts that were not asked for end it with their reason', () => {
  const old = guest();
  old.post({ kind: 'connected' });
  assert.equal(reasonOf(hear(old, { ...HELLO, pieceCount: PIECES })), 'it runs a release that gives no lists');
  const other = guest();
  other.post({ kind: 'connected' });
  assert.equal(
    reasonOf(hear(other, { ...HELLO, pieceCount: PIECES + 1, metadata: true })),
    'it answers for another share',
  );
  assert.equal(reasonOf(hear(fetching(), MESSAGES.error)), 'it says: later');
  assert.equal(reasonOf(hear(fetching(), MESSAGES.gone)), 'it no longer serves this share');
  const part = new Uint8Array(PART_BYTES_MAX);
  assert.equal(
    reasonOf(hear(fetching(), { kind: 'infoPart', offset: 1, part })),
    'it sent a part that was not asked for',
  );
  const twice = fetching();
  hear(twice, { kind: 'infoPart', offset: 0, part });
  assert.equal(reasonOf(hear(twice, { kind: 'infoPart', offset: 0, part })), 'it sent a part that was not asked for');
});

test('in whatever order the parts come, the list is whole when the last one is there, and never before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 * PART_BYTES_MAX }), fc.infiniteStream(fc.nat()), (listBytes, picks) => {
      const list = Uint8Array.from({ length: listBytes }, (_, at) => at % 253);
      const stage = fetching(listBytes);
      const open: number[] = [];
      const asks = (effects: readonly GuestEffect[]): void => {
        for (const effect of effects)
          if (effect.kind === 'send' && effect.message.kind === 'infoWanted') open.push(effect.message.offset);
      };
      asks(stage.effects);
      for (;;) {
        assert.ok(open.length > 0 && open.length <= INFO_PARTS_AT_ONCE);
        const [offset = 0] = open.splice((picks.next().value ?? 0) % open.length, 1);
        const effects = hear(stage, { kind: 'infoPart', offset, part: list.subarray(offset, offset + PART_BYTES_MAX) });
        asks(effects);
        const done = effects.find(({ kind }) => kind === 'done');
        if (done === undefined) continue;
        assert.ok(done.kind === 'done' && done.outcome.kind === 'list');
        assert.deepEqual(done.outcome.bytes, list);
        assert.equal(open.length, 0);
        return;
      }
    }),
    { numRuns: 60 },
  );
});

test('a guest survives what a stranger sends in place of a peer', async (t) => {
  const hello = peerWire.encode({
    kind: 'hello',
    swarm: SWARM,
    peerId: OURS,
    uploadPort: 0,
    pieceCount: PIECES,
    features: 0,
    token: Uint8Array.of(1, METADATA),
  });
  const garbage: readonly Uint8Array[] = [
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    PEER_MAGIC,
    Buffer.concat([PEER_MAGIC, Uint8Array.of(0xff, 0xff, 0xff, 0xff)]),
    Buffer.concat([PEER_MAGIC, frameBytes(hello), frameBytes(Uint8Array.of(0xc1))]),
    Buffer.concat([
      PEER_MAGIC,
      frameBytes(hello),
      frameBytes(peerWire.encode({ kind: 'piece', piece: 0, begin: 0, length: 9 })),
      Buffer.from('raw bytes'),
    ]),
  ];
  for (const bytes of garbage) {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    assert.equal((await fetchFrom((server.address() as net.AddressInfo).port, LIST_BYTES)).kind, 'none');
  }
});
