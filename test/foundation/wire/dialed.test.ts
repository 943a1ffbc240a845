// A connection that is dialed by a host name: its addresses in turn, and why there is none.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { DialedConnection } from '../../../src/foundation/wire/dialed.js';
import { protocol } from '../../../src/foundation/wire/protocol.js';
import { SocketServer } from '../../../src/foundation/wire/transport.js';

const NOTHING = protocol('test.nothing', {});

interface End {
  readonly resolved: readonly string[];
  readonly connected: boolean;
  readonly reason: string;
  readonly error: Error | undefined;
}

async function dialTo(host: string, port: number, ownHost?: string): Promise<End> {
  const end = deferred<End>();
  let resolved: readonly string[] = [];
  let connected = false;
  new DialedConnection<never, never>({
    address: { host, port },
    ...(ownHost === undefined ? {} : { ownHost }),
    magic: new Uint8Array(8),
    sent: NOTHING,
    heard: NOTHING,
    who: 'the other side',
    onResolved: (hosts) => {
      resolved = hosts;
    },
    onConnected: () => {
      connected = true;
    },
    onMessage: () => undefined,
    onClosed: (reason, error) => end.resolve({ resolved, connected, reason, error }),
  });
  return end.promise;
}

/** Hangs up on everybody. */
async function listenAt(t: TestContext, host: string): Promise<number> {
  const server = new SocketServer({ onSocket: (socket) => socket.resume().end() });
  t.after(() => server.close());
  return server.listen({ host, port: 0 });
}

test('every address of a name is tried until one answers, whichever family our own has', async (t) => {
  const port = await listenAt(t, '127.0.0.1');
  for (const ownHost of [undefined, '127.0.0.1', '::1', '0.0.0.0']) {
    const { resolved, connected, reason, error } = await dialTo('localhost', port, ownHost);
    assert.ok(resolved.includes('127.0.0.1'), resolved.join());
    assert.ok(connected, reason);
    assert.equal(reason, 'the other side closed the connection');
    assert.equal(error, undefined);
  }
});

test('a name that does not exist is named with what to do, and a name whose addresses refuse says so', async () => {
  const missing = await dialTo('no-such-name.invalid', 7001);
  assert.ok(missing.error instanceof MiniTorrentError && missing.error.code === 'NO_TRACKER');
  assert.match(missing.reason, /^the host name no-such-name\.invalid: .*check/);
  const refused = await dialTo('localhost', 1);
  assert.match(refused.reason, /ECONNREFUSED/);
});
