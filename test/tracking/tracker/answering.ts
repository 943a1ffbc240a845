// A tracker that answers what a test has written down, over a real connection.

import assert from 'node:assert/strict';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import {
  OWN_FEATURES,
  TRACKER_MAGIC,
  type TrackerReply,
  trackerReplies,
} from '../../../src/tracking/tracker/messages.js';

/** Says hello with these features, then one answer to each question, and nothing after the last. */
export async function answering(
  t: TestContext,
  answers: readonly TrackerReply[],
  features: Uint8Array | null = encodeFeatures(OWN_FEATURES),
): Promise<Address> {
  const server = net.createServer((socket) => {
    const names = { trackerId: new Uint8Array(16), partner: '', highestEpoch: 0, leaseMs: 90_000, renewMs: 30_000 };
    const told = features === null ? {} : { features };
    const all: TrackerReply[] = [{ kind: 'helloReply', ...names, ready: true, ...told }, ...answers];
    socket.on('error', () => socket.destroy());
    socket.write(TRACKER_MAGIC);
    let heard = Buffer.alloc(0);
    let at = TRACKER_MAGIC.length;
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      // A question is a length and its frame.
      while (heard.length >= at + 4 && heard.length >= at + 4 + heard.readUInt32BE(at)) {
        at += 4 + heard.readUInt32BE(at);
        const next = all.shift();
        if (next === undefined) socket.destroy();
        else socket.write(trackerReplies.framed(next));
      }
    });
  });
  const listening = deferred<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  t.after(() => server.close());
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return { host: '127.0.0.1', port: bound.port };
}
