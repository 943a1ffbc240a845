// One client's connection from its hello on: what each request means for the registry, and what is answered when. A
// change is answered after its commit, everything else at once; a client is only ever listed under its own id and
// address. Pure.

import { CLIENT_EPOCH_MAX, PIECES_MAX, SEEDERS_PER_REPLY_MAX } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import { hasPower } from '../../../foundation/identity/powers.js';
import { type ClientId, type SwarmKey, swarmKey } from '../../../foundation/torrent/ids.js';
import { infoDigestOf } from '../../../foundation/torrent/info-text.js';
import { encodeFeatures } from '../../../foundation/wire/features.js';
import type { Membership } from '../../membership/membership.js';
import { addressKey } from '../../registry/addresses.js';
import { type Change, compareVersions } from '../../registry/changes.js';
import type { Leases } from '../../registry/leases.js';
import type { Registry } from '../../registry/registry.js';
import type { Claims, Verdict } from '../claims/claims.js';
import {
  SEEDERS_PER_SWARM_MAX,
  STORE_PART_WEIGHT,
  SWARMS_MAX,
  SWARMS_PER_CLIENT_MAX,
  TRACKER_RECORDS_MAX,
} from '../limits.js';
import {
  isAboutMembership,
  type MembershipRequest,
  TRACKER_FEATURES,
  type TrackerReply,
  type TrackerRequest,
} from '../messages.js';
import type { Budget } from './budget.js';
import { type Caller, callerOf, isGuest } from './caller.js';
import { answer, broken, commit, committed, refusal, refuse, type SessionEffect, unlisted } from './effects.js';
import { type Entrant, helloOf, whyNotAsked } from './entrant.js';
import { descriptionOf, isLook, type Look, pageOf, whyUnreadable } from './looks.js';
import { PieceHashUpload } from './piece-hashes.js';
import { whatIsWrong } from './share-check.js';
import { isVersioned, overridingVersion, type VersionedRequest } from './stale.js';
import type { Summaries } from './summaries.js';
import type { Uploads } from './uploads.js';

export interface SessionSetting {
  readonly registry: Registry;
  readonly leases: Leases;
  /** Of a closed swarm. */
  readonly membership?: Membership | undefined;
  readonly claims: Claims;
  readonly prng: Prng;
  readonly uploads: Uploads;
  readonly summaries: Summaries;
  /** Of addresses: records that their clients make, and those of them that only say what is not to be listed. */
  readonly records: Budget;
  readonly unknownRemovals: Budget;
  /** Known once the store was loaded. */
  readonly self: { id: Uint8Array; isReady: boolean };
  readonly partner: string;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** List clients under the host of their hello; only where every client is trusted. */
  readonly trustHost: boolean;
  /** Those that it names to clients. */
  readonly features: readonly number[];
}

type Asking = Exclude<TrackerRequest, MembershipRequest | { kind: 'hello' | 'stats' }>;
type Of<K extends TrackerRequest['kind']> = Extract<TrackerRequest, { kind: K }>;

export class Session {
  readonly #setting: SessionSetting;
  readonly #socketHost: string;
  readonly #connection: number;
  /** Undefined in an open swarm. */
  readonly who: Entrant;
  #caller: Caller | undefined;
  readonly #upload: PieceHashUpload;

  /** @param socketHost the socket's remote address, plain. */
  constructor(setting: SessionSetting, socketHost: string, connection: number, who?: Entrant) {
    this.who = who;
    this.#setting = setting;
    this.#socketHost = socketHost;
    this.#connection = connection;
    this.#upload = new PieceHashUpload(setting.uploads, socketHost);
  }

  get hasGreeted(): boolean {
    return this.#caller !== undefined;
  }

  /** Who said hello, unless it may only look. */
  get client(): ClientId | undefined {
    return this.#caller?.presence === undefined ? undefined : this.#caller.id;
  }

  /** For logs. */
  get name(): string {
    return this.#caller === undefined ? this.#socketHost : `${this.#caller.host}:${this.#caller.port}`;
  }

