// The right to be the first that listens on a port which the threads of this process are to share. Sharing (SO_REUSEPORT) would let
// another client of this user in as well; who claims first looks whether the port is free to one alone, and the kernel decides what
// conflicts. Invariant: between that look and the first listen no other claim of this machine succeeds for the same port.

import { pause } from '../base/deferred.js';
import { PORT_CLAIM_DEADLINE_MS, PORT_CLAIM_LOOK_MS, PORT_CLAIM_TRIES_MAX } from '../base/limits.js';
import { holdName, isHeld, lockName, type NameLock } from './abstract-lock.js';
import { closedServer } from './transport.js';

export interface PortClaim {
  /** The one that was asked for, or a free one. */
  readonly port: number;
  /** Once somebody listens there, or nobody will: from now on the kernel alone keeps others away. */
  release(): Promise<void>;
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
  const server = closedServer();
  const bound = await server.listen({ host, port });
  return { port: bound, close: () => server.close() };
}
