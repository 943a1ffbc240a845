// The announcer against real trackers on loopback: from `register` to the file on the tracker's disk and to another
// client's list, over a tracker's death and return, and through everything a false tracker can say.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import net from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deferred, within } from '../../../src/foundation/base/deferred.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { clientId, type SwarmKey, swarmKey } from '../../../src/foundation/torrent/ids.js';
import { type Announce, startAnnounce } from '../../../src/tracking/announce/actor.js';
import type { AnnounceEvent } from '../../../src/tracking/announce/messages.js';
import { listSeeders } from '../../../src/tracking/store/sqlite/list.js';
import { Daemon } from '../../../src/tracking/tracker/daemon.js';
import { TRACKER_MAGIC, trackerRequests } from '../../../src/tracking/tracker/messages.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const DEADLINE_MS = 20_000;
/** Nobody listens on port 1. */
const NOBODY: Address = { host: '127.0.0.1', port: 1 };

/** Two parts' worth of digests. */
const DIGESTS = new Uint8Array(2_000 * 20).map((_, at) => at * 7);
const SWARM = swarmKey(createHash('sha1').update(DIGESTS).digest());

interface Client {
  readonly announce: Announce;
  readonly events: AnnounceEvent[];
  /** The first event of this kind from `from` on. */
  heard<K extends AnnounceEvent['kind']>(kind: K, from?: number): Promise<Extract<AnnounceEvent, { kind: K }>>;
}

function client(t: TestContext, number: number, trackers: readonly [Address, Address]): Client {
  const events: AnnounceEvent[] = [];
  let news = deferred<void>();
  const announce = startAnnounce({
    trackers,
    clientId: clientId(new Uint8Array(16).fill(number)),
    epoch: 1,
    upload: { host: '127.0.0.1', port: 6_000 + number },
    seed: number,
    log: silentLog,
    digestsOf: (swarm) => (swarm === SWARM ? DIGESTS : undefined),
    onEvent: (event) => {
      events.push(event);
      news.resolve();
      news = deferred();
    },
  });
  t.after(() => announce.stop());
  return {
    announce,
    events,
    async heard<K extends AnnounceEvent['kind']>(kind: K, from = 0) {
      for (;;) {
        const event = events.slice(from).find((candidate) => candidate.kind === kind);
        if (event !== undefined) return event as Extract<AnnounceEvent, { kind: K }>;
        await within(news.promise, DEADLINE_MS, () => assert.fail(`no ${kind} in time, but ${JSON.stringify(events)}`));
      }
    },
  };
}

interface Tracker {
  readonly address: Address;
  readonly list: string;
  stop(): Promise<void>;
}

async function tracker(t: TestContext, list: string, own: Address = { host: '127.0.0.1', port: 0 }): Promise<Tracker> {
  const timing = { leaseMs: 60_000, renewMs: 20_000 };
  const daemon = new Daemon({
    own,
    partner: NOBODY,
    seederListPath: list,
    log: silentLog,
    lostLogLines: () => 0,
    ...timing,
  });
  const address = await daemon.start();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= daemon.stop();
    return stopping;
  };
  t.after(stop);
  return { address, list, stop };
}

function register(of: Client, swarm: SwarmKey = SWARM, have = 2_000): void {
  const size = 2_000 * 524_288;
  of.announce.tell({ kind: 'register', swarm, name: 'a.bin', size, pieceCount: 2_000, have });
}

test('what one client shares another one finds, with its hash string kept by the tracker', async (t) => {
  const { address, list, stop } = await tracker(t, join(temporaryDirectory(t), 'list'));
  const [one, two] = [client(t, 1, [address, NOBODY]), client(t, 2, [address, NOBODY])];
  register(one);
  await one.heard('registered');
  register(two, SWARM, 0);
  await two.heard('registered');
  two.announce.tell({ kind: 'findSeeders', swarm: SWARM });
  const found = await two.heard('seedersFound');
  assert.deepEqual(found.seeders, [{ host: '127.0.0.1', port: 6_001, have: 2_000 }]);
  two.announce.tell({ kind: 'withdraw', swarm: SWARM });
  await two.heard('withdrawn');
  assert.match(await listSeeders(list, { json: false }), /a\.bin .*\n {2}127\.0\.0\.1:6001 {2}2000\/2000$/);
  one.announce.tell({ kind: 'leave' });
  await one.heard('left');
  await stop();
  assert.equal(await listSeeders(list, { json: false }), 'No file has a seeder.');
});

