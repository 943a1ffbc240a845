// A tracker's real machine in a simulated world: its store loses in a crash exactly what was not committed, its
// connections are paths that can be cut, and it can be frozen with everything it should have received waiting for it.

import assert from 'node:assert/strict';
import type { WakeAt } from '../../src/foundation/actor/machine.js';
import { FRAME_BYTES_MAX } from '../../src/foundation/base/limits.js';
import type { Verdict } from '../../src/foundation/identity/gate.js';
import { Standing } from '../../src/foundation/identity/standing.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import { encodeFeatures } from '../../src/foundation/wire/features.js';
import type { MembershipRow } from '../../src/tracking/membership/records.js';
import type { PairChange } from '../../src/tracking/store/pair/changes.js';
import {
  type FollowerMessage,
  followerMessages,
  type LeaderMessage,
  leaderMessages,
  markedFeatures,
} from '../../src/tracking/store/pair/messages.js';
import type { PairInput } from '../../src/tracking/store/pair/pair.js';
import type { DialBack, DialBackAnswer } from '../../src/tracking/tracker/claims/claim.js';
import type { ClosedSetting } from '../../src/tracking/tracker/machine/closed-swarm.js';
import type { TrackerReply, TrackerRequest } from '../../src/tracking/tracker/messages.js';
import type { Entrant } from '../../src/tracking/tracker/session/entrant.js';
import { ROOT } from '../tracking/membership/closed-pair.js';
import { type FlatEffect, type FlatInput, PairedTracker } from '../tracking/tracker/paired-tracker.js';
import { FakeStore, trackerIdOf } from './fake-store.js';
import type { Paths, World } from './paths.js';

export const LEASE_MS = 10_000;
export const RENEW_MS = 3_000;

/** What it names in its hello. */
const BEFORE = encodeFeatures([1, 2, 3]);

/** Some day. */
const WALL_MS = 1_700_000_000_000;

export interface ClientEnd {
  readonly name: string;
  answered(reply: TrackerReply): void;
  closed(): void;
}

/** A tracker of a closed swarm: its gate is asked at each connection, and again when somebody is shut out. */
export interface ClosedNode {
  setting(standing: Standing): ClosedSetting;
  /** Of whoever shows this certificate. */
  judge(certificate: Uint8Array, standing: Standing): Verdict;
  /** What this tracker shows its partner. */
  readonly certificate: Uint8Array;
  readonly nowS: number;
}

type Peer =
  | { readonly kind: 'client'; readonly end: ClientEnd; readonly certificate?: Uint8Array | undefined }
  | { readonly kind: 'partner'; readonly link: number };

export class TrackerNode {
  readonly name: string;
  readonly #world: World;
  readonly #paths: Paths;
  #store: FakeStore;
  /** Former states of its disk. */
  readonly #backups: FakeStore[] = [];
  #disks = 0;
  /** How far its clocks are ahead of the world's: it stood still for so long, or they were set. */
  #aheadMs = 0;
  #wallAheadMs = WALL_MS;
  readonly #seed: number;
  partner: TrackerNode | undefined;
  machine: PairedTracker | undefined;
  /** Frames are encoded and decoded as on a wire. */
  isOnWire = false;
  /** It is of a release that knows no details of files and no lists; see `upgrade`. */
  isOfBefore = false;
  /** What it tells its follower: without digests, nothing but the stream of records makes the two equal. */
  tellsDigests = true;
  /** Entries are lost on the way although their frames arrive, which nothing but a bug of ours could do. */
  losesEntries = false;
  /** Buckets that it asked its partner to tell again. */
  bucketsAsked = 0;
  /** Frames of records to the follower, after which the connections between the trackers are cut once. */
  cutsAfterFrames: number | undefined;
  #life = 0;
  #peers = new Map<number, Peer>();
  #lastConnection = 0;
  #frozen: (() => void)[] | undefined;
  #wakeToken = 0;
  /** The connection that each of our links is at the partner, and in which of its lives. */
  #links = new Map<number, { readonly life: number; readonly connection: number }>();
  /** Who is at an address, as a dial-back from here finds; nobody says a hello unless the scene knows better. */
  whoAnswers: (host: string, port: number, swarm: SwarmKey) => DialBackAnswer = () => ({ kind: 'nothing' });
  /** Of the list: how far it has come with its partner is none. */
  changesCommitted = 0;
  /** Chance that a commit is refused. */
  refuses = 0;
  /** Set before `start`. */
  closed: ClosedNode | undefined;
  /** What the running machine of a closed swarm knows of who is shut out. */
  standing = new Standing(ROOT.publicKey);

  constructor(world: World, paths: Paths, name: string, seed: number) {
    this.name = name;
    this.#world = world;
    this.#paths = paths;
    this.#seed = seed;
    this.#store = new FakeStore(name);
  }

