// Which client keeps an address that several clients claim: the one that answers there, found by a dial-back. Where
// nobody answers, a listed and connected client keeps it. Never dials or removes anything itself. Pure.

import { present } from '../../../foundation/base/assert.js';
import { equalBytes } from '../../../foundation/base/bytes.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { type ClientId, keyBytes, peerIdOf, type SwarmKey } from '../../../foundation/torrent/ids.js';
import { addressKey } from '../../registry/addresses.js';
import type { Client, ListedAddress } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import {
  CLAIM_PROMISED_MS,
  DIAL_BACK_PERIOD_MS,
  DIAL_BACK_VERDICT_MS,
  DIAL_BACK_VERDICTS_MAX,
  DIAL_BACKS_MAX,
  DIAL_BACKS_PER_PERIOD_MAX,
  DIAL_BACKS_PER_SOURCE_MAX,
} from '../limits.js';
import type { TrackerRequest } from '../messages.js';

/** What a dial-back says hello about. */
export interface Asked {
  readonly swarm: SwarmKey;
  readonly pieceCount: number;
}

/** A client that names an address and shares a file there. */
export interface Claim extends Asked {
  readonly client: ClientId;
  readonly host: string;
  readonly port: number;
}

export interface DialBack extends Asked {
  readonly number: number;
  readonly host: string;
  readonly port: number;
}

/** What anyone who is at the address said: a peer id, that it has no such file, or nothing that tells who it is. */
export type DialBackAnswer =
  | { readonly kind: 'hello'; readonly peerId: Uint8Array }
  | { readonly kind: 'unknownSwarm' }
  | { readonly kind: 'nothing' };

export type Verdict =
  | { readonly kind: 'free' }
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Until `answered` names this claim. */
  | { readonly kind: 'asking'; readonly claim: string };

/** rival: one that is listed there answered; stranger: somebody who is none of them; nobody: no peer did. */
type Found = 'reached' | 'rival' | 'stranger' | 'nobody';

interface Probe {
  readonly key: string;
  readonly claim: Claim;
  readonly source: string;
  /** Who is asked now about a file of its own. */
  readonly askedAs: ClientId;
  readonly asked: Asked;
}

export interface HeldRequest {
  readonly connection: number;
  readonly request: TrackerRequest;
}

const FREE: Verdict = { kind: 'free' };

export interface ClaimsSetting {
  readonly registry: Registry;
  readonly leaseMs: number;
  readonly renewMs: number;
}

export class Claims {
  readonly #setting: ClaimsSetting;
  /** Client → its connections here. */
  readonly #connected = new Map<ClientId, number>();
  readonly #probes = new Map<number, Probe>();
  /** Claims that are being looked into → what waits for them. */
  readonly #held = new Map<string, HeldRequest[]>();
  /** Address → who answered there. */
  readonly #holders = new Map<string, { readonly client: ClientId; readonly untilMs: number }>();
  /** Address and client → what was found instead of it. */
  readonly #missed = new Map<string, { readonly found: Found; readonly untilMs: number }>();
  /** Address → who was last told that it may be listed there. */
  readonly #promised = new Map<string, { readonly client: ClientId; readonly untilMs: number }>();
  readonly #sources = new Map<string, { readonly sinceMs: number; count: number }>();
  readonly #unsettled = new Map<ListedAddress, number>();
  #dials: DialBack[] = [];
  #unlisted = new Set<ClientId>();
  #lastNumber = 0;

  constructor(setting: ClaimsSetting) {
    this.#setting = setting;
  }

  /** Dial-backs since the start. */
  get dialCount(): number {
    return this.#lastNumber;
  }

  greeted(client: ClientId): void {
    this.#connected.set(client, (this.#connected.get(client) ?? 0) + 1);
  }