  receive(request: TrackerRequest, nowMs: number): readonly SessionEffect[] {
    const caller = this.#caller;
    if (request.kind === 'hello') {
      return caller === undefined ? this.#greet(helloOf(request, this.who), nowMs) : broken('hello is said once');
    }
    if (caller === undefined) return broken('hello comes first');
    const notAsked = whyNotAsked(request.kind, this.who);
    if (notAsked?.ends === true) return broken(notAsked.sentence);
    if (notAsked !== undefined && 'id' in request) return [refuse(request.id, 'notAdmitted', notAsked.sentence)];
    if (isAboutMembership(request)) return this.#membership(request);
    if (request.kind === 'stats') return [{ kind: 'giveStats', id: request.id }];
    if (caller.presence === undefined && isLook(request)) return [this.#look(request, caller, nowMs)];
    if (caller.presence === undefined) return broken(`${request.kind} needs a client id`);
    const { presence } = caller;
    this.#setting.claims.presences.heard(presence, nowMs);
    this.#setting.leases.renew(caller.id, nowMs);
    if (isVersioned(request)) {
      const copy = this.#setting.claims.judgeCopy(presence, this.#socketHost, nowMs);
      // Its connection ends with the reason.
      if (copy === 'copy') return [];
      if (copy !== 'alone') return [{ kind: 'hold', claim: copy.claim, request }];
    }
    if (!isVersioned(request) || !caller.features.has(TRACKER_FEATURES.understandsStale))
      return this.#answers(request, caller, nowMs);
    const stale = this.#stale(request, caller);
    if (stale !== undefined) return [answer(stale)];
    // Another word may overtake it on the way to the disk.
    return this.#answers(request, caller, nowMs).map((effect) =>
      effect.kind === 'commit' ? { ...effect, reply: () => this.#stale(request, caller) ?? effect.reply() } : effect,
    );
  }

  #membership(request: MembershipRequest): readonly SessionEffect[] {
    if (this.who !== undefined) return [{ kind: 'membership', request }];
    if (request.kind === 'knownBans') return [];
    const sentence = 'this swarm is open: it has no members';
    return [answer({ kind: 'error', id: request.id, code: 'forbidden', sentence })];
  }

  #stale(word: VersionedRequest, caller: Caller): TrackerReply | undefined {
    const known = overridingVersion(this.#setting.registry.client(caller.id), word);
    if (known === undefined) return undefined;
    return { kind: 'stale', id: word.id, epoch: known.epoch, sequence: known.sequence };
  }

