// Waits for an address that was named and that this machine does not have yet, as before its network is up.

import { pause } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { isHostHere } from '../../foundation/wire/transport.js';
import { ADDRESS_WAIT_LOOK_MAX_MS, ADDRESS_WAIT_LOOK_MIN_MS } from './limits.js';
import { numericHost } from './own-address.js';

export interface AddressWaitOptions {
  /** Milliseconds; infinity: for ever. 0 does not look. */
  readonly waitMs: number;
  /** Told what is waited for, and that it came. */
  readonly say: (sentence: string) => void;
}

/**
 * Settles when the address is there, or when the time is over: then whoever listens there finds out.
 * @param host as its owner wrote it.
 */
export async function waitForAddress(host: string, { waitMs, say }: AddressWaitOptions): Promise<void> {
  const sinceMs = performance.now();
  let isWaiting = false;
  for (let pauseMs = ADDRESS_WAIT_LOOK_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, ADDRESS_WAIT_LOOK_MAX_MS)) {
    const leftMs = waitMs - (performance.now() - sinceMs);
    if (leftMs <= 0) return;
    if (await isThere(host)) break;
    if (!isWaiting) say(`${host} is not an address of this machine yet; waiting for it`);
    isWaiting = true;
    await pause(Math.min(pauseMs, leftMs));
  }
  if (isWaiting) say(`this machine has the address ${host} now`);
}

async function isThere(host: string): Promise<boolean> {
  try {
    return await isHostHere(await numericHost(host));
  } catch (error) {
    if (error instanceof MiniTorrentError) return false;
    // Whatever else is wrong with it, whoever listens there says so better.
    return true;
  }
}
