// Which addresses of a swarm to dial, and when again after a failure. Keeps at most PEERS_KNOWN_MAX addresses; a banned one
// stays banned for the life of the download. Pure; addresses come checked.

import { PEERS_KNOWN_MAX, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../base/limits.js';
import { type Address, formatAddress } from '../torrent/address.js';

type Standing =
  | { readonly at: 'waiting'; readonly untilMs: number }
  | { readonly at: 'dialed' }
  | { readonly at: 'banned' };

interface Entry {
  readonly address: Address;
  standing: Standing;
  failures: number;
}

export class AddressBook {
  /** Those that were dialed least lately come first, those that never were before them. */
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /** A peer that speaks up again is dialed at once, unless it is banned. */
  add(address: Address, nowMs: number): void {
    const key = formatAddress(address);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (known.standing.at === 'waiting')
        known.standing = { at: 'waiting', untilMs: Math.min(known.standing.untilMs, nowMs + REDIAL_MIN_MS) };
      return;
    }
    if (this.#entries.size >= PEERS_KNOWN_MAX && !this.#dropWorst()) return;
    this.#entries.set(key, { address, standing: { at: 'waiting', untilMs: nowMs }, failures: 0 });
  }

  /** The next address whose time has come; it counts as dialed from now on. */
  takeDialable(nowMs: number): Address | undefined {
    for (const [key, entry] of this.#entries) {
      if (!isDue(entry, nowMs)) continue;
      entry.standing = { at: 'dialed' };
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.address;
    }
    return undefined;
  }

  hasDialable(nowMs: number): boolean {
    for (const entry of this.#entries.values()) if (isDue(entry, nowMs)) return true;
    return false;
  }

  /** The connection was good and has ended, or never came to be: it waits longer each time nothing was had from it. */
  hungUp(address: Address, wasUseful: boolean, nowMs: number): void {
    const entry = this.#entries.get(formatAddress(address));
    if (entry === undefined || entry.standing.at === 'banned') return;
    entry.failures = wasUseful ? 0 : entry.failures + 1;
    const delayMs = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.max(0, entry.failures - 1));
    entry.standing = { at: 'waiting', untilMs: nowMs + delayMs };
  }

  ban(address: Address): void {
    const entry = this.#entries.get(formatAddress(address));
    if (entry !== undefined) entry.standing = { at: 'banned' };
  }

  /** When the next waiting address may be dialed; undefined when none waits. */
  nextDialMs(): number | undefined {
    let next: number | undefined;
    for (const { standing } of this.#entries.values()) {
      if (standing.at === 'waiting' && (next === undefined || standing.untilMs < next)) next = standing.untilMs;
    }
    return next;
  }

  /** Makes room by forgetting the waiting address that failed most. False: all are in use or banned. */
  #dropWorst(): boolean {
    let worst: [string, Entry] | undefined;
    for (const pair of this.#entries) {
      if (pair[1].standing.at !== 'waiting' || pair[1].failures === 0) continue;
      if (worst === undefined || pair[1].failures > worst[1].failures) worst = pair;
    }
    return worst !== undefined && this.#entries.delete(worst[0]);
  }
}

function isDue({ standing }: Entry, nowMs: number): boolean {
  return standing.at === 'waiting' && standing.untilMs <= nowMs;
}