  #answers(request: Asking, caller: Caller, nowMs: number): readonly SessionEffect[] {
    switch (request.kind) {
      case 'share':
        return [this.#share(request, caller, nowMs)];
      case 'pieces':
        return [this.#pieces(request, caller, nowMs)];
      case 'announce':
        return [this.#announce(request, caller, nowMs)];
      case 'seeders':
      case 'describe':
      case 'hashString':
      case 'list':
      case 'summaries':
        return [this.#look(request, caller, nowMs)];
      case 'summary':
        return [answer(this.#setting.summaries.note(request, caller, nowMs))];
      case 'remove':
        return [this.#remove(request, caller, nowMs)];
      case 'leave':
        return [this.#leave(request, caller, nowMs)];
      case 'reach':
        return [this.#reach(request, caller, nowMs)];
      case 'ping':
        return [answer({ kind: 'pong', id: request.id, entries: this.#liveCount(caller) })];
    }
  }

  /** The store refused a part: what follows it is refused, and what came before is dropped. */
  uploadFailed(number: number): readonly Change[] {
    return this.#upload.failed(number);
  }

  /** The connection is gone: what the store still has to drop. */
  closed(): readonly Change[] {
    if (this.#caller?.presence !== undefined) this.#setting.claims.gone(this.#caller.presence);
    return this.#upload.drop();
  }

  #greet(hello: Of<'hello'>, nowMs: number): readonly SessionEffect[] {
    const { registry, leases, claims, trustHost, self, partner, leaseMs, renewMs } = this.#setting;
    if (isGuest(hello) && hello.uploadPort !== 0) return broken('a client with an upload port has a client id');
    const origin = { connection: this.#connection, socketHost: this.#socketHost, trustHost, nowMs };
    const caller = callerOf(hello, origin);
    this.#caller = caller;
    const { id, presence, features } = caller;
    if (presence !== undefined) {
      leases.renew(id, nowMs);
      claims.greeted(presence);
    }
    // A client of an earlier release takes a new id when it hears of an epoch that it cannot have.
    const isCopy = presence !== undefined && !presence.isTold && claims.presences.wasTurnedAway(presence, nowMs);
    const knownEpoch = presence === undefined ? 0 : registry.highestEpoch(id);
    const highestEpoch = isCopy ? CLIENT_EPOCH_MAX : knownEpoch;
    const { id: trackerId, isReady: ready } = self;
    const reply = { kind: 'helloReply', trackerId, partner, highestEpoch, leaseMs, renewMs, ready } as const;
    if (!features.has(TRACKER_FEATURES.readsFeatures)) return [answer(reply)];
    return [answer({ ...reply, features: encodeFeatures(this.#setting.features) })];
  }

  #share(request: Of<'share'>, caller: Caller, nowMs: number): SessionEffect {
    const { registry } = this.#setting;
    const { id, name, size, pieceCount, have, epoch, sequence, details: told } = request;
    const swarm = swarmKey(request.swarm);
    const wrong = whatIsWrong(
      request,
      caller.port,
      registry.swarm(swarm)?.complete === true ? registry.swarm(swarm)?.facts : undefined,
    );
    if (wrong !== undefined) return refuse(id, 'invalid', wrong);
    if (registry.swarm(swarm)?.facts === undefined && !this.#mayPublish) return refuse(id, 'forbidden', READS_ONLY);
    const full = this.#whatIsFull(swarm, caller, nowMs);
    if (full !== undefined) return refuse(id, 'limit', full);
    const seat = this.#verdict(caller, swarm, pieceCount, nowMs);
    if (seat.kind === 'asking') return { kind: 'hold', claim: seat.claim, request };
    if (seat.kind === 'refused') return refuse(id, 'limit', seat.sentence);
    const details = told && { info: infoDigestOf(told.info), listBytes: told.listBytes, files: told.files };
    const isListed = told?.isListed === true;
    const facts = { name, size, pieceCount, details };
    const { host, port } = caller;
    const changes: Change[] = [{ kind: 'swarm', swarm, ...facts }];
    changes.push({ kind: 'put', swarm, client: caller.id, host, port, have, epoch, sequence, isListed });
    // The piece hashes of an empty file is empty and was checked with the request.
    if (pieceCount === 0) changes.push({ kind: 'complete', swarm, upload: 0, ...facts });
    return commit(id, changes, () => {
      const piecesNeeded = registry.swarm(swarm)?.complete !== true;
      if (piecesNeeded) this.#upload.wanted(swarm, facts);
      return { kind: 'shared', id, piecesNeeded };
    });
  }

  /** In an open swarm everybody may. */
  get #mayPublish(): boolean {
    const { membership } = this.#setting;
    if (membership === undefined) return true;
    return this.who?.kind === 'member' && hasPower(membership.powersOf(this.who.member), 'publish');
  }

  #whatIsFull(key: SwarmKey, caller: Caller, nowMs: number): string | undefined {
    const { registry } = this.#setting;
    const swarm = registry.swarm(key);
    const client = registry.client(caller.id);
    if (client?.entries.has(key) === true) return undefined;
    if (swarm === undefined && registry.counts.swarms >= SWARMS_MAX)
      return `this tracker lists ${SWARMS_MAX} files already`;
    if (registry.counts.entries >= TRACKER_RECORDS_MAX)
      return `this tracker holds ${TRACKER_RECORDS_MAX} records already`;
    if ((client?.liveCount ?? 0) >= SWARMS_PER_CLIENT_MAX) return `one client may share ${SWARMS_PER_CLIENT_MAX} files`;
    // Tombstones count too, at half the price: sharing and removing in turn must not fill the memory.
    if ((client?.entries.size ?? 0) >= SWARMS_PER_CLIENT_MAX * 2)
      return 'this client removed too many files within a day';
    if ((swarm?.live.length ?? 0) >= SEEDERS_PER_SWARM_MAX) return `one file may have ${SEEDERS_PER_SWARM_MAX} seeders`;
    if (!this.#setting.records.take(this.#socketHost, 1, nowMs))
      return 'too many files were registered from this address within a day';
    return undefined;
  }

  #verdict({ id, host, port, isNamed }: Caller, swarm: SwarmKey, pieceCount: number, nowMs: number): Verdict {
    const claim = { client: id, host, port, swarm, pieceCount };
    const { claims } = this.#setting;
    const verdict = isNamed ? claims.judgeNamed(claim, this.#socketHost, nowMs) : undefined;
    return verdict ?? claims.judge(claim, this.#socketHost, nowMs);
  }

  #reach(request: Of<'reach'>, { id: client, host, port, presence }: Caller, nowMs: number): SessionEffect {
    const { registry, claims } = this.#setting;
    const swarm = swarmKey(request.swarm);
    const pieceCount = registry.swarm(swarm)?.facts?.pieceCount;
    const said = { kind: 'reach', id: request.id, host, port } as const;
    if (pieceCount === undefined || port === 0) return answer({ ...said, found: 'unlisted' });
    // What was found before it came may be true no more: it may have begun to listen there since.
    const since = presence?.greetedMs ?? nowMs;
    const claim = { client, host, port, swarm, pieceCount };
    const look = claims.inquiries.lookSince(since, claim, this.#socketHost, nowMs, 'idle');
    if (look.kind === 'asking') return { kind: 'hold', claim: look.claim, request };
    return answer({ ...said, found: look.found });
  }

  #announce(request: Of<'announce'>, caller: Caller, nowMs: number): SessionEffect {
    const { id, have, epoch, sequence } = request;
    const entry = this.#setting.registry.client(caller.id)?.entries.get(swarmKey(request.swarm));
    if (entry?.state !== 'live') return answer(unlisted(id));
    // The registry's own text for it: anyone who looks for it again need not compare forty characters.
    const swarm = entry.swarm.key;
    // Before its piece hashes are here, its piece count is what any client declared last.
    const pieceCount = entry.swarm.complete ? (entry.swarm.facts?.pieceCount ?? 0) : PIECES_MAX;
    if (have > pieceCount) return refuse(id, 'invalid', `this file has ${pieceCount} pieces`);
    const announced: TrackerReply = { kind: 'announced', id };
    if (compareVersions(request, entry) <= 0) return answer(announced);
    const { host, port } = caller;
    // A client that came back under another address is listed there from now on.
    if (entry.host !== host || entry.port !== port) {
      const seat = this.#verdict(caller, swarm, pieceCount, nowMs);
      if (seat.kind === 'asking') return { kind: 'hold', claim: seat.claim, request };
      // It shares again, and hears why.
      if (seat.kind === 'refused') return answer(unlisted(id));
      const { isListed } = entry;
      const put: Change = { kind: 'put', swarm, client: caller.id, host, port, have, epoch, sequence, isListed };
      return commit(id, [put], () => announced);
    }
    const progress: Change = { kind: 'progress', swarm, client: caller.id, have, epoch, sequence };
    // Its removal may have been on the way to the disk already; then this word found nothing to change.
    return commit(id, [progress], () => (compareVersions(entry, request) >= 0 ? announced : unlisted(id)));
  }

  #remove({ id, swarm: key, epoch, sequence }: Of<'remove'>, caller: Caller, nowMs: number): SessionEffect {
    const swarm = swarmKey(key);
    if (this.#setting.registry.client(caller.id)?.entries.has(swarm) !== true) {
      const full = this.#whatUnknownIsFull(caller, nowMs);
      if (full !== undefined) return refuse(id, 'limit', full);
    }
    return commit(id, [{ kind: 'remove', swarm, client: caller.id, epoch, sequence }], () => ({ kind: 'removed', id }));
  }

  #leave({ id, epoch, sequence }: Of<'leave'>, caller: Caller, nowMs: number): SessionEffect {
    if (this.#setting.registry.client(caller.id) === undefined) {
      const full = this.#whatUnknownIsFull(caller, nowMs);
      if (full !== undefined) return refuse(id, 'limit', full);
    }
    return commit(id, [{ kind: 'leave', client: caller.id, epoch, sequence }], () => ({ kind: 'left', id }));
  }

  /** A word that takes off what is unknown here leaves a record all the same, since the partner may know it. */
  #whatUnknownIsFull(caller: Caller, nowMs: number): string | undefined {
    const { registry, unknownRemovals } = this.#setting;
    const { entries, clients } = registry.counts;
    if (entries >= TRACKER_RECORDS_MAX * 2 || clients >= TRACKER_RECORDS_MAX)
      return 'this tracker holds too many records of removed files';
    if ((registry.client(caller.id)?.entries.size ?? 0) >= SWARMS_PER_CLIENT_MAX * 2)
      return 'this client removed too many files within a day';
    if (!unknownRemovals.take(this.#socketHost, 1, nowMs))
      return 'too much that is unknown here was removed from this address within a day';
    return undefined;
  }

  #look(request: Look, caller: Caller, nowMs: number): SessionEffect {
    const { registry, features, summaries } = this.#setting;
    const { id } = request;
    switch (request.kind) {
      case 'seeders':
        return this.#seeders(request, caller);
      case 'describe':
        return answer(descriptionOf(registry, request) ?? refusal(id, 'unknown', 'nobody shares this file here'));
      case 'hashString': {
        const { offset, length } = request;
        const swarm = swarmKey(request.swarm);
        const why = whyUnreadable(registry, swarm, offset);
        return why === undefined ? { kind: 'readHashes', id, swarm, offset, length } : refuse(id, 'unknown', why);
      }
      case 'summaries':
        return answer(summaries.page(request, nowMs));
      case 'list':
        if (features.includes(TRACKER_FEATURES.lists)) return answer(pageOf(registry, request));
        return refuse(id, 'invalid', 'this tracker was told not to list what is shared');
    }
  }

  #seeders({ id, swarm, want }: Of<'seeders'>, caller: Caller): SessionEffect {
    const { registry, prng } = this.#setting;
    const { entries, total } = registry.sample(swarmKey(swarm), caller.id, Math.min(want, SEEDERS_PER_REPLY_MAX), prng);
    // Two clients that both claim an address are one to anyone who dials it.
    const byAddress = new Map(entries.map((entry) => [addressKey(entry.host, entry.port), entry]));
    const seeders = [...byAddress.values()].map(({ host, port, have }) => ({ host, port, have }));
    return answer({ kind: 'seederList', id, seeders, total });
  }

  #pieces(request: Of<'pieces'>, caller: Caller, nowMs: number): SessionEffect {
    const { id, offset, part } = request;
    const swarm = swarmKey(request.swarm);
    const { registry } = this.#setting;
    const changes: Change[] = [];
    const stored = { kind: 'stored', id } as const;
    // Somebody else's copy was whole first: this one is not needed.
    const isKept = registry.swarm(swarm)?.complete === true;
    if (offset === 0 && isKept) return committed(id, this.#upload.drop(), stored);
    const begun = offset === 0 ? this.#upload.begin(swarm, registry.client(caller.id), changes, nowMs) : undefined;
    const step = begun?.kind === 'refused' ? begun : this.#upload.part(swarm, offset, part, changes);
    switch (step.kind) {
      case 'kept':
        return commit(id, changes, () => stored, STORE_PART_WEIGHT);
      case 'unexpected':
        return isKept ? answer(stored) : refuse(id, 'unknown', 'no piece hashes are expected at this offset');
      case 'refused':
        return committed(id, changes, refuse(id, step.code, step.sentence).message);
    }
  }

  #liveCount(caller: Caller): number {
    return this.#setting.registry.client(caller.id)?.liveCount ?? 0;
  }
}

const READS_ONLY = 'a reader shares what a publisher brought in; ask an administrator for the role client';
