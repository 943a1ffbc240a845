// Waits for an address that was named and that this machine does not have yet, as before its network is up. Whether it
// has it is asked by listening there for a moment at a free port.

import { pause } from '../../foundation/base/deferred.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { closedServer } from '../../foundation/wire/transport.js';
import { ADDRESS_WAIT_LOOK_MAX_MS, ADDRESS_WAIT_LOOK_MIN_MS } from './limits.js';

export interface AddressWaitOptions {
  /** Milliseconds; infinity: for ever. 0 does not look. */
  readonly waitMs: number;
  /** Told what is waited for, and that it came. */
  readonly say: (sentence: string) => void;
}

/** Settles when the address is there, or when the time is over: then whoever listens there finds out. */
export async function waitForAddress(host: string, { waitMs, say }: AddressWaitOptions): Promise<void> {
  const sinceMs = performance.now();
  let isWaiting = false;
  for (let pauseMs = ADDRESS_WAIT_LOOK_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, ADDRESS_WAIT_LOOK_MAX_MS)) {
    const leftMs = waitMs - (performance.now() - sinceMs);
    if (leftMs <= 0) return;
    if (await isHere(host)) break;
    if (!isWaiting) say(`${host} is not an address of this machine yet; waiting for it`);
    isWaiting = true;
    await pause(Math.min(pauseMs, leftMs));
  }
  if (isWaiting) say(`this machine has the address ${host} now`);
}

async function isHere(host: string): Promise<boolean> {
  const server = closedServer();
  try {
    await server.listen({ host, port: 0 });
  } catch (error) {
    // An IPv6 address that is still being checked for duplicates answers EADDRNOTAVAIL as well.
    return errnoOf(error) !== 'EADDRNOTAVAIL';
  }
  await server.close();
  return true;
}