test('the second tracker takes over when the first ends, and the first is used again when it is back', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await tracker(t, join(directory, 'first'));
  const second = await tracker(t, join(directory, 'second'));
  const one = client(t, 1, [first.address, second.address]);
  register(one);
  await one.heard('registered');
  const before = one.events.length;
  await first.stop();
  const up = await one.heard('trackerUp', before);
  assert.deepEqual(up.tracker, second.address);
  const two = client(t, 2, [second.address, NOBODY]);
  // The second is up before it has written down what it is told.
  for (let found = 0; found === 0; ) {
    const from = two.events.length;
    two.announce.tell({ kind: 'findSeeders', swarm: SWARM });
    found = (await two.heard('seedersFound', from)).seeders.length;
  }
  const again = one.events.length;
  await tracker(t, join(directory, 'first'), first.address);
  assert.deepEqual((await one.heard('trackerUp', again)).tracker, first.address);
});

test('with no tracker at all a client is told so, and can leave', async (t) => {
  const one = client(t, 1, [NOBODY, NOBODY]);
  register(one);
  await one.heard('allTrackersDown');
  one.announce.tell({ kind: 'leave' });
  await one.heard('left');
});

/** Something that accepts connections and says `words` to each; what each said to it is in `heard`. */
async function falseTracker(t: TestContext, words: Uint8Array, heard: Buffer[]): Promise<Address> {
  const server = net.createServer((socket) => {
    const said: Buffer[] = [];
    socket.on('data', (bytes) => said.push(bytes));
    socket.on('close', () => heard.push(Buffer.concat(said)));
    socket.on('error', () => socket.destroy());
    socket.write(words);
  });
  const listening = deferred<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  t.after(() => server.close());
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return { host: '127.0.0.1', port: bound.port };
}

test('S6: a false tracker hears our magic and hello, nothing else, and is left for the other one, whatever it says', async (t) => {
  const real = await tracker(t, join(temporaryDirectory(t), 'list'));
  const heard: Buffer[] = [];
  const hostile: readonly Uint8Array[] = [
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    TRACKER_MAGIC.with(7, 2),
    Buffer.concat([TRACKER_MAGIC, Buffer.from([0xff, 0xff, 0xff, 0xff])]),
    Buffer.concat([TRACKER_MAGIC, Buffer.from([0, 0, 0, 0])]),
    Buffer.concat([TRACKER_MAGIC, Buffer.from([0, 0, 0, 2, 0xc1, 0xc1])]),
    Buffer.concat([TRACKER_MAGIC, Buffer.from([0, 0, 0, 3, 0x92, 0x03, 0x01])]),
  ];
  for (const [at, words] of hostile.entries()) {
    const one = client(t, 10 + at, [await falseTracker(t, words, heard), real.address]);
    register(one);
    await one.heard('registered');
    assert.deepEqual((await one.heard('trackerUp')).tracker, real.address);
    one.announce.stop();
  }
  for (const bytes of heard) {
    const frame = bytes.subarray(TRACKER_MAGIC.length + 4);
    if (bytes.length === 0) continue;
    assert.deepEqual(new Uint8Array(bytes.subarray(0, TRACKER_MAGIC.length)), TRACKER_MAGIC);
    assert.equal(bytes.readUInt32BE(TRACKER_MAGIC.length), frame.length, 'one frame');
    assert.equal(trackerRequests.decode(frame).kind, 'hello');
  }
  assert.ok(heard.some(({ length }) => length > 0));
});
