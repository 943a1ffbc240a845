// Sends this tracker's changes to its follower: a full sync when the follower's position means nothing here, then each
// record behind its position, as it is now. At most a window of records is unacknowledged, so a slow follower costs
// nothing more. Pure.

import { clientId, keyBytes, type SwarmKey, swarmKey } from '../../../foundation/torrent/ids.js';
import { type InfoFacts, infoDigestBytes } from '../../../foundation/torrent/info-text.js';
import type { Membership } from '../../membership/membership.js';
import type { MembershipRow } from '../../membership/records.js';
import { membershipFieldsOf } from '../../membership/rows.js';
import type { Leases } from '../../registry/leases.js';
import type { Client, Entry, Positioned, Swarm } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import {
  PAIR_BEAT_MS,
  PAIR_DEAD_MS,
  PAIR_DIGEST_MS,
  PAIR_FRAME_LEASES_MAX,
  PAIR_FRAME_RECORDS_MAX,
  PAIR_WINDOW_RECORDS,
} from './limits.js';
import { MemberFeed } from './member-feed.js';
import { type FollowerMessage, type LeaderMessage, markedFeatures, PAIR_FEATURES, type Records } from './messages.js';
import type { ReplicationIndex } from './replication.js';
import { everything, Resends } from './resends.js';

export interface LeaderSetting {
  readonly registry: Registry;
  readonly index: ReplicationIndex;
  readonly leases: Leases;
  readonly tell: (news: LeaderMessage) => void;
  readonly readPart: (swarm: SwarmKey, offset: number) => void;
  /** Of a closed swarm; undefined: the swarm is open. */
  readonly membership?: Membership | undefined;
  /** The wall clock of this tracker, in seconds since 1970. */
  readonly wallS?: ((nowMs: number) => number) | undefined;
  /** The follower broke the protocol or fell silent. */
  readonly hangUp: (reason: string) => void;
}

/** Below every position: each record is told whole. */
const EVERYTHING = -1;

interface Sent {
  readonly frame: number;
  readonly recordCount: number;
  readonly position: number | null;
}

type DetailsRow = NonNullable<Records['details']>[0][number];

/** A full transfer under way; `position` is the follower's when everything has arrived. */
interface FullSync {
  readonly records: Iterator<Positioned>;
  readonly position: number;
}

export class Leader {
  readonly #setting: LeaderSetting;
  readonly #resends: Resends;
  #fullSync: FullSync | undefined;
  readonly #sent: Sent[] = [];
  #sentRecords = 0;
  #frame = 0;
  /** Records behind it were not sent yet. */
  #cursor: number;
  #acked: number;
  #head: number;
  #heardMs: number;
  #nextBeatMs: number;
  #nextDigestMs: number;
  #isDigestDue = false;
  #behindSinceMs: number | undefined;
  /** The follower said something, or nothing was pumped yet. */
  #mayHaveMore = true;
  /**
   * Undefined: the follower has said nothing yet. One that has features names them first, so no record is sent before
   * it has spoken, or a beat has passed.
   */
  #readsDetails: boolean | undefined;
  #wasToldPlainly = false;
  /** Undefined in an open swarm, and before the follower has said that it reads of members. */
  #feed: MemberFeed | undefined;
  /** The last frame about members, and the last that is on the follower's disk. */
  #memberFrame = 0;
  #ackedFrame = 0;

