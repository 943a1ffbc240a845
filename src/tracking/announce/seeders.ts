// Filters a tracker's list of seeders: addresses that can be dialed, each once, never our own. The tracker may be wrong
// or hostile. Pure.

import { type Address, canonicalHost } from '../../foundation/torrent/address.js';
import type { Seeder } from './messages.js';

export function usableSeeders(listed: readonly (readonly [string, number, number])[], own: Address): readonly Seeder[] {
  const seeders = new Map<string, Seeder>();
  for (const [text, port, have] of listed) {
    const host = canonicalHost(text);
    if (port === 0 || host === undefined || !isDialable(host) || (host === own.host && port === own.port)) continue;
    const key = `${host} ${port}`;
    if (!seeders.has(key)) seeders.set(key, { host, port, have });
  }
  return [...seeders.values()];
}

/** Numeric, and of one machine: not the wildcard, not multicast, not broadcast. */
function isDialable(host: string): boolean {
  if (host.includes(':')) return !/^(?:::$|ff)/.test(host);
  return !/^(?:0|22[4-9]|23\d|24\d|25[0-5])\./.test(host);
}
