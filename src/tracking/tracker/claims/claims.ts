// Which client keeps an address that several clients claim: the one that answers there, found by a dial-back. Where
// nobody answers, a listed and connected client keeps it. Never dials or removes anything itself. Pure.

import { present } from '../../../foundation/base/assert.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import type { ClientId } from '../../../foundation/torrent/ids.js';
import { addressKey } from '../../registry/addresses.js';
import type { Client, ListedAddress } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import { CLAIM_PROMISED_MS, DIAL_BACK_VERDICT_MS } from '../limits.js';
import type { Asked, Claim, DialBack, DialBackAnswer } from './claim.js';
import { DialQueue } from './dial-queue.js';
import { type HeldRequest, HeldRequests } from './held-requests.js';
import { Inquiries, isWho } from './inquiries.js';
import { remember } from './memory.js';
import { type Presence, Presences } from './presences.js';

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

const FREE: Verdict = { kind: 'free' };

export interface ClaimsSetting {
  readonly registry: Registry;
  readonly leaseMs: number;
  readonly renewMs: number;
}

export class Claims {
  readonly #setting: ClaimsSetting;
  readonly presences = new Presences();
  readonly inquiries: Inquiries;
  readonly #dials = new DialQueue();
  readonly #probes = new Map<number, Probe>();
  /** By the claims that are being looked into. */
  readonly #held = new HeldRequests();
  /** Address → who answered there. */
  readonly #holders = new Map<string, { readonly client: ClientId; readonly untilMs: number }>();
  /** Address and client → what was found instead of it. */
  readonly #missed = new Map<string, { readonly found: Found; readonly untilMs: number }>();
  /** Address → who was last told that it may be listed there. */
  readonly #promised = new Map<string, { readonly client: ClientId; readonly untilMs: number }>();
  readonly #unsettled = new Map<ListedAddress, number>();
  #unlisted = new Set<ClientId>();

