// Which addresses of a swarm to dial, and when again after a failure. Keeps at most PEERS_KNOWN_MAX addresses, and a
// banned one for the life of the download. Addresses come checked. Pure.

import { type Address, formatAddress } from '../../../foundation/torrent/address.js';
import { PEERS_KNOWN_MAX, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../limits.js';

type Standing =
  | { readonly at: 'waiting'; readonly untilMs: number }
  | { readonly at: 'dialed' }
  | { readonly at: 'banned' };

interface Entry {
  readonly address: Address;
  standing: Standing;
  failures: number;
  /** Of the last connection; undefined when it was of use. */
  trouble: Trouble | undefined;
  isTold: boolean;
}

/**
 * refuses: nobody listens there; noRoute: the way there is closed; noAnswer: nothing comes back at all; noBytes: it
 * says hello, and no payload comes.
 */
export type Trouble = 'refuses' | 'noRoute' | 'noAnswer' | 'noBytes';

export interface SilentAddress extends Address {
  readonly trouble: Trouble;
}

export class AddressBook {
  /** Never dialed first, then the longest ago. */
  readonly #entries = new Map<string, Entry>();
  /** Addresses that dialed us and were not dialed yet: they are dialed before all others. */
  readonly #incoming = new Set<string>();
  /** When the next waiting address may be dialed, infinite when none waits. Too early unless #isNextKnown. */
  #nextMs = Number.POSITIVE_INFINITY;
  #isNextKnown = true;

  get size(): number {
    return this.#entries.size;
  }

  /**
   * A known peer that is found again is dialed soon, unless it is banned or was silent: being listed does not make it
   * answer. True: it was not known.
   */
  add(address: Address, nowMs: number, incoming = false): boolean {
    const key = formatAddress(address);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      const isSilent = known.trouble !== undefined && known.trouble !== 'refuses';
      if (known.standing.at === 'waiting' && (incoming || !isSilent))
        this.#wait(known, Math.min(known.standing.untilMs, nowMs + REDIAL_MIN_MS));
      return false;
    }
    if (this.#entries.size >= PEERS_KNOWN_MAX && !this.#dropWorst()) return false;
    const entry: Entry = {
      address,
      standing: { at: 'waiting', untilMs: nowMs },
      failures: 0,
      trouble: undefined,
      isTold: false,
    };
    this.#entries.set(key, entry);
    this.#wait(entry, nowMs);
    if (incoming) this.#incoming.add(key);
    return true;
  }

  /** The next address whose time has come; it counts as dialed from now on. */
  takeDialable(nowMs: number): Address | undefined {
    if (this.#nextMs > nowMs) return undefined;
    for (const key of this.#incoming) {
      this.#incoming.delete(key);
      const address = this.#take(key, this.#entries.get(key), nowMs);
      if (address !== undefined) return address;
    }
    for (const [key, entry] of this.#entries) {
      const address = this.#take(key, entry, nowMs);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  #take(key: string, entry: Entry | undefined, nowMs: number): Address | undefined {
    if (entry?.standing.at !== 'waiting' || entry.standing.untilMs > nowMs) return undefined;
    entry.standing = { at: 'dialed' };
    this.#isNextKnown = false;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.address;
  }

  hasDialable(nowMs: number): boolean {
    return this.#nextMs <= nowMs && this.#dueMs() <= nowMs;
  }

  /** The connection has ended, or was never made. The address waits longer each time that it brought nothing. */
  hungUp(address: Address, wasUseful: boolean, nowMs: number, trouble?: Trouble): void {
    const entry = this.#entries.get(formatAddress(address));
    if (entry === undefined || entry.standing.at === 'banned') return;
    entry.failures = wasUseful ? 0 : entry.failures + 1;
    entry.trouble = wasUseful ? undefined : trouble;
    const delayMs = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.max(0, entry.failures - 1));
    this.#isNextKnown = false;
    this.#wait(entry, nowMs + delayMs);
  }

  /** Addresses that were dialed at least twice in vain, those that failed most often first. */
  silent(countMax: number): readonly SilentAddress[] {
    return [...this.#entries.values()]
      .filter(({ trouble, failures, standing }) => trouble !== undefined && failures > 1 && standing.at !== 'banned')
      .sort((a, b) => b.failures - a.failures)
      .slice(0, countMax)
      .map(({ address, trouble = 'noAnswer' }) => ({ ...address, trouble }));
  }

  /** Whether this address is silent, and nobody was told of it before; it counts as told from now on. */
  takeSilent(address: Address): SilentAddress | undefined {
    const entry = this.#entries.get(formatAddress(address));
    if (entry?.trouble === undefined || entry.failures < 2 || entry.isTold) return undefined;
    entry.isTold = true;
    return { ...address, trouble: entry.trouble };
  }

  ban(address: Address): void {
    const entry = this.#entries.get(formatAddress(address));
    if (entry === undefined) return;
    entry.standing = { at: 'banned' };
    this.#isNextKnown = false;
  }

  /** When the next waiting address may be dialed; undefined when none waits. */
  nextDialMs(): number | undefined {
    const dueMs = this.#dueMs();
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs;
  }

  /** Asked after every event, so the answer is kept. */
  #dueMs(): number {
    if (!this.#isNextKnown) {
      this.#isNextKnown = true;
      this.#nextMs = Number.POSITIVE_INFINITY;
      for (const { standing } of this.#entries.values()) {
        if (standing.at === 'waiting') this.#nextMs = Math.min(this.#nextMs, standing.untilMs);
      }
    }
    return this.#nextMs;
  }

  #wait(entry: Entry, untilMs: number): void {
    entry.standing = { at: 'waiting', untilMs };
    this.#nextMs = Math.min(this.#nextMs, untilMs);
  }

  /** Makes room by forgetting the waiting address that failed most often. False: all are in use or banned. */
  #dropWorst(): boolean {
    let worst: [string, Entry] | undefined;
    for (const pair of this.#entries) {
      if (pair[1].standing.at !== 'waiting' || pair[1].failures === 0) continue;
      if (worst === undefined || pair[1].failures > worst[1].failures) worst = pair;
    }
    this.#isNextKnown = false;
    return worst !== undefined && this.#entries.delete(worst[0]);
  }
}
