// Watches whether this machine still has the address that the client listens on, and whether trackers are reached from
// there. One that nobody named is found again, and the client moves there; a named one is reported as gone, and comes
// back by itself.

import { errnoOf } from '../../foundation/base/errors.js';
import { isLoopback, isWildcard } from '../../foundation/base/hosts.js';
import { hostsHere } from '../../foundation/base/interfaces.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { addressBack, addressGone, addressMoved, addressRerouted, addressSeen } from '../doctor/reach.js';
import { ADDRESS_LOOK_MS } from '../limits.js';
import { AddressChange } from './address-change.js';
import type { Trackers } from './trackers.js';

export interface OwnAddressOptions {
  readonly upload: () => Address;
  /** Finds the host of a client whose address nobody named; undefined: it was named. */
  readonly find: (() => Promise<string>) | undefined;
  /** Listens there, dials peers from there, and answers the address. Rejects when it cannot. */
  readonly move: (host: string) => Promise<Address>;
  readonly trackers: Pick<Trackers, 'areAway' | 'missedAt' | 'move'>;
  readonly tell: (level: 'good' | 'bad', sentence: string) => void;
  readonly onFatal: (error: unknown) => void;
}

export class OwnAddress {
  readonly #options: OwnAddressOptions;
  readonly #change = new AddressChange();
  #timer: Timer | undefined;
  #isLooking = false;
  #isStopped = false;

  constructor(options: OwnAddressOptions) {
    this.#options = options;
  }

  /** Looks now, and again from time to time. */
  start(): void {
    this.#timer?.cancel();
    if (this.#isStopped) return;
    this.#timer = systemTimers.at(systemTimers.nowMs() + ADDRESS_LOOK_MS, () => this.start());
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#look()
      .catch((error: unknown) => this.#options.onFatal(error))
      .finally(() => {
        this.#isLooking = false;
      });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { upload, find, trackers, tell } = this.#options;
    const here = hostsHere();
    // A sandbox may not ask.
    if (here === undefined) return;
    const { host } = upload();
    const news = this.#change.look(host, here);
    if (news === 'back') {
      tell('good', addressBack(host));
      // Whoever was not reached is tried now.
      trackers.move(upload());
    }
    const isGone = news === 'gone' || news === 'stillGone';
    // A default route that moved into a tunnel drops what comes from an address that is still there.
    const isUseless = isGone || (!isWildcard(host) && trackers.areAway);
    const missed = this.#missedHere(host, here);
    const wanted = isUseless ? await find?.() : missed;
    // The wildcard means that no route leads to the trackers: the next look may find the address that is to come.
    const isFound = wanted !== undefined && wanted !== host && !isLoopback(wanted) && !isWildcard(wanted);
    const say = isGone ? addressMoved : isUseless ? addressRerouted : addressSeen;
    if (isFound) await this.#move(host, wanted, say);
    else if (news === 'gone') tell('bad', addressGone(host, find !== undefined));
  }

  /**
   * Another address of this machine, at which a tracker sees the client and nobody answers: it was reached by the other
   * family, or by another way than that of the route. Undefined for one that was named.
   */
  #missedHere(host: string, here: readonly string[]): string | undefined {
    const { find, trackers } = this.#options;
    const { missedAt } = trackers;
    const isOther = missedAt !== undefined && missedAt !== host && !isWildcard(host) && here.includes(missedAt);
    return find !== undefined && isOther ? missedAt : undefined;
  }

  async #move(from: string, to: string, say: (from: string, now: string) => string): Promise<void> {
    const { move, trackers, tell } = this.#options;
    try {
      const now = await move(to);
      trackers.move(now);
      this.#change.moved();
      tell('good', say(from, formatAddress(now)));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // It may be gone again, or taken; the next look tries once more.
      tell('bad', `this client cannot listen at ${to} (${errno}); it tries again`);
    }
  }
}
