// Filters a tracker's list of seeders: addresses that can be dialed, each once, never our own. The tracker may be wrong
// or hostile. Pure.

import { type Address, canonicalHost, isDialable, sameAddress } from '../../foundation/torrent/address.js';
import type { Seeder } from './messages.js';

export function usableSeeders(listed: readonly Seeder[], own: readonly Address[]): readonly Seeder[] {
  const seeders = new Map<string, Seeder>();
  for (const { host: text, port, have } of listed) {
    const host = canonicalHost(text);
    if (port === 0 || host === undefined || !isDialable(host) || own.some((each) => sameAddress(each, { host, port })))
      continue;
    const key = `${host} ${port}`;
    if (!seeders.has(key)) seeders.set(key, { host, port, have });
  }
  return [...seeders.values()];
}
