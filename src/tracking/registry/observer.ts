// What replication learns of a registry as it changes. The registry calls its observer while it writes a record, so an
// observer never reads other records then. Pure.

import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { Entry, Positioned } from './records.js';

export interface RegistryObserver {
  /** The record's position is higher than all before. @param former its position until now, 0: none. */
  changed(record: Positioned, former: number): void;
  /** The change at `position` changed an entry of this file. */
  swarmChanged(swarm: SwarmKey, position: number): void;
  /** The entry is listed, listed otherwise, or no longer listed. */
  listed(entry: Entry): void;
  /** While the store is loaded: a record with a position, in any order. */
  restored(record: Positioned): void;
  /** A record with a position. */
  forgotten(record: Positioned): void;
}

/** For a registry that nobody replicates. */
export const NO_OBSERVER: RegistryObserver = {
  changed: () => undefined,
  swarmChanged: () => undefined,
  listed: () => undefined,
  restored: () => undefined,
  forgotten: () => undefined,
};