  constructor(setting: ClaimsSetting) {
    this.#setting = setting;
    const onReached = (address: string, client: ClientId, nowMs: number): void => this.#reached(address, client, nowMs);
    this.inquiries = new Inquiries(this.#dials, this.#held, onReached);
  }

  /** Dial-backs since the start. */
  get dialCount(): number {
    return this.#dials.count;
  }

  greeted(presence: Presence): void {
    this.presences.greeted(presence);
  }

  gone(presence: Presence): void {
    this.presences.gone(presence);
  }

  /**
   * A client names this address as its own without coming from there: it is listed there only after it was reached
   * there. Undefined: it was, and `judge` decides.
   */
  judgeNamed(claim: Claim, source: string, nowMs: number): Verdict | undefined {
    const { client, host, port } = claim;
    if (this.#setting.registry.client(client)?.address?.key === addressKey(host, port)) return undefined;
    const look = this.inquiries.look(claim, source, nowMs);
    if (look.kind === 'asking') return look;
    return look.found === 'reached' ? undefined : { kind: 'refused', sentence: unreachedSentence(claim, look.found) };
  }

  /**
   * Whether this connection is of a copy: the client was here first, from another address, and answers there. Such a
   * copy is turned away.
   */
  judgeCopy(
    presence: Presence,
    source: string,
    nowMs: number,
  ): 'alone' | 'copy' | Extract<Verdict, { kind: 'asking' }> {
    const original = this.presences.earlier(presence);
    const client = this.#setting.registry.client(presence.client);
    const asked = original === undefined || client === undefined ? undefined : askedOf(client);
    if (original === undefined || asked === undefined || original.port === 0) return 'alone';
    const { client: id, host, port } = original;
    // It was reached there before this connection came: by then it may have moved, and this is no copy but the client.
    const look = this.inquiries.lookSince(presence.greetedMs, { client: id, host, port, ...asked }, source, nowMs);
    if (look.kind === 'asking') return look;
    if (look.found !== 'reached') return 'alone';
    this.presences.turnAway(presence, original, nowMs);
    return 'copy';
  }

  /** Whether this client may be listed at that address. @param source the host that its words come from. */
  judge(claim: Claim, source: string, nowMs: number): Verdict {
    const { client, host, port } = claim;
    const address = addressKey(host, port);
    const rivals = this.#setting.registry.addresses.rivals(host, port, client);
    const isPromised = this.#isPromised(address, client, nowMs);
    if (rivals.length === 0 && !isPromised) return this.#free(address, client, nowMs);
    const key = claimKey(claim);
    const found =
      this.#found(claim, nowMs) ?? (this.#ask(claim, source, nowMs) ? 'asking' : this.#presumed(address, nowMs));
    if (found === 'asking') return { kind: 'asking', claim: key };
    if (found === 'reached') return this.#free(address, client, nowMs);
    const isIncumbent = this.#setting.registry.client(client)?.address?.key === address;
    const isOccupied = isPromised || rivals.some((rival) => this.#isAlive(rival, nowMs));
    if (found !== 'rival' && (isIncumbent || !isOccupied)) return this.#free(address, client, nowMs);
    this.#unlist(client);
    for (const rival of rivals) this.presences.shareAddress(rival.id, claim, nowMs);
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
      const isHere = this.presences.isConnected(client.id);
      // One that talks to the partner is the partner's to look for.
      if (isHolderHere && (isHere || !this.#isAlive(client, nowMs))) this.#unlist(client.id);
      else if (isHere) this.#verify(client, place, nowMs);
    }
  }

  /** A request that cannot be decided before this claim is. */
  hold(claim: string, held: HeldRequest): void {
    this.#held.hold(claim, held);
  }

  /** Nobody waits for the answers any more. */
  dropped(connection: number): void {
    this.#held.dropped(connection);
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
    const inquired = this.inquiries.answered(number, answer, nowMs);
    if (inquired !== undefined) return inquired;
    const probe = present(this.#probes.get(number), 'a dial-back is answered once');
    this.#probes.delete(number);
    this.#dials.ended(number);
    const { claim, key } = probe;
    const rivals = this.#setting.registry.addresses.rivals(claim.host, claim.port, claim.client);
    if (answer.kind === 'unknownSwarm' && probe.askedAs === claim.client && this.#askRival(probe, rivals)) return [];
    const held = this.#held.release(key);
    const address = addressKey(claim.host, claim.port);
    const promised = this.#promised.get(address)?.client ?? claim.client;
    const known = [claim.client, promised, ...rivals.map(({ id }) => id)];
    const who = answer.kind === 'hello' ? known.find((id) => isWho(answer, id, probe.asked.swarm)) : undefined;
    if (who !== undefined) this.#reached(address, who, nowMs);
    if (who !== claim.client) this.#miss(key, who !== undefined ? 'rival' : missOf(answer), nowMs);
    const listed = this.#setting.registry.client(claim.client)?.address;
    if (listed !== undefined && listed.clients.length > 1) this.crowded(listed, nowMs);
    return held;
  }

  takeDials(): readonly DialBack[] {
    return this.#dials.takeDials();
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
    return this.presences.isConnected(promised.client);
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
    if (this.presences.isConnected(id)) return true;
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

  /** Of hundreds behind one address most cannot be looked for: whoever was reached there lately has it. */
  #presumed(address: string, nowMs: number): 'rival' | 'unasked' {
    const holder = this.#holderOf(address, nowMs);
    return holder !== undefined && this.presences.isConnected(holder) ? 'rival' : 'unasked';
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
    if (this.#held.isOpen(key)) return true;
    if (!this.#dials.take(source, nowMs)) return false;
    this.#held.open(key);
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
    const { host, port } = probe.claim;
    this.#probes.set(this.#dials.dial(probe.source, { host, port, ...probe.asked }), probe);
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

function missOf(answer: DialBackAnswer): Found {
  return answer.kind === 'nothing' ? 'nobody' : 'stranger';
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
  return `peers cannot reach this client at ${address}: ${why}. Clients behind one address need a port each: start this one with --address and another port, or with --advertise and an address that leads to it alone`;
}

function unreachedSentence(claim: Claim, found: 'stranger' | 'nobody' | 'unasked'): string {
  const why = {
    stranger: 'somebody else answers there',
    nobody: 'nobody answers there (a firewall, or a port that is not forwarded)',
    unasked: 'too many from there ask at once',
  }[found];
  return `this tracker cannot reach this client at ${formatAddress(claim)}, the address that it advertises: ${why}. It is listed when it is reached there; check --advertise and the forwarding of that port`;
}