  gone(client: ClientId): void {
    const left = (this.#connected.get(client) ?? 1) - 1;
    if (left > 0) this.#connected.set(client, left);
    else this.#connected.delete(client);
  }

  /** Whether this client may be listed at that address. @param source the host that its words come from. */
  judge(claim: Claim, source: string, nowMs: number): Verdict {
    const { client, host, port } = claim;
    const address = addressKey(host, port);
    const rivals = this.#setting.registry.addresses.rivals(host, port, client);
    const isPromised = this.#isPromised(address, client, nowMs);
    if (rivals.length === 0 && !isPromised) return this.#free(address, client, nowMs);
    const key = claimKey(claim);
    const found = this.#found(claim, nowMs) ?? (this.#ask(claim, source, nowMs) ? 'asking' : 'unasked');
    if (found === 'asking') return { kind: 'asking', claim: key };
    if (found === 'reached') return this.#free(address, client, nowMs);
    const isIncumbent = this.#setting.registry.client(client)?.address?.key === address;
    const isOccupied = isPromised || rivals.some((rival) => this.#isAlive(rival, nowMs));
    if (found !== 'rival' && (isIncumbent || !isOccupied)) return this.#free(address, client, nowMs);
    this.#unlist(client);
    return { kind: 'refused', sentence: sentenceOf(claim, found) };
  }

  /**
   * Several clients are listed at one address: those that are connected here are looked for, and go if another one
   * answers.
   */
  crowded(place: ListedAddress, nowMs: number): void {
    const holder = this.#holderOf(place.key, nowMs);
    const isHolderHere = place.clients.some(({ id }) => id === holder);
    for (const client of place.clients) {
      if (client.id === holder) continue;
      const isHere = this.#connected.has(client.id);
      // One that talks to the partner is the partner's to look for.
      if (isHolderHere && (isHere || !this.#isAlive(client, nowMs))) this.#unlist(client.id);
      else if (isHere) this.#verify(client, place, nowMs);
    }
  }

  /** A request that cannot be decided before this claim is. */
  hold(claim: string, held: HeldRequest): void {
    present(this.#held.get(claim), 'a request waits for a dial-back that is under way').push(held);
  }

  /** Nobody waits for the answers any more. */
  dropped(connection: number): void {
    for (const [claim, held] of this.#held)
      this.#held.set(
        claim,
        held.filter((request) => request.connection !== connection),
      );
  }

  /** Places where several clients are still listed are looked into again, some time after it was in vain. */
  review(nowMs: number): void {
    for (const [place, atMs] of this.#unsettled) {
      if (atMs > nowMs) continue;
      this.#unsettled.delete(place);
      if (place.clients.length > 1) this.crowded(place, nowMs);
    }
  }

  /** The requests that waited for this answer, and are to be judged again; none while one more dial-back is to tell. */
  answered(number: number, answer: DialBackAnswer, nowMs: number): readonly HeldRequest[] {
    const probe = present(this.#probes.get(number), 'a dial-back is answered once');
    this.#probes.delete(number);
    const { claim, key } = probe;
    const rivals = this.#setting.registry.addresses.rivals(claim.host, claim.port, claim.client);
    if (answer.kind === 'unknownSwarm' && probe.askedAs === claim.client && this.#askRival(probe, rivals)) return [];
    const held = this.#held.get(key) ?? [];
    this.#held.delete(key);
    const address = addressKey(claim.host, claim.port);
    const promised = this.#promised.get(address)?.client ?? claim.client;
    const known = [claim.client, promised, ...rivals.map(({ id }) => id)];
    const who =
      answer.kind === 'hello' ? known.find((id) => isPeerId(answer.peerId, id, probe.asked.swarm)) : undefined;
    if (who !== undefined) this.#reached(address, who, nowMs);
    if (who !== claim.client) this.#miss(key, who !== undefined ? 'rival' : missOf(answer), nowMs);
    const listed = this.#setting.registry.client(claim.client)?.address;
    if (listed !== undefined && listed.clients.length > 1) this.crowded(listed, nowMs);
    return held;
  }

  takeDials(): readonly DialBack[] {
    const dials = this.#dials;
    if (dials.length > 0) this.#dials = [];
    return dials;
  }

  /** Clients that are to be taken off every list. */
  takeUnlisted(): readonly ClientId[] {
    if (this.#unlisted.size === 0) return [];
    const unlisted = [...this.#unlisted];
    this.#unlisted = new Set();
    return unlisted;
  }

  #free(address: string, client: ClientId, nowMs: number): Verdict {
    remember(this.#promised, address, { client, untilMs: nowMs + CLAIM_PROMISED_MS });
    return FREE;
  }

  /** To another client, which is connected and whose first entry there is in flight to the disk. */
  #isPromised(address: string, client: ClientId, nowMs: number): boolean {
    const promised = this.#promised.get(address);
    if (promised === undefined || promised.client === client || promised.untilMs <= nowMs) return false;
    return this.#connected.has(promised.client);
  }

  #unlist(client: ClientId): void {
    if ((this.#setting.registry.client(client)?.liveCount ?? 0) > 0) this.#unlisted.add(client);
  }

  #verify(client: Client, place: ListedAddress, nowMs: number): void {
    const { host, port } = place;
    const asked = askedOf(client);
    if (asked === undefined) return;
    const claim = { client: client.id, host, port, ...asked };
    const found = this.#found(claim, nowMs);
    if (found === 'rival') this.#unlist(client.id);
    else if (found === undefined && this.#ask(claim, host, nowMs)) return;
    // Nobody who is known answered, or it cannot be asked now: somebody who is known later may answer then.
    else this.#unsettled.set(place, nowMs + DIAL_BACK_VERDICT_MS);
  }

  /** It has a connection here, or was heard at the partner since, and not too long ago. */
  #isAlive({ id, leaseEndsMs, heardMs }: Client, nowMs: number): boolean {
    if (this.#connected.has(id)) return true;
    const renewedMs = leaseEndsMs - this.#setting.leaseMs;
    // A client at rest renews once in renewMs; half of it more for the partner's word, and for a client that is late.
    // A fraction of a millisecond is what adding and taking away leave.
    return renewedMs > heardMs + 1 && nowMs - renewedMs < this.#setting.renewMs * 1.5;
  }

  #found(claim: Claim, nowMs: number): Found | undefined {
    if (this.#holderOf(addressKey(claim.host, claim.port), nowMs) === claim.client) return 'reached';
    const missed = this.#missed.get(claimKey(claim));
    return missed === undefined || missed.untilMs <= nowMs ? undefined : missed.found;
  }

  #holderOf(address: string, nowMs: number): ClientId | undefined {
    const holder = this.#holders.get(address);
    return holder === undefined || holder.untilMs <= nowMs ? undefined : holder.client;
  }

  #reached(address: string, client: ClientId, nowMs: number): void {
    remember(this.#holders, address, { client, untilMs: nowMs + DIAL_BACK_VERDICT_MS });
    this.#missed.delete(`${address} ${client}`);
  }

  #miss(key: string, found: Found, nowMs: number): void {
    remember(this.#missed, key, { found, untilMs: nowMs + DIAL_BACK_VERDICT_MS });
  }

  /** False: it cannot be asked now. */
  #ask(claim: Claim, source: string, nowMs: number): boolean {
    const key = claimKey(claim);
    if (this.#held.has(key)) return true;
    if (!this.#mayDial(source, nowMs)) return false;
    this.#held.set(key, []);
    this.#dial({
      key,
      claim,
      source,
      askedAs: claim.client,
      asked: { swarm: claim.swarm, pieceCount: claim.pieceCount },
    });
    return true;
  }

  /**
   * Whoever is there lacks the claimant's file, so it is not the claimant; a file of one that is listed there may tell
   * more.
   */
  #askRival(probe: Probe, rivals: readonly Client[]): boolean {
    for (const rival of rivals) {
      const asked = askedOf(rival);
      if (asked === undefined) continue;
      this.#dial({ ...probe, askedAs: rival.id, asked });
      return true;
    }
    return false;
  }

  #dial(probe: Probe): void {
    this.#lastNumber += 1;
    this.#probes.set(this.#lastNumber, probe);
    const { host, port } = probe.claim;
    this.#dials.push({ number: this.#lastNumber, host, port, ...probe.asked });
  }

  #mayDial(source: string, nowMs: number): boolean {
    if (this.#probes.size >= DIAL_BACKS_MAX) return false;
    let underWay = 0;
    for (const probe of this.#probes.values()) if (probe.source === source) underWay += 1;
    if (underWay >= DIAL_BACKS_PER_SOURCE_MAX) return false;
    const counted = this.#sources.get(source);
    const isOver = counted === undefined || nowMs - counted.sinceMs >= DIAL_BACK_PERIOD_MS;
    const period = isOver ? { sinceMs: nowMs, count: 0 } : counted;
    if (period.count >= DIAL_BACKS_PER_PERIOD_MAX) return false;
    period.count += 1;
    remember(this.#sources, source, period);
    return true;
  }
}

function claimKey({ client, host, port }: Claim): string {
  return `${addressKey(host, port)} ${client}`;
}

/** A live file of this client, about which it can be asked. */
function askedOf({ entries }: Client): Asked | undefined {
  for (const { state, swarm } of entries.values())
    if (state === 'live' && swarm.facts !== undefined) return { swarm: swarm.key, pieceCount: swarm.facts.pieceCount };
  return undefined;
}

/** As this release says it, or as the first one did. */
function isPeerId(said: Uint8Array, client: ClientId, swarm: SwarmKey): boolean {
  return equalBytes(said, peerIdOf(client, swarm)) || equalBytes(said, keyBytes(client));
}

function missOf(answer: DialBackAnswer): Found {
  return answer.kind === 'nothing' ? 'nobody' : 'stranger';
}

/** The newest last; the oldest goes when there are too many. */
function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key);
  memory.set(key, value);
  const [oldest] = memory.keys();
  if (memory.size > DIAL_BACK_VERDICTS_MAX && oldest !== undefined) memory.delete(oldest);
}

/** For anyone who reads the refused client's console: what is so, and what helps. */
function sentenceOf(claim: Claim, found: Found | 'unasked'): string {
  const address = formatAddress(claim);
  const why = {
    reached: '',
    rival: 'another client answers there',
    stranger: 'somebody else answers there, and another client holds it',
    nobody: 'another client holds it, and nobody answers there (a firewall, or a NAT that forwards no port)',
    unasked: 'another client holds it, and too many from there ask at once; it is tried again',
  }[found];
  return `peers cannot reach this client at ${address}: ${why}. Clients behind one address need a port each: start this one with --address and another port, or its own address`;
}
