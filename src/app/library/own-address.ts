// Finds the address at which other machines reach this one: the source of the kernel's route to a tracker, or what
// `address-choice.ts` chooses. Sends nothing.

import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../foundation/base/hosts.js';
import type { Address } from '../../foundation/torrent/address.js';
import { hostTowards } from '../../foundation/wire/route.js';
import { chooseHost, type InterfaceAddress } from './address-choice.js';

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
    interfaceAddresses(),
  );
}

/** Empty where this process may not ask for them; routes can be asked for all the same. */
export function interfaceAddresses(): readonly InterfaceAddress[] {
  try {
    return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).map(({ address, internal }) => ({ name, address, internal })),
    );
  } catch (error) {
    // A sandbox without AF_NETLINK, or a machine out of descriptors: the system's error, never one of ours.
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return [];
    throw error;
  }
}

/** What people must hear when nothing but the loopback was found; undefined for every other address. */
export function loopbackSentence(host: string): string | undefined {
  return isLoopback(host)
    ? `only the loopback (${host}) is there: this machine has no other address yet, so no other machine can reach it; once it has one, start this program again, or name its address with --address`
    : undefined;
}