  /**
   * @param from the follower's position; undefined when it means nothing here, and everything is sent.
   * @param head the highest position given out.
   */
  constructor(setting: LeaderSetting, id: Uint8Array, from: number | undefined, head: number, nowMs: number) {
    this.#setting = setting;
    this.#resends = new Resends(setting.registry);
    this.#head = head;
    this.#cursor = from ?? head;
    this.#acked = from ?? 0;
    this.#heardMs = nowMs;
    this.#nextBeatMs = nowMs + PAIR_BEAT_MS;
    this.#nextDigestMs = nowMs + PAIR_DIGEST_MS;
    setting.tell({ kind: 'welcome', leaderId: id, isFullSync: from === undefined, position: head });
    this.#tellLeases(liveClients(setting.registry), nowMs);
    if (from === undefined) this.#fullSync = { records: everything(setting.registry), position: head };
    // A follower that has everything hears so at once, by an empty frame.
    else if (this.#isAtEnd) this.#tell([], head, EVERYTHING, nowMs);
  }

  /** All changes up to this position are on the follower's disk. */
  get acked(): number {
    return this.#acked;
  }

  /** Changes that the follower has not on its disk; an upper bound. */
  get lagChanges(): number {
    const { order } = this.#setting.index;
    return order.after(this.#acked, 1).length === 0 ? 0 : order.countAfter(this.#acked);
  }

  lagMs(nowMs: number): number {
    return this.#behindSinceMs === undefined ? 0 : nowMs - this.#behindSinceMs;
  }

  /** What was told of members is on the follower's disk; undefined: it cannot be told. */
  get isMembershipTold(): boolean | undefined {
    return this.#feed === undefined ? undefined : this.#feed.isEmpty && this.#ackedFrame >= this.#memberFrame;
  }

  memberNews(row: MembershipRow): void {
    this.#feed?.add(row);
    this.#mayHaveMore = true;
  }

  /** The partner's list was restored from an older copy: what it was told since then is not there any more. */
  resendAll(): void {
    if (this.#fullSync !== undefined) return;
    this.#resends.addAll();
    this.#mayHaveMore = true;
  }

  nextAtMs(): number {
    return Math.min(this.#nextBeatMs, this.#heardMs + PAIR_DEAD_MS);
  }

  received(word: FollowerMessage, nowMs: number): void {
    this.#heardMs = nowMs;
    this.#mayHaveMore = true;
    this.#readsDetails ??= false;
    switch (word.kind) {
      case 'applied':
        this.#applied(word.frame);
        return;
      case 'beat':
        return;
      case 'follow':
        this.#setting.hangUp('the partner sent follow twice');
        return;
      case 'resendClients':
        this.#resend(word.clients, nowMs);
        return;
      case 'againMembership':
        this.#feed?.addTables(word.tables);
        return;
      case 'resendBuckets':
        this.#resends.addBuckets(word.buckets);
        return;
      case 'wantPart':
        this.#setting.readPart(swarmKey(word.swarm), word.offset);
        return;
    }
  }

  #resend(clients: readonly Uint8Array[], nowMs: number): void {
    const [features] = clients.map(markedFeatures);
    if (features === undefined) {
      this.#resends.addClients(clients.map(clientId));
      return;
    }
    this.#readsDetails = features.has(PAIR_FEATURES.readsDetails);
    const { membership } = this.#setting;
    if (membership !== undefined && this.#feed === undefined && features.has(PAIR_FEATURES.readsMembership)) {
      this.#feed = new MemberFeed(membership);
      this.#tellMemberDigest(nowMs);
    }
    // It named them later than a beat after the welcome.
    if (this.#wasToldPlainly && this.#readsDetails) this.#resends.addAll();
  }

  /** @param head the highest position given out by now, with everything up to it in the registry. */
  pump(head: number, nowMs: number): void {
    // Asked after each input of the tracker, of which few change anything here.
    if (head === this.#head && !this.#mayHaveMore) return;
    this.#head = head;
    if (this.#readsDetails === undefined) return;
    this.#mayHaveMore = false;
    while (this.#hasRoom && this.#pumpMembers());
    // In turn, so that neither news waits for a repair nor a repair for the end of news.
    for (let isMore = true; isMore && this.#hasRoom; ) {
      isMore = this.#fullSync === undefined ? this.#pumpOrder(nowMs) : this.#pumpFullSync(this.#fullSync, nowMs);
      if (this.#fullSync === undefined && this.#hasRoom) isMore = this.#pumpResends(nowMs) || isMore;
    }
    const isBehind = this.#sent.length > 0 || this.#hasMore;
    this.#behindSinceMs = isBehind ? (this.#behindSinceMs ?? nowMs) : undefined;
    if (!this.#isDigestDue || this.#hasMore) return;
    // All that these digests count was sent before them, so the follower can compare though news goes on behind them.
    this.#isDigestDue = false;
    this.#setting.tell({ kind: 'digests', digests: this.#setting.index.digests.bytes() });
  }

  onTimer(nowMs: number): void {
    if (nowMs >= this.#heardMs + PAIR_DEAD_MS) {
      this.#setting.hangUp('the partner fell silent');
      return;
    }
    if (nowMs < this.#nextBeatMs) return;
    this.#nextBeatMs = nowMs + PAIR_BEAT_MS;
    if (this.#readsDetails === undefined) {
      this.#readsDetails = false;
      this.pump(this.#head, nowMs);
    }
    this.#tellLeases(this.#setting.leases.takeRenewed(), nowMs);
    // Changes that are no news to the partner, such as expires, count too.
    if (this.#behindSinceMs === undefined && this.#cursor < this.#head) this.#tell([], this.#head, EVERYTHING, nowMs);
    this.#setting.tell({ kind: 'beat', position: this.#head });
    if (nowMs < this.#nextDigestMs) return;
    this.#nextDigestMs = nowMs + PAIR_DIGEST_MS;
    this.#tellMemberDigest(nowMs);
    this.#isDigestDue = true;
    this.#mayHaveMore = true;
  }

  get #hasRoom(): boolean {
    return this.#sentRecords < PAIR_WINDOW_RECORDS && this.#sent.length < PAIR_WINDOW_RECORDS;
  }

  /** Something is here that was not sent yet. */
  get #hasMore(): boolean {
    return this.#fullSync !== undefined || !this.#resends.isEmpty || !this.#isAtEnd || this.#feed?.isEmpty === false;
  }

  get #isAtEnd(): boolean {
    return this.#setting.index.order.after(this.#cursor, 1).length === 0;
  }

  #applied(frame: number): void {
    const first = this.#sent[0];
    if (first === undefined || frame < first.frame || frame > this.#frame) {
      this.#setting.hangUp('the partner acknowledged what was not sent');
      return;
    }
    this.#ackedFrame = frame;
    for (const { recordCount, position } of this.#sent.splice(0, frame - first.frame + 1)) {
      this.#sentRecords -= recordCount;
      if (position !== null) this.#acked = position;
    }
  }

  #pumpFullSync({ records: all, position }: FullSync, nowMs: number): boolean {
    const records: Positioned[] = [];
    while (records.length < PAIR_FRAME_RECORDS_MAX) {
      const next = all.next();
      if (next.done === true) {
        this.#fullSync = undefined;
        this.#tell(records, position, EVERYTHING, nowMs);
        return true;
      }
      records.push(next.value);
    }
    this.#tell(records, null, EVERYTHING, nowMs);
    return true;
  }

  #pumpResends(nowMs: number): boolean {
    const records = this.#resends.next(PAIR_FRAME_RECORDS_MAX);
    if (records.length === 0) return false;
    this.#tell(records, null, EVERYTHING, nowMs);
    return true;
  }

  #pumpOrder(nowMs: number): boolean {
    const records = this.#setting.index.order.after(this.#cursor, PAIR_FRAME_RECORDS_MAX);
    const last = records.at(-1);
    if (last === undefined) return false;
    // Nothing behind them: the follower then has everything up to the highest position.
    const position = records.length < PAIR_FRAME_RECORDS_MAX ? this.#head : last.position;
    this.#tell(records, position, this.#cursor, nowMs);
    return true;
  }

  /** False: nothing waits. */
  #pumpMembers(): boolean {
    const rows = this.#feed?.next() ?? [];
    if (rows.length === 0) return false;
    this.#frame += 1;
    this.#memberFrame = this.#frame;
    this.#sent.push({ frame: this.#frame, recordCount: rows.length, position: null });
    this.#sentRecords += rows.length;
    this.#setting.tell({ kind: 'membership', frame: this.#frame, ...membershipFieldsOf(rows) });
    return true;
  }

  /** Behind all that it counts. */
  #tellMemberDigest(nowMs: number): void {
    const { membership, wallS } = this.#setting;
    if (membership === undefined || this.#feed?.isEmpty !== true) return;
    this.#setting.tell({ kind: 'membershipDigest', seconds: wallS?.(nowMs) ?? 0, digest: membership.digest() });
  }

  /** @param known see `recordsOf`. */
  #tell(records: readonly Positioned[], position: number | null, known: number, nowMs: number): void {
    this.#frame += 1;
    if (position !== null) this.#cursor = position;
    this.#sent.push({ frame: this.#frame, recordCount: records.length, position });
    this.#sentRecords += records.length;
    const { details, ...plain } = recordsOf(records, this.#frame, position, known, nowMs);
    this.#wasToldPlainly ||= records.length > 0 && this.#readsDetails !== true;
    this.#setting.tell(this.#readsDetails === true ? { ...plain, details } : plain);
  }

  #tellLeases(clients: Iterable<Client>, nowMs: number): void {
    let leases: [Uint8Array, number][] = [];
    for (const client of clients) {
      if (client.liveCount === 0) continue;
      leases.push([keyBytes(client.id), leftMs(client, nowMs)]);
      if (leases.length < PAIR_FRAME_LEASES_MAX) continue;
      this.#setting.tell({ kind: 'leases', leases });
      leases = [];
    }
    if (leases.length > 0) this.#setting.tell({ kind: 'leases', leases });
  }
}

/** @param known the position up to which the follower has everything; -1: it is not to be built on. */
function recordsOf(
  records: readonly Positioned[],
  frame: number,
  position: number | null,
  known: number,
  nowMs: number,
) {
  const swarms = new Set<Swarm>();
  const entries: Records['entries'][number][] = [];
  const progress: Records['progress'][number][] = [];
  const leaves: Records['leaves'][number][] = [];
  const listed: number[] = [];
  for (const record of records) {
    if (record.is === 'swarm') swarms.add(record);
    else if (record.is === 'client') leaves.push(...leaveRows(record, nowMs));
    else if (record.state === 'live' && record.fullChangePosition <= known) progress.push(progressRow(record, nowMs));
    else {
      swarms.add(record.swarm);
      if (record.isListed) listed.push(entries.length);
      entries.push(entryRow(record, nowMs));
    }
  }
  const files: Records['files'][number][] = [];
  const told: DetailsRow[] = [];
  for (const { key, facts, complete } of swarms) {
    if (facts === undefined) continue;
    if (facts.details !== undefined) told.push(detailsRow(files.length, facts.details));
    const { name, size, pieceCount } = facts;
    files.push({ swarm: keyBytes(key), name, size, pieceCount, isProven: complete });
  }
  return { kind: 'records', frame, position, files, entries, leaves, progress, details: [told, listed] } as const;
}

function detailsRow(place: number, { info, listBytes, files }: InfoFacts): DetailsRow {
  return { place, info: infoDigestBytes(info), listBytes, files };
}

function entryRow(entry: Entry, nowMs: number): Records['entries'][number] {
  const { swarm, client, host, port, have, epoch, sequence, state } = entry;
  const ms = state === 'live' ? leftMs(client, nowMs) : ageMs(entry.changedAtMs, nowMs);
  return { swarm: keyBytes(swarm.key), client: keyBytes(client.id), host, port, have, epoch, sequence, state, ms };
}

function progressRow({ swarm, client, have, epoch, sequence }: Entry, nowMs: number): Records['progress'][number] {
  const ms = leftMs(client, nowMs);
  return { swarm: keyBytes(swarm.key), client: keyBytes(client.id), have, epoch, sequence, ms };
}

function leaveRows({ id, left }: Client, nowMs: number): Records['leaves'] {
  if (left === undefined) return [];
  const { epoch, sequence, changedAtMs } = left;
  return [{ client: keyBytes(id), epoch, sequence, ms: ageMs(changedAtMs, nowMs) }];
}

function leftMs({ leaseEndsMs }: Client, nowMs: number): number {
  return Math.max(0, Math.min(0xffff_ffff, Math.round(leaseEndsMs - nowMs)));
}

function ageMs(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs));
}

function* liveClients(registry: Registry): Generator<Client> {
  for (const client of registry.clients()) if (client.liveCount > 0) yield client;
}
