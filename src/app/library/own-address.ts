// Finds the address at which other machines reach this one: the source address of the kernel's route to a tracker, or
// else the first that is not the loopback. Sends nothing.

import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { deferred, within } from '../../foundation/base/deferred.js';
import type { Address } from '../../foundation/torrent/address.js';
import { OWN_ADDRESS_DEADLINE_MS } from './limits.js';

const LOOPBACK = '127.0.0.1';

/** A numeric host. @param trackers those that should reach us; none when they are yet to be started here. */
export async function ownHost(trackers: readonly Address[]): Promise<string> {
  for (const tracker of trackers) {
    const host = await hostTowards(tracker);
    if (host !== undefined) return host;
  }
  return firstHost();
}

/** The loopback when this machine has no other address. */
function firstHost(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? LOOPBACK;
}

/** Undefined when there is no route. Connecting a datagram socket sends nothing; it chooses the route. */
async function hostTowards({ host, port }: Address): Promise<string | undefined> {
  const socket = dgram.createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const found = deferred<string | undefined>();
  socket.on('error', () => found.resolve(undefined));
  try {
    socket.connect(port, host, () => found.resolve(socket.address().address));
    return await within(found.promise, OWN_ADDRESS_DEADLINE_MS, () => undefined);
  } finally {
    socket.close();
  }
}
