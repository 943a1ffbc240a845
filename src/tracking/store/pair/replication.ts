// What the pair keeps of a registry for its partner: the order of changes, and a digest of each bucket. Follows the
// registry as its observer. Pure.

import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { RegistryObserver } from '../../registry/observer.js';
import type { Entry, Positioned } from '../../registry/records.js';
import { Digests } from './digests.js';
import { ChangeOrder } from './order.js';

export class ReplicationIndex implements RegistryObserver {
  readonly order = new ChangeOrder();
  readonly digests = new Digests();

  changed(record: Positioned, former: number): void {
    this.order.touch(record, former);
  }

  swarmChanged(swarm: SwarmKey, position: number): void {
    this.digests.changed(swarm, position);
  }

  listed(entry: Entry): void {
    this.digests.update(entry);
  }

  restored(record: Positioned): void {
    this.order.restore(record);
  }

  forgotten(): void {
    this.order.drop();
  }

  /** Everything was restored. @param position the highest that was ever given out. */
  loaded(position: number): void {
    this.order.sort();
    this.digests.changedAll(position);
  }
}