  get isUp(): boolean {
    return this.machine !== undefined;
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  start(): void {
    assert.equal(this.machine, undefined);
    this.#life += 1;
    this.standing = new Standing(ROOT.publicKey);
    this.machine = new PairedTracker({
      closed: this.closed?.setting(this.standing),
      partner: { host: this.partner?.name ?? '', port: 1 },
      cluster: new Uint8Array(20),
      leaseMs: LEASE_MS,
      renewMs: RENEW_MS,
      trustHost: false,
      seed: this.#seed + this.#life,
      spareId: trackerIdOf(`${this.name} ${this.#seed} ${this.#life}`),
    });
    this.#store.resume(this.#wallMs);
    const { swarms, leaves, entries } = this.#store.rows(this.#wallMs);
    this.#put({ kind: 'loadedRows', loaded: { kind: 'loadedSwarms', rows: swarms } });
    this.#put({ kind: 'loadedRows', loaded: { kind: 'loadedLeaves', rows: leaves } });
    this.#put({ kind: 'loadedRows', loaded: { kind: 'loadedEntries', rows: entries } });
    if (this.closed !== undefined) this.#begin(this.closed);
    this.#put({ kind: 'started', lastUpload: 0, ...this.#store.identity });
  }

  #begin({ nowS }: ClosedNode): void {
    this.#put({ kind: 'loadedMembership', rows: this.#store.membershipRows() });
    this.#put({ kind: 'clock', seconds: nowS + Math.floor(this.#world.nowMs / 1_000) });
  }

  /** Rows of members, bans, invitations and withdrawals on its disk. */
  get durableMembership(): readonly MembershipRow[] {
    return this.#store.membershipRows();
  }

