// The right to be the first that listens on a port which the threads of this process are to share. Sharing (SO_REUSEPORT) would let
// another client of this user in as well; who claims first looks whether the port is free to one alone, and the kernel decides what
// conflicts. Invariant: between that look and the first listen no other claim of this machine succeeds for the same port.

import net from 'node:net';
import { holdName, isHeld, lockName, type NameLock } from './abstract-lock.js';
import { deferred, pause } from './deferred.js';
import { PORT_CLAIM_DEADLINE_MS, PORT_CLAIM_LOOK_MS, PORT_CLAIM_TRIES_MAX } from './limits.js';

export interface PortClaim {
  /** The one that was asked for, or a free one. */
  readonly port: number;
  /** Once somebody listens there, or nobody will: from now on the kernel alone keeps others away. */
  release(): Promise<void>;
}

/** Node passes SO_REUSEPORT on since 22.12 and 23.1; only Linux spreads the connections. */
export function sharesPorts(platform: string, nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return platform === 'linux' && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}

/** Rejects as listening there would: with EADDRINUSE when another program, or another client, has the port. */
export async function claimPort(host: string, port: number): Promise<PortClaim> {
  return port === 0 ? claimFree(host) : claimNamed(host, port);
}

async function claimNamed(host: string, port: number): Promise<PortClaim> {
  const lock = await holdWhenFree(nameOf(port));
  try {
    await (await listenAlone(host, port)).close();
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { port, release: () => lock.release() };
}

async function claimFree(host: string): Promise<PortClaim> {
  for (let tries = 1; ; tries += 1) {
    const alone = await listenAlone(host, 0);
    try {
      // While this one listens there alone, a claim that looks now fails; one that has looked before is in our way.
      const lock = await holdName(nameOf(alone.port), '');
      return { port: alone.port, release: () => lock.release() };
    } catch (error) {
      if (!isHeld(error) || tries >= PORT_CLAIM_TRIES_MAX) throw error;
    } finally {
      await alone.close();
    }
  }
}

function nameOf(port: number): string {
  return lockName('mtorrent-port', `${port}`);
}

/** Whoever holds it is about to listen: a moment's wait. EADDRINUSE when it takes longer. */
async function holdWhenFree(name: string): Promise<NameLock> {
  const endMs = performance.now() + PORT_CLAIM_DEADLINE_MS;
  for (;;) {
    try {
      return await holdName(name, '');
    } catch (error) {
      if (!isHeld(error) || performance.now() >= endMs) throw error;
    }
    await pause(PORT_CLAIM_LOOK_MS);
  }
}

async function listenAlone(host: string, port: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = net.createServer((socket) => socket.destroy());
  const listening = deferred<void>();
  server.once('error', listening.reject);
  server.listen({ host, port, exclusive: true }, listening.resolve);
  await listening.promise;
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      const closed = deferred<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
