// A link over real sockets: scripted trackers and peers, some of which lie, are old, know nothing or answer nothing.
// Who lies costs itself, not the download.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { freePort } from '../../../src/app/demo/processes.js';
import { metainfoOfLink } from '../../../src/client/links/metainfo-of-link.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { type Address, formatAddress } from '../../../src/foundation/torrent/address.js';
import { keyBytes } from '../../../src/foundation/torrent/ids.js';
import { type Link, linkTo, parseLink } from '../../../src/foundation/torrent/link.js';
import { formatFurtherLines, type Metainfo, makeMetainfo } from '../../../src/foundation/torrent/metainfo.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { FrameReader } from '../../../src/foundation/wire/framing.js';
import type { Protocol } from '../../../src/foundation/wire/protocol.js';
import {
  TRACKER_FEATURES,
  TRACKER_MAGIC,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../../../src/tracking/tracker/messages.js';
import { METADATA, PEER_MAGIC, peerWire } from '../../../src/transfer/peer/codec/messages.js';
import { failsWith } from '../../support/failures.js';

type Sent = Parameters<typeof trackerReplies.framed>[0];

/** A server that says the magic, and then `answers` each message. */
async function server<Heard>(
  t: TestContext,
  magic: Uint8Array,
  heard: Protocol<Heard>,
  answer: (message: Heard) => readonly Uint8Array[],
): Promise<Address> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    sockets.add(socket);
    const reader = new FrameReader(1 << 20);
    let magicLeft = magic.length;
    socket.on('error', () => undefined);
    socket.write(magic);
    socket.on('data', (bytes) => {
      const skipped = Math.min(magicLeft, bytes.length);
      magicLeft -= skipped;
      reader.feed(new Uint8Array(bytes.subarray(skipped)));
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        for (const reply of answer(heard.decode(frame))) socket.write(reply);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { host: '127.0.0.1', port: (listener.address() as net.AddressInfo).port };
}

function rejectsWith(work: Promise<unknown>, code: string, ...says: readonly string[]): Promise<void> {
  return assert.rejects(work, failsWith(code, ...says));
}

interface TrackerScript {
  readonly kind: 'honest' | 'liar' | 'old' | 'unlisted' | 'mute';
  readonly peers?: readonly Address[];
}

function tracker(t: TestContext, metainfo: Metainfo, { kind, peers = [] }: TrackerScript): Promise<Address> {
  const features = kind === 'old' ? [TRACKER_FEATURES.readsFeatures] : Object.values(TRACKER_FEATURES);
  const answer = (request: TrackerRequest): readonly Sent[] => {
    if (kind === 'mute') return [];
    switch (request.kind) {
      case 'hello': {
        const facts = { trackerId: new Uint8Array(16), partner: '', highestEpoch: 0, leaseMs: 1, renewMs: 1 };
        return [{ kind: 'helloReply', ...facts, ready: true, features: encodeFeatures(features) }];
      }
      case 'hashString': {
        const { id, offset, length } = request;
        if (kind === 'unlisted') return [{ kind: 'error', id, code: 'unknown', sentence: 'nobody shares this here' }];
        const part = metainfo.digests.slice(offset, offset + length);
        return [{ kind: 'hashStringPart', id, part: kind === 'liar' ? part.map((byte) => byte ^ 0xff) : part }];
      }
      case 'seeders': {
        const seeders = peers.map(({ host, port }) => ({ host, port, have: 1 }));
        return [{ kind: 'seederList', id: request.id, seeders, total: peers.length }];
      }
      default:
        return [];
    }
  };
  return server(t, TRACKER_MAGIC, trackerRequests, (request) => answer(request).map(trackerReplies.framed));
}

function peer(t: TestContext, metainfo: Metainfo, kind: 'honest' | 'liar' | 'old' | 'lacks'): Promise<Address> {
  const list = Buffer.concat([...formatFurtherLines(metainfo)]);
  return server(t, PEER_MAGIC, peerWire, (message) => {
    if (message.kind === 'hello') {
      const token = encodeFeatures(kind === 'old' ? [] : [METADATA]);
      return [peerWire.framed({ ...message, peerId: message.peerId, token })];
    }
    if (message.kind !== 'infoWanted') return [];
    const { offset } = message;
    const part = kind === 'lacks' ? new Uint8Array(0) : new Uint8Array(list.subarray(offset, offset + 32_768));
    if (kind === 'liar') part.fill(0x61);
    return [peerWire.framed({ kind: 'infoPart', offset, part })];
  });
}

const PIECES = 4_000;
const TRACKERS = [
  { host: '192.0.2.1', port: 1 },
  { host: '192.0.2.2', port: 1 },
] as const;
/** Its further line is what stands for a list: this test asks who gives it, not what is in it. */
const WITH_LIST = makeMetainfo({
  trackers: TRACKERS,
  name: 'big file.bin',
  size: PIECES * PIECE_SIZE,
  digests: Uint8Array.from({ length: PIECES * 20 }, (_, at) => (at * 31) % 256),
  sha256: new Uint8Array(32).fill(3),
});
const PLAIN = makeMetainfo({ ...WITH_LIST, size: WITH_LIST.geometry.size, sha256: undefined });

function linkAt(metainfo: Metainfo, trackers: readonly [Address, Address]): Link {
  return parseLink(linkTo({ ...metainfo, trackers }));
}

/** Nobody listens there, and the system gives the port to nobody who listens at port 0. */
async function closedPort(): Promise<Address> {
  return { host: '127.0.0.1', port: await freePort() };
}

test('a single file needs one tracker and no peer', async (t) => {
  const trackers = [await closedPort(), await tracker(t, PLAIN, { kind: 'honest' })] as const;
  const found = await metainfoOfLink(linkAt(PLAIN, trackers));
  assert.equal(found.swarm, PLAIN.swarm);
  assert.equal(found.name, 'big file.bin');
  assert.deepEqual(found.digests, PLAIN.digests);
  assert.deepEqual(found.trackers, trackers);
});

test('a tracker that lies about the piece hashes costs itself', async (t) => {
  for (const kinds of [
    ['liar', 'honest'],
    ['honest', 'liar'],
    ['old', 'honest'],
    ['unlisted', 'honest'],
  ] as const) {
    const [first, second] = await Promise.all(kinds.map((kind) => tracker(t, PLAIN, { kind })));
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual((await metainfoOfLink(linkAt(PLAIN, [first, second]))).digests, PLAIN.digests);
  }
});

test('peers that lie, are old or have it not cost themselves', async (t) => {
  const [liar, old, lacks, honest] = await Promise.all(
    (['liar', 'old', 'lacks', 'honest'] as const).map((kind) => peer(t, WITH_LIST, kind)),
  );
  assert.ok(liar !== undefined && old !== undefined && lacks !== undefined && honest !== undefined);
  const [first, second] = await Promise.all([
    tracker(t, WITH_LIST, { kind: 'honest', peers: [liar, old, await closedPort()] }),
    tracker(t, WITH_LIST, { kind: 'honest', peers: [lacks, honest] }),
  ]);
  const found = await metainfoOfLink(linkAt(WITH_LIST, [first, second]));
  assert.deepEqual(found.sha256, WITH_LIST.sha256);
});

test('who is left without a source is told what was asked and what to do', async (t) => {
  const unlisted = [
    await tracker(t, PLAIN, { kind: 'unlisted' }),
    await tracker(t, PLAIN, { kind: 'unlisted' }),
  ] as const;
  const [first] = unlisted;
  await rejectsWith(metainfoOfLink(linkAt(PLAIN, unlisted)), 'NOT_LISTED', formatAddress(first), 'new link');
  const old = [await tracker(t, PLAIN, { kind: 'old' }), await tracker(t, PLAIN, { kind: 'old' })] as const;
  await rejectsWith(metainfoOfLink(linkAt(PLAIN, old)), 'WRONG_VERSION', 'upgrade');
  const liars = [await tracker(t, PLAIN, { kind: 'liar' }), await tracker(t, PLAIN, { kind: 'liar' })] as const;
  await rejectsWith(metainfoOfLink(linkAt(PLAIN, liars)), 'VERIFICATION_FAILED', 'other piece hashes');
  const link = linkAt(PLAIN, [await tracker(t, PLAIN, { kind: 'honest' }), await closedPort()]);
  await rejectsWith(metainfoOfLink({ ...link, name: 'other.bin' }), 'VERIFICATION_FAILED', 'other.bin', 'new link');
});

test('a host name is looked up only where a rule takes it', async (t) => {
  const { port } = await tracker(t, PLAIN, { kind: 'honest' });
  const link = linkAt(PLAIN, [{ host: 'localhost', port }, await closedPort()]);
  await rejectsWith(metainfoOfLink(link), 'INVALID_LINK', 'localhost', '--allow-host-names yes');
  const found = await metainfoOfLink(link, { mayName: ({ host }) => host === 'localhost' });
  assert.equal(found.swarm, PLAIN.swarm);
});

test('who stops waiting ends it at once', async (t) => {
  const mute = [await tracker(t, PLAIN, { kind: 'mute' }), await tracker(t, PLAIN, { kind: 'mute' })] as const;
  const stop = new AbortController();
  const looked = metainfoOfLink(linkAt(PLAIN, mute), { signal: stop.signal });
  stop.abort();
  await rejectsWith(looked, 'CANCELLED');
  await rejectsWith(metainfoOfLink(linkAt(PLAIN, mute), { signal: stop.signal }), 'CANCELLED');
});

test('the swarm key of the link is what trackers are asked for', async (t) => {
  const asked: string[] = [];
  const address = await server(t, TRACKER_MAGIC, trackerRequests, (request) => {
    if (request.kind === 'hashString') asked.push(Buffer.from(request.swarm).toString('hex'));
    const facts = { trackerId: new Uint8Array(16), partner: '', highestEpoch: 0, leaseMs: 1, renewMs: 1, ready: true };
    if (request.kind !== 'hello') return [];
    return [
      trackerReplies.framed({ kind: 'helloReply', ...facts, features: encodeFeatures([TRACKER_FEATURES.describes]) }),
    ];
  });
  const stop = new AbortController();
  const looked = metainfoOfLink(linkAt(PLAIN, [address, await closedPort()]), { signal: stop.signal });
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await rejectsWith(looked, 'CANCELLED');
  assert.deepEqual(new Set(asked), new Set([Buffer.from(keyBytes(PLAIN.swarm)).toString('hex')]));
});
