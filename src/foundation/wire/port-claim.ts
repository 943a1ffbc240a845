// The right to listen first on a port that the threads of this process will share. SO_REUSEPORT alone would admit
// another client of the same user, so the claimant first listens there alone. Invariant: no other claim for that port
// succeeds on this machine before the claim is released.

import { pause } from '../base/deferred.js';
import { PORT_CLAIM_DEADLINE_MS, PORT_CLAIM_LOOK_MS, PORT_CLAIM_TRIES_MAX } from '../base/limits.js';
import { holdName, isHeld, lockName, type NameLock } from './abstract-lock.js';
import { closedServer } from './transport.js';

export interface PortClaim {
  /** The port that was asked for, or a free one. */
  readonly port: number;
  /** Call it once a thread listens there, or none will. From then on only the kernel keeps others away. */
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
      // While this server listens alone, a claim that looks now fails. One that looked before holds the lock.
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

/** The holder is about to listen, so this waits for a moment. Rejects with EADDRINUSE when it takes longer. */
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
