// Finds the address at which other machines reach this one: the source of the kernel's route to a tracker, or what
// `address-choice.ts` chooses. Sends nothing.

import { deferred } from '../../foundation/base/deferred.js';
import { interfaceAddresses } from '../../foundation/base/interfaces.js';
import type { Address } from '../../foundation/torrent/address.js';
import { hostTowards } from '../../foundation/wire/route.js';
import { chooseHost } from './address-choice.js';
import { OWN_ADDRESS_LOOK_MS } from './limits.js';

const LOOPBACK = '127.0.0.1';
/** All addresses of this machine, of both families. */
const EVERY_ADDRESS = '0.0.0.0';
/** Addresses of documentation (RFC 5737, RFC 3849): they belong to nobody, so only a default route leads there. */
const ELSEWHERE = ['192.0.2.1', '2001:db8::1'];

/**
 * A numeric host to listen on. While no route leads to the trackers yet it is the wildcard, and they will list the
 * client under the address of its connection.
 * @param trackers those that should reach us; none when they are yet to be started here.
 */
export async function ownHost(trackers: readonly Address[]): Promise<string> {
  for (const tracker of trackers) {
    const host = await hostTowards(tracker.host);
    if (host !== undefined) return host;
  }
  return trackers.length > 0 ? EVERY_ADDRESS : ((await hostForOthers()) ?? LOOPBACK);
}

/** At which other machines reach this one; undefined while it has nothing but the loopback. */
export async function hostForOthers(): Promise<string | undefined> {
  const routes = await Promise.all(ELSEWHERE.map((host) => hostTowards(host)));
  return chooseHost(
    routes.filter((host) => host !== undefined),
    interfaceAddresses() ?? [],
  );
}

/** Watches for an address at which other machines reach this one, for who found nothing but the loopback. */
export interface AddressWatch {
  /** The first one; never settles after `stop`. */
  readonly found: Promise<string>;
  stop(): void;
}

/** It alone keeps no process alive. */
export function watchForAddress(): AddressWatch {
  const found = deferred<string>();
  const timer = setInterval(() => {
    void hostForOthers().then((host) => {
      if (host === undefined) return;
      clearInterval(timer);
      found.resolve(host);
    });
  }, OWN_ADDRESS_LOOK_MS);
  timer.unref();
  return { found: found.promise, stop: () => clearInterval(timer) };
}
