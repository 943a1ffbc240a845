// Which connection speaks for which client, and from where. Two that speak for one client id from two addresses are a
// client and its copy: the later one is turned away, and both are told. Never dials. Pure.

import type { ClientId } from '../../../foundation/torrent/ids.js';
import { BESIDE_TOLD_MS, COPY_GRACE_MS, DIAL_BACK_VERDICT_MS } from '../limits.js';
import type { TrackerReply } from '../messages.js';
import { remember } from './memory.js';

/** A connection that said hello for a client. */
export interface Presence {
  readonly connection: number;
  readonly client: ClientId;
  readonly host: string;
  readonly port: number;
  readonly greetedMs: number;
  /** It understands `beside`. */
  readonly isTold: boolean;
}

/** What to send to a connection that did not ask, and whether it ends. */
export interface Told {
  readonly connection: number;
  readonly message: TrackerReply | undefined;
  readonly hangsUp: boolean;
}

type Kind = 'sameIdentity' | 'sameAddress';

export class Presences {
  /** In the order of their hellos. */
  readonly #presences = new Map<ClientId, Presence[]>();
  readonly #turnedAway = new Map<string, number>();
  /** Connection and what it was told → until when it is not told again. */
  readonly #toldUntilMs = new Map<string, number>();
  #told: Told[] = [];

  greeted(presence: Presence): void {
    this.#presences.set(presence.client, [...(this.#presences.get(presence.client) ?? []), presence]);
  }

  gone({ client, connection }: Presence): void {
    const left = this.#presences.get(client)?.filter((presence) => presence.connection !== connection) ?? [];
    if (left.length > 0) this.#presences.set(client, left);
    else this.#presences.delete(client);
  }

  isConnected(client: ClientId): boolean {
    return this.#presences.has(client);
  }

  /** The first connection of the same client id, when it is another one, from another address. */
  earlier(presence: Presence): Presence | undefined {
    const [first] = this.#presences.get(presence.client) ?? [];
    return first === undefined || isSamePlace(first, presence) ? undefined : first;
  }

  /** A word came on this connection: whoever said hello for the same client later, from elsewhere, is a copy. */
  heard(presence: Presence, nowMs: number): void {
    const all = this.#presences.get(presence.client) ?? [];
    if (all.length < 2) return;
    // What was sent before its hello may be read after it.
    for (const later of all.slice(all.indexOf(presence) + 1))
      if (!isSamePlace(later, presence) && nowMs - later.greetedMs >= COPY_GRACE_MS)
        this.turnAway(later, presence, nowMs);
  }

  /** Both speak for one client id, each from its address. */
  turnAway(copy: Presence, original: Presence, nowMs: number): void {
    this.gone(copy);
    remember(this.#turnedAway, placeOf(copy), nowMs + DIAL_BACK_VERDICT_MS);
    const refusal = {
      kind: 'error',
      id: null,
      code: 'limit',
      sentence: `another client is connected with the identity of this one, as from a copied state directory; this one needs a state directory of its own`,
    } as const;
    const message = copy.isTold ? besideOf('sameIdentity', false, original) : refusal;
    this.#told.push({ connection: copy.connection, message, hangsUp: true });
    this.#tell(original, 'sameIdentity', copy, nowMs);
  }

  /** It was a copy a short while ago. */
  wasTurnedAway(presence: Presence, nowMs: number): boolean {
    return (this.#turnedAway.get(placeOf(presence)) ?? 0) > nowMs;
  }

  /** Another client, from `source`, named the address at which this one is listed, and was refused. */
  shareAddress(holder: ClientId, address: { readonly host: string; readonly port: number }, nowMs: number): void {
    for (const presence of this.#presences.get(holder) ?? [])
      if (presence.host === address.host && presence.port === address.port)
        this.#tell(presence, 'sameAddress', address, nowMs);
  }

  takeTold(): readonly Told[] {
    const told = this.#told;
    if (told.length > 0) this.#told = [];
    return told;
  }

  #tell(to: Presence, kind: Kind, other: { readonly host: string; readonly port: number }, nowMs: number): void {
    const key = `${to.connection} ${kind} ${other.host} ${other.port}`;
    if (!to.isTold || (this.#toldUntilMs.get(key) ?? 0) > nowMs) return;
    remember(this.#toldUntilMs, key, nowMs + BESIDE_TOLD_MS);
    this.#told.push({ connection: to.connection, message: besideOf(kind, true, other), hangsUp: false });
  }
}

function besideOf(
  what: Kind,
  keeps: boolean,
  { host, port }: { readonly host: string; readonly port: number },
): TrackerReply {
  return { kind: 'beside', what, keeps, host, port };
}

function isSamePlace(one: Presence, other: Presence): boolean {
  return one.host === other.host && one.port === other.port;
}

function placeOf({ client, host, port }: Presence): string {
  return `${client} ${host} ${port}`;
}
