// What a tracker's list of seeders is worth: addresses that can be dialed, each once, never our own. The tracker may be
// wrong or hostile; whatever else it lists is left out. Pure.

import { isIP } from 'node:net';
import type { Address } from '../torrent/address.js';
import { plainHost } from '../torrent/address.js';
import type { Seeder } from './messages.js';

export function usableSeeders(listed: readonly (readonly [string, number, number])[], own: Address): readonly Seeder[] {
  const seeders = new Map<string, Seeder>();
  for (const [text, port, have] of listed) {
    const host = plainHost(text.toLowerCase());
    if (port === 0 || !isDialable(host) || (host === own.host && port === own.port)) continue;
    const key = `${host} ${port}`;
    if (!seeders.has(key)) seeders.set(key, { host, port, have });
  }
  return [...seeders.values()];
}

/** Numeric, and of one machine: not the wildcard, not multicast, not broadcast. No zone, which would name our interface. */
function isDialable(host: string): boolean {
  const family = isIP(host);
  if (family === 4) return !/^(?:0|22[4-9]|23\d|24\d|25[0-5])\./.test(host);
  return family === 6 && !/^(?:::$|ff|.*%)/.test(host);
}
