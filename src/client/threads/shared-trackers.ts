// More than two trackers share a database, and each of them lists what one of them was told. Whatever pair of them a
// .mtorrent names, one announcer speaks for it: a file that two pairs name is withdrawn when neither names it. Pure.

import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { isPartOf, type NamedPair, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { AnnounceCommand, PairEvent } from '../../tracking/announce/messages.js';
import { pairKey } from '../files/names.js';

export class SharedTrackers {
  readonly #own: TrackerList;
  readonly #onEvent: (pair: string, event: PairEvent) => void;
  /** Pairs for which a file is announced. */
  readonly #announced = new Map<SwarmKey, Set<string>>();
  /** Pairs that wait for the answer to `leave`. */
  readonly #leaving = new Set<string>();
  #hasLeft = false;

  /** @param own a pair stands alone: then nothing is shared. */
  constructor(own: TrackerList, onEvent: (pair: string, event: PairEvent) => void) {
    this.#own = own;
    this.#onEvent = onEvent;
  }

  has(pair: NamedPair): boolean {
    return isPartOf(pair, this.#own);
  }

  /** @param announce the one announcer of these trackers. */
  tell(pair: NamedPair, command: AnnounceCommand, announce: { tell(command: AnnounceCommand): void }): void {
    const key = pairKey(pair);
    switch (command.kind) {
      case 'register':
        this.#announced.set(command.swarm, (this.#announced.get(command.swarm) ?? new Set()).add(key));
        break;
      case 'withdraw':
        if (!this.#isLast(command.swarm, key)) {
          this.#onEvent(key, { kind: 'withdrawn', swarm: command.swarm });
          return;
        }
        break;
      case 'leave':
        if (this.#hasLeft) {
          this.#onEvent(key, { kind: 'left' });
          return;
        }
        this.#leaving.add(key);
        break;
      default:
        break;
    }
    announce.tell(command);
  }

  /** The announcer has left for all of them. */
  left(): void {
    this.#hasLeft = true;
    for (const pair of this.#leaving) this.#onEvent(pair, { kind: 'left' });
    this.#leaving.clear();
  }

  #isLast(swarm: SwarmKey, pair: string): boolean {
    const pairs = this.#announced.get(swarm);
    pairs?.delete(pair);
    if (pairs !== undefined && pairs.size > 0) return false;
    this.#announced.delete(swarm);
    return true;
  }
}
