// Who may be the first on a port that threads share: one at a time, and nobody while somebody listens there, in
// whatever way. What needs listening in common is skipped where the runtime cannot do it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { errnoOf } from '../../../src/foundation/base/errors.js';
import { sharesPorts } from '../../../src/foundation/base/this-machine.js';
import { claimPort } from '../../../src/foundation/wire/port-claim.js';
import { lacksPlace } from '../../support/needs.js';

const MAY_SHARE = sharesPorts(process.platform, process.versions.node);

/** Claims are locks of the Linux kernel. */
function onLinux(t: TestContext): boolean {
  if (process.platform === 'linux') return true;
  lacksPlace(t, 'a port is claimed by a lock of the Linux kernel');
  return false;
}

async function listen(t: TestContext, host: string, port: number, reusePort: boolean): Promise<net.Server> {
  const server = net.createServer((socket) => socket.destroy());
  server.listen({ host, port, reusePort });
  await once(server, 'listening');
  t.after(() => server.close());
  return server;
}

const isInUse = (error: unknown): boolean => errnoOf(error) === 'EADDRINUSE';

test('only a runtime that passes SO_REUSEPORT on shares ports, and only on Linux', () => {
  const shares = ['20.20.2', '22.11.0', '22.12.0', '23.0.0', '23.1.0', '24.0.0'].map((node) =>
    sharesPorts('linux', node),
  );
  assert.deepEqual(shares, [false, false, true, false, true, true]);
  assert.equal(sharesPorts('darwin', '24.0.0'), false);
});

test('of two that claim one port at once the second waits, and is refused once the first one listens', async (t) => {
  if (!onLinux(t)) return;
  for (const shared of MAY_SHARE ? [false, true] : [false]) {
    const { port, release } = await claimPort('127.0.0.1', 0);
    let isSettled = false;
    const second = claimPort('127.0.0.1', port).finally(() => {
      isSettled = true;
    });
    const refused = assert.rejects(second, isInUse);
    await listen(t, '127.0.0.1', port, shared);
    assert.equal(isSettled, false, 'it waits while the first one has the claim');
    await release();
    await refused;
  }
});

test('a claim that nobody used lets the next one in', async (t) => {
  if (!onLinux(t)) return;
  const first = await claimPort('127.0.0.1', 0);
  await first.release();
  const second = await claimPort('127.0.0.1', first.port);
  assert.equal(second.port, first.port);
  await second.release();
});

test('a port that another program has is refused, whether or not it shares it, as is the wildcard beside one address', async (t) => {
  if (!onLinux(t)) return;
  for (const shared of MAY_SHARE ? [false, true] : [false]) {
    for (const [theirs, ours] of [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '0.0.0.0'],
      ['0.0.0.0', '127.0.0.1'],
      ['::', '127.0.0.1'],
    ] as const) {
      const server = await listen(t, theirs, 0, shared);
      const { port } = server.address() as net.AddressInfo;
      await assert.rejects(claimPort(ours, port), isInUse, `${theirs}, then ${ours}`);
    }
  }
});

test('one port of two addresses is claimed by two', async (t) => {
  if (!onLinux(t)) return;
  const first = await claimPort('127.0.0.1', 0);
  await listen(t, '127.0.0.1', first.port, MAY_SHARE);
  await first.release();
  const second = await claimPort('127.0.0.2', first.port);
  await second.release();
});

test('free ports that are claimed at the same time are different ones', async (t) => {
  if (!onLinux(t)) return;
  const claims = await Promise.all(Array.from({ length: 20 }, () => claimPort('127.0.0.1', 0)));
  assert.equal(new Set(claims.map(({ port }) => port)).size, claims.length);
  await Promise.all(claims.map((claim) => claim.release()));
});
