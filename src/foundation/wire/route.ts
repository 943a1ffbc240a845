// Asks the kernel from which of this machine's addresses it would reach another one. Connecting a datagram socket
// chooses the route and sends nothing.

import dgram from 'node:dgram';
import { deferred, within } from '../base/deferred.js';
import { isWildcard } from '../base/hosts.js';
import { ROUTE_DEADLINE_MS } from './limits.js';

/** @param host numeric, as is the answer. Undefined when no route leads there. */
export async function hostTowards(host: string): Promise<string | undefined> {
  const found = deferred<string | undefined>();
  let socket: dgram.Socket | undefined;
  try {
    socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const asked = socket;
    asked.on('error', () => found.resolve(undefined));
    asked.connect(ANY_PORT, host, () => found.resolve(asked.address().address));
    const own = await within(found.promise, ROUTE_DEADLINE_MS, () => undefined);
    // A connection that failed leaves the socket at the wildcard.
    return own === undefined || isWildcard(own) || own.includes('%') ? undefined : own;
  } catch {
    // A machine without that family of addresses.
    return undefined;
  } finally {
    socket?.close();
  }
}

/** Routes do not depend on it. */
const ANY_PORT = 9;
