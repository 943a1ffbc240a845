// What a client says of where it is found, what it hears of it, and when it asks (FC-01, FC-15, FC-19).

import assert from 'node:assert/strict';
import test from 'node:test';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import type { InfoDigest } from '../../../src/foundation/torrent/info-text.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { REACH_AGAIN_MS } from '../../../src/tracking/announce/limits.js';
import { OWN_FEATURES } from '../../../src/tracking/tracker/messages.js';
import { Theatre } from './theatre.js';

const A = '0'.repeat(39).concat('1') as SwarmKey;
const TODAY = encodeFeatures(OWN_FEATURES);

function withFeatures(theatre: Theatre, features: Uint8Array | undefined): Theatre {
  for (const tracker of theatre.trackers) tracker.features = features;
  return theatre;
}

test('FC-15: the hello names what is advertised; a port alone leaves the host to the tracker', () => {
  for (const [advertise, host, port] of [
    [{ host: '192.0.2.7', port: 7_000 }, '192.0.2.7', 7_000],
    [{ host: undefined, port: 7_000 }, '', 7_000],
    [undefined, '', 6_000],
  ] as const) {
    const theatre = withFeatures(new Theatre({ advertise }), TODAY).start();
    const [hello] = theatre.trackers[0].heard;
    assert.ok(hello?.kind === 'hello');
    assert.deepEqual([hello.host, hello.uploadPort], [host, port]);
    assert.ok(!theatre.eventKinds().includes('advertiseIgnored'));
  }
});

test('FC-15: of a tracker that lists what it sees instead, the client hears when it names a host, and it is asked nothing new', () => {
  const theatre = new Theatre({ advertise: { host: '192.0.2.7', port: 7_000 } }).start();
  theatre.register(A);
  assert.ok(theatre.eventKinds().includes('advertiseIgnored'));
  theatre.tell({ kind: 'checkReach' });
  assert.ok(theatre.eventKinds().includes('reachChecked'), 'nobody waits for an answer');
  assert.ok(theatre.trackers[0].heard.every(({ kind }) => kind !== 'reach'));
});

test('FC-19: a tracker is asked once it lists a file, again while it does not reach us, and news are told once', () => {
  const theatre = withFeatures(new Theatre(), TODAY).start();
  const [tracker] = theatre.trackers;
  const asked = (): number => tracker.heard.filter(({ kind }) => kind === 'reach').length;
  const news = (): readonly string[] =>
    theatre.events.flatMap((event) => (event.kind === 'reach' ? [event.found] : []));
  assert.equal(asked(), 0);
  tracker.found = 'nobody';
  theatre.register(A);
  assert.deepEqual([asked(), news()], [1, ['nobody']]);
  theatre.advance(REACH_AGAIN_MS);
  assert.deepEqual([asked(), news()], [2, ['nobody']]);
  tracker.found = 'unasked';
  theatre.advance(REACH_AGAIN_MS * 2);
  assert.deepEqual([asked(), news()], [3, ['nobody']], 'too busy is no news');
  tracker.found = 'reached';
  theatre.tell({ kind: 'checkReach' });
  assert.deepEqual([asked(), news()], [4, ['nobody', 'reached']]);
  theatre.advance(REACH_AGAIN_MS * 20);
  assert.equal(asked(), 4, 'who is reached does not ask again');
});

test('a loopback that is advertised is told of once a tracker looks elsewhere; any other address is not', () => {
  for (const [host, insteadOf] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['192.0.2.7', undefined],
    [undefined, undefined],
  ] as const) {
    const theatre = withFeatures(new Theatre({ advertise: { host, port: 7_000 } }), TODAY).start();
    theatre.register(A);
    const told = theatre.events.flatMap((event) => (event.kind === 'reach' ? [event.insteadOf] : []));
    assert.deepEqual(told, [insteadOf]);
  }
});

test('FC-01: a client whose identity is used elsewhere asks for a new one; whoever keeps it tells all again', () => {
  const beside = { kind: 'beside', what: 'sameIdentity', host: '10.0.0.2', port: 6_902 } as const;
  const copy = withFeatures(new Theatre(), TODAY).start();
  copy.register(A);
  copy.reply(0, { ...beside, keeps: false });
  const [shared] = copy.events.filter(({ kind }) => kind === 'identityShared');
  assert.ok(shared?.kind === 'identityShared' && shared.other?.port === 6_902);

  const original = withFeatures(new Theatre(), TODAY).start();
  original.register(A);
  const shares = (): number => original.trackers[0].heard.filter(({ kind }) => kind === 'share').length;
  assert.equal(shares(), 1);
  original.reply(0, { ...beside, keeps: true });
  assert.equal(shares(), 2);
  assert.ok(original.eventKinds().includes('identityCopied'));
  assert.ok(!original.eventKinds().includes('identityShared'));
});

test('FC-13: a client that listens elsewhere says so on a new connection, and tells all again', () => {
  const theatre = withFeatures(new Theatre(), TODAY).start();
  theatre.register(A);
  theatre.tell({ kind: 'move', upload: { host: '10.0.9.10', port: 6_005 } });
  const { heard } = theatre.trackers[0];
  const ports = heard.flatMap((request) => (request.kind === 'hello' ? [request.uploadPort] : []));
  assert.deepEqual(ports, [6_000, 6_005]);
  assert.equal(heard.filter(({ kind }) => kind === 'share').length, 2);
});

test('what a .mtorrent says beside, and whether it is listed, is told to a tracker that takes it, and to no other', () => {
  const details = { info: '5'.repeat(64) as InfoDigest, listBytes: 7, files: 3 };
  const sharing = { kind: 'register', swarm: A, name: 'a', size: 1, pieceCount: 1, have: 1 } as const;
  const saidOf = (features: Uint8Array | undefined, more: object) => {
    const theatre = withFeatures(new Theatre(), features).start();
    theatre.tell({ ...sharing, ...more });
    const share = theatre.trackers[0].heard.find(({ kind }) => kind === 'share');
    assert.ok(share?.kind === 'share');
    return share.details;
  };
  const bytes = new Uint8Array(32).fill(0x55);
  const said = { info: bytes, listBytes: 7, files: 3 };
  assert.deepEqual(saidOf(TODAY, { details, isListed: true }), { ...said, isListed: true });
  assert.deepEqual(saidOf(TODAY, { details }), { ...said, isListed: false });
  assert.equal(saidOf(TODAY, { isListed: true }), undefined, 'a share of an earlier release');
  assert.equal(saidOf(undefined, { details, isListed: true }), undefined);
  assert.equal(saidOf(encodeFeatures([1, 2, 3]), { details, isListed: true }), undefined);
});