  /** Connections that are open, by what they showed. */
  *shown(): Generator<Uint8Array> {
    for (const peer of this.#peers.values())
      if (peer.kind === 'client' && peer.certificate !== undefined) yield peer.certificate;
  }

  /** What its gate says now; undefined: nobody listens. */
  knock(certificate: Uint8Array): Verdict | undefined {
    return this.machine === undefined ? undefined : this.closed?.judge(certificate, this.standing);
  }

  /** Like kill -9: connections end as the others find out, and what was not committed never was. */
  crash(): void {
    if (this.machine === undefined) return;
    this.machine = undefined;
    this.#frozen = undefined;
    this.#life += 1;
    const { partner } = this;
    for (const [connection, peer] of this.#peers) this.#closePeer(connection, peer);
    this.#peers.clear();
    for (const [, { life, connection }] of this.#links)
      this.#paths.send(this.name, partner?.name ?? '', () => partner?.connectionLost(life, connection));
    this.#links.clear();
  }

  /** It is of this release from now on, on the same disk, whose list is brought to the new format. */
  upgrade(): void {
    this.crash();
    this.isOfBefore = false;
    this.#store.followAnew();
    this.start();
  }

  /** While it is down: its disk is another, empty one from now on. */
  loseDisk(): void {
    assert.equal(this.machine, undefined);
    this.#disks += 1;
    this.#store = new FakeStore(`${this.name} ${this.#disks}`);
  }

  /** While it is down: somebody made its list from a copy of its partner's, whose id it has from then on. */
  copyPartnersDisk(): void {
    assert.equal(this.machine, undefined);
    if (this.partner !== undefined) this.#store = this.partner.#store.copy();
  }

  backUp(): void {
    this.#backups.push(this.#store.copy());
  }

  /** While it is down: its disk says what one of its backups says. False: there is none. */
  restore(): boolean {
    assert.equal(this.machine, undefined);
    const backup = this.#backups[this.#world.prng.below(Math.max(1, this.#backups.length))];
    if (backup !== undefined) this.#store = backup.copy();
    return backup !== undefined;
  }

  /** It stood still: all its clocks went on meanwhile, or only the wall clock as in a paused virtual machine. */
  standStill(forMs: number, isSeenByAllClocks: boolean): void {
    this.#wallAheadMs += forMs;
    if (isSeenByAllClocks) {
      this.#aheadMs += forMs;
      this.#wakeAt(this.#nowMs);
    } else if (this.machine !== undefined) this.#post({ kind: 'stoodStill', forMs });
  }

  /** While it is down, somebody sets its clock. */
  setClock(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  get #nowMs(): number {
    return this.#world.nowMs + this.#aheadMs;
  }

  get #wallMs(): number {
    return this.#world.nowMs + this.#wallAheadMs;
  }

  freeze(): void {
    if (this.machine !== undefined) this.#frozen ??= [];
  }

  thaw(): void {
    const waiting = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const run of waiting) run();
    // A gate that stood still looks at whoever came meanwhile when it goes on.
    this.#recheck();
  }

  /** A client's connection arrives; its number, or undefined when nobody listens. */
  accept(end: ClientEnd): { readonly life: number; readonly connection: number } | undefined {
    return this.#open({ kind: 'client', end }, end.name);
  }

  /** The same in a closed swarm; undefined, too, when its gate refuses. */
  admit(end: ClientEnd, certificate: Uint8Array): ReturnType<TrackerNode['accept']> {
    const who = this.knock(certificate);
    return who === undefined || who.kind === 'refused'
      ? undefined
      : this.#open({ kind: 'client', end, certificate }, end.name, who);
  }

  request(life: number, connection: number, request: TrackerRequest): void {
    if (life !== this.#life || !this.#peers.has(connection)) return;
    const isAhead = this.isOfBefore && request.kind === 'share' && request.details !== undefined;
    assert.ok(!isAhead, 'a tracker is told what it takes');
    this.#post({ kind: 'received', connection, request });
  }

  connectionLost(life: number, connection: number): void {
    if (life !== this.#life || !this.#peers.delete(connection)) return;
    this.#post({ kind: 'closed', connection });
  }

  /** Both ends find that a connection between the trackers is no more. */
  resetPair(): void {
    for (const [connection, peer] of this.#peers) {
      if (peer.kind !== 'partner') continue;
      this.#closePeer(connection, peer);
      this.connectionLost(this.#life, connection);
    }
  }

  #open(peer: Peer, host: string, who?: Entrant): { readonly life: number; readonly connection: number } | undefined {
    if (this.machine === undefined) return undefined;
    this.#lastConnection += 1;
    const connection = this.#lastConnection;
    this.#peers.set(connection, peer);
    this.#post({ kind: 'opened', connection, host, who });
    return { life: this.#life, connection };
  }

  /** Its gate takes back what it said of those who are shut out by now. */
  #recheck(): void {
    for (const [connection, peer] of [...this.#peers]) {
      if (peer.kind !== 'client' || peer.certificate === undefined) continue;
      if (this.knock(peer.certificate)?.kind !== 'refused') continue;
      this.#closePeer(connection, peer);
      this.connectionLost(this.#life, connection);
    }
  }

  #closePeer(connection: number, peer: Peer): void {
    const { partner } = this;
    if (peer.kind === 'client') this.#paths.send(this.name, peer.end.name, () => peer.end.closed());
    else this.#paths.send(this.name, partner?.name ?? '', () => partner?.linkLost(peer.link, connection));
  }

  linkLost(link: number, connection: number): void {
    if (this.#links.get(link)?.connection !== connection) return;
    this.#links.delete(link);
    this.#post({ kind: 'partnerLost', link, reason: 'closed' });
  }

  #post(input: FlatInput): void {
    const life = this.#life;
    if (this.#frozen !== undefined) this.#frozen.push(() => life === this.#life && this.#put(input));
    else this.#put(input);
  }

  #put(input: FlatInput | { readonly kind: 'wake' }): void {
    for (const effect of this.machine?.receive(input, this.#nowMs) ?? []) this.#perform(effect);
  }

  #perform(effect: FlatEffect | WakeAt): void {
    switch (effect.kind) {
      case 'wakeAt':
        this.#wakeAt(effect.atMs);
        return;
      case 'commit':
        this.#commit(effect.group, effect.changes, effect.position);
        return;
      case 'reply': {
        const peer = this.#peers.get(effect.connection);
        const { message } = effect;
        const said = message.kind === 'helloReply' && this.isOfBefore ? { ...message, features: BEFORE } : message;
        if (peer?.kind === 'client') this.#paths.send(this.name, peer.end.name, () => peer.end.answered(said));
        return;
      }
      case 'replyAll': {
        const { message } = effect;
        for (const connection of effect.connections) this.#perform({ kind: 'reply', connection, message });
        return;
      }
      case 'recheck':
        this.#recheck();
        return;
      case 'hangUp': {
        const peer = this.#peers.get(effect.connection);
        this.#peers.delete(effect.connection);
        if (peer !== undefined) this.#closePeer(effect.connection, peer);
        return;
      }
      case 'dialBack':
        this.#dialBack(effect);
        return;
      case 'dialPartner':
        this.#dial(effect.link);
        return;
      case 'hangUpPartner': {
        const far = this.#links.get(effect.link);
        this.#links.delete(effect.link);
        const { partner } = this;
        if (far !== undefined) this.#toPartner(() => partner?.connectionLost(far.life, far.connection));
        return;
      }
      case 'sendPartner':
        this.#sendPartner(effect.link, effect.message);
        return;
      case 'tellFollower':
        this.#tellFollower(effect.connection, effect.message);
        return;
      case 'readPart': {
        const { connection, swarm, offset } = effect;
        this.#post({ kind: 'partRead', connection, swarm, offset, part: new Uint8Array(0) });
        return;
      }
      case 'giveUp':
        assert.fail(effect.sentence);
        return;
      default:
        // Statistics, sweeps, log lines and paused sockets mean nothing here.
        return;
    }
  }

  #wakeAt(atMs: number): void {
    this.#wakeToken += 1;
    const token = this.#wakeToken;
    const ring = (): void => {
      if (token !== this.#wakeToken) return;
      if (this.#frozen !== undefined) this.#frozen.push(ring);
      else this.#put({ kind: 'wake' });
    };
    this.#world.at(atMs - this.#aheadMs, ring);
  }

  #commit(group: number, changes: readonly PairChange[], position: number): void {
    this.changesCommitted += changes.filter(({ kind }) => kind !== 'followed').length;
    const life = this.#life;
    const isRefused = this.#world.chance(this.refuses);
    this.#world.after(this.#world.chance(0.03) ? this.#world.between(20, 150) : this.#world.between(0.5, 8), () => {
      if (life !== this.#life) return;
      if (!isRefused) this.#store.commit(changes, position, this.#wallMs);
      const outcome = this.#world.chance(0.5) ? 'full' : 'busy';
      // It may die between the disk and the word of it.
      this.#world.after(this.#world.between(0, 2), () => {
        if (life !== this.#life) return;
        if (isRefused) this.#post({ kind: 'failed', group, outcome, sentence: 'no room' });
        else this.#post({ kind: 'committed', group, tookMs: 1 });
      });
    });
  }

  #dialBack({ number, host, port, swarm }: DialBack): void {
    const life = this.#life;
    this.#world.after(1, () => {
      if (life === this.#life) this.#post({ kind: 'dialedBack', number, answer: this.whoAnswers(host, port, swarm) });
    });
  }

  #dial(link: number): void {
    const { partner } = this;
    assert.ok(partner !== undefined);
    const life = this.#life;
    this.#toPartner(() => {
      const shown = this.closed === undefined ? undefined : partner.knock(this.closed.certificate);
      const who = shown?.kind === 'refused' ? undefined : shown;
      const far = partner.#open({ kind: 'partner', link }, this.name, who);
      partner.#toPartner(() => {
        if (life !== this.#life) return;
        if (far === undefined) {
          this.#post({ kind: 'partnerLost', link, reason: 'refused' });
          return;
        }
        this.#links.set(link, far);
        this.#post({ kind: 'partnerConnected', link });
      });
    });
  }

  #sendPartner(link: number, word: FollowerMessage): void {
    const far = this.#links.get(link);
    const { partner } = this;
    if (far === undefined || partner === undefined) return;
    // One of before names no features, and knows nobody by their mark.
    const isMark = word.kind === 'resendClients' && word.clients.some((client) => markedFeatures(client) !== undefined);
    if (isMark && (this.isOfBefore || partner.isOfBefore)) return;
    if (word.kind === 'resendBuckets') this.bucketsAsked += word.buckets.length;
    const sent = this.isOnWire ? viaWire(word, followerMessages) : word;
    this.#toPartner(() => {
      if (far.life === partner.#life && partner.#peers.has(far.connection))
        partner.#post({ kind: 'followerSaid', connection: far.connection, message: sent });
    });
  }

  #tellFollower(connection: number, news: LeaderMessage): void {
    const peer = this.#peers.get(connection);
    const { partner } = this;
    if (peer?.kind !== 'partner' || partner === undefined) return;
    if (news.kind === 'digests' && !this.tellsDigests) return;
    if (news.kind === 'records' && this.cutsAfterFrames !== undefined) {
      this.cutsAfterFrames -= 1;
      if (this.cutsAfterFrames < 0) {
        this.cutsAfterFrames = undefined;
        this.resetPair();
        partner.resetPair();
        return;
      }
    }
    const left = news.kind === 'records' && this.losesEntries ? { ...news, entries: [] } : news;
    const sent = this.isOnWire ? viaWire(left, leaderMessages) : left;
    this.#toPartner(() => {
      const input: PairInput = { kind: 'partnerSaid', link: peer.link, message: sent };
      if (partner.#links.get(peer.link)?.connection === connection) partner.#post(input);
    });
  }

  #toPartner(arrive: () => void): void {
    this.#paths.send(this.name, this.partner?.name ?? '', arrive);
  }
}

function viaWire<M>(message: M, wire: { encode(message: M): Uint8Array; decode(frame: Uint8Array): M }): M {
  const frame = wire.encode(message);
  assert.ok(frame.length <= FRAME_BYTES_MAX, `a frame of ${frame.length} bytes`);
  return wire.decode(frame);
}
