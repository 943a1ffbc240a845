// A closed swarm at one tracker: who joins, renews, invites and bans, one write at a time; what follows from a ban or a
// withdrawal, whoever told of it; and what clients are told without having asked. Pure.

import { unreachable } from '../../../foundation/base/assert.js';
import { equalBytes, toHex } from '../../../foundation/base/bytes.js';
import { type KeyId, keyId, keyIdOf, publicKey } from '../../../foundation/identity/keys.js';
import type { Standing } from '../../../foundation/identity/standing.js';
import { parseStatement, type Signer } from '../../../foundation/identity/statement.js';
import type { TrackerClock } from '../../../foundation/identity/swarm-time.js';
import { Administration } from '../../membership/administration.js';
import { Admission, type Moment } from '../../membership/admission.js';
import type { Decision } from '../../membership/decision.js';
import { Issuer } from '../../membership/issuer.js';
import { CARDLESS_CONNECTIONS_MAX, CARDLESS_SILENT_MS } from '../../membership/limits.js';
import { Membership } from '../../membership/membership.js';
import { changesOf, type MembershipRow } from '../../membership/records.js';
import type { Registry } from '../../registry/registry.js';
import type { Commit } from '../../store/contract.js';
import { MEMBERS_PAGE_MAX, PARTNER_TOLD_MS, RENEWALS_MAX, RENEWALS_PERIOD_MS } from '../limits.js';
import type { MembershipRequest, TrackerReply } from '../messages.js';
import { Budget } from '../session/budget.js';
import { refusal } from '../session/effects.js';
import { type Entrant, isCardless, isFull, memberIdOf } from '../session/entrant.js';
import { banPages } from './ban-pages.js';
import type { Connection, Connections } from './connections.js';
import { MembersSeen } from './members-seen.js';
import { RefusalLog } from './refusal-log.js';
import { SwarmClocks } from './swarm-clocks.js';
import { HAS_CARD, NO_OTHER_AUTHORITY, NOT_HERE, NOT_WRITTEN, TOO_OFTEN } from './swarm-refusals.js';
import { unlistedOf } from './unlisting.js';
import { type Asked, WriteLine, type WriteRequest } from './write-line.js';

export interface ClosedSetting {
  /** Shared with the gate of this process. */
  readonly standing: Standing;
  /** Of this tracker's key. */
  readonly id: KeyId;
  readonly signer: Signer;
  /** The root's about this tracker. */
  readonly statement: Uint8Array;
  /** These two as in `IssuerSetting`. */
  readonly openRoot?: (() => Signer | undefined) | undefined;
  readonly cardLifeS?: number | undefined;
  /** Bits of `POWERS` of whoever joins by another authority; undefined: nobody does. */
  readonly joinCaPowers?: number | undefined;
  /** For people. */
  readonly swarm: string;
  /** Both addresses as text. */
  readonly trackers: readonly string[];
  /** Shared with the gate likewise. */
  readonly partnerClock: TrackerClock;
  /** INVITATION_SECRET_SIZE bytes that nobody can guess. */
  readonly randomSecret: () => Uint8Array;
}

/** What it may have done by the tracker. */
export interface SwarmPorts {
  readonly connections: Connections;
  readonly registry: Registry;
  reply(connection: number, message: TrackerReply): void;
  /** The same to many. */
  replyAll(connections: readonly number[], message: TrackerReply): void;
  hangUp(connection: number, reason: string): void;
  commit(commit: Commit): void;
  /** Open connections are to be judged anew. */
  recheck(): void;
  log(level: 'info' | 'warn' | 'error', fields: object, sentence: string): void;
  /** Whether the partner has on its disk what this tracker told of members; undefined: it cannot be told now. */
  isPartnerTold(): boolean | undefined;
  /** Of this tracker's list. */
  listId(): Uint8Array;
}

/** Answers that wait for the partner. */
interface Awaiting {
  readonly connection: number;
  readonly id: number;
  readonly clients: number;
  readonly untilMs: number;
}

export class ClosedSwarm {
  readonly membership: Membership;
  readonly clocks: SwarmClocks;
  readonly #setting: ClosedSetting;
  readonly #ports: SwarmPorts;
  readonly #admission: Admission;
  readonly #administration: Administration;
  readonly #renewals = new Budget(RENEWALS_MAX, RENEWALS_PERIOD_MS);
  readonly #trackers: Set<KeyId>;
  readonly #line = new WriteLine();
  #awaiting: Awaiting[] = [];
  /** Rows that this turn applied. */
  #news: MembershipRow[] = [];
  /** Members' clients that were told of the last ban. */
  #told = 0;
  readonly #seen = new MembersSeen();
  readonly #refusals = new RefusalLog((about, sentence) => this.#ports.log('info', about, sentence));
  #strangers = 0;

  constructor(setting: ClosedSetting, ports: SwarmPorts) {
    const { standing, id, signer, statement, openRoot, cardLifeS } = setting;
    this.#setting = setting;
    this.#ports = ports;
    this.membership = new Membership(standing);
    this.clocks = new SwarmClocks(setting.partnerClock, (fields, sentence) => ports.log('error', fields, sentence));
    this.#trackers = new Set([id]);
    const issuer = new Issuer({ root: standing.root, id, signer, statement, openRoot, cardLifeS });
    this.#admission = new Admission(this.membership, issuer);
    this.#administration = new Administration(this.membership, this.#trackers, setting.randomSecret, issuer);
    this.membership.observe((row) => void this.#news.push(row));
  }

  get figures() {
    const { members, invitations, standing } = this.membership;
    let banned = 0;
    for (const { isBanned } of standing.bans) if (isBanned) banned += 1;
    return {
      members: members.size,
      banned,
      invitations: invitations.size,
      withdrawnTrackers: standing.withdrawals.length,
      cardless: this.#strangers,
      clockApartS: this.clocks.apartS,
    };
  }

  /** False: too many of those without a card are here, and this one is hung up on. */
  opened({ number, session }: Connection): boolean {
    const member = session.who?.kind === 'member' ? session.who.member : undefined;
    if (member?.kind === 'tracker') this.#trackers.add(member.id);
    if (!isCardless(session.who)) return true;
    this.#strangers += 1;
    if (this.#strangers <= CARDLESS_CONNECTIONS_MAX) return true;
    const sentence = 'too many machines join at this tracker now; try again in a moment';
    this.#ports.reply(number, { kind: 'error', id: null, code: 'limit', sentence });
    return false;
  }

  closed({ session }: Connection): void {
    if (isCardless(session.who)) this.#strangers -= 1;
  }

  /** Right behind `helloReply`: the clock, and which trackers the root has withdrawn. */
  greeted(connection: Connection, isReady: boolean, nowMs: number): void {
    const { who } = connection.session;
    if (who?.kind !== 'member') return;
    this.#seen.note(connection, nowMs);
    this.#ports.reply(connection.number, { kind: 'bans', seconds: this.clocks.ownS(nowMs), isWhole: true, rows: [] });
    for (const statement of this.membership.standing.withdrawals)
      this.#ports.reply(connection.number, { kind: 'withdrawn', statement });
    if (isReady) this.#learn([connection]);
  }

  /** The whole list is here: whoever came before that and is not on it is learned now. */
  ready(): void {
    this.#learn(this.#ports.connections.with(isFull));
  }

  /** From cards that are good. */
  #learn(connections: readonly Connection[]): void {
    const records = connections.flatMap(({ session: { who } }) =>
      who?.kind === 'member' && !who.hasRunOut ? (this.#admission.learned(who.member) ?? []) : [],
    );
    for (let at = 0; at < records.length; at += MEMBERS_PAGE_MAX)
      this.#writeOwn(records.slice(at, at + MEMBERS_PAGE_MAX).map((record) => ({ is: 'member', ...record })));
  }

  received(connection: Connection, request: MembershipRequest, nowMs: number): void {
    const { number, session } = connection;
    this.#seen.note(connection, nowMs);
    switch (request.kind) {
      case 'knownBans':
        if (isFull(session.who)) this.#tellBans(number, request.digest, nowMs);
        return;
      case 'members':
        this.#ports.reply(number, this.#list(session.who, request, nowMs));
        return;
      default:
        this.#ask({ connection: number, request }, nowMs);
    }
  }

  /** After each turn of the tracker. */
  settle(nowMs: number): void {
    if (this.#news.length > 0) this.#follow(nowMs);
    if (this.#awaiting.length > 0) this.#answerAwaiting(nowMs);
  }

  /** Everything durable is here: who was banned while this tracker died has clients on the list. */
  loaded(): void {
    this.#news = [];
    const banned = [...this.membership.standing.bans].filter(({ isBanned }) => isBanned);
    this.#unlist(banned.map(({ member }) => member));
  }

  tick(nowMs: number): void {
    this.membership.invitations.forgetEnded(this.clocks.issueS(nowMs));
    for (const connection of this.#ports.connections.without(isFull)) {
      const isLate = nowMs - connection.openedMs > CARDLESS_SILENT_MS && connection.waiting === 0;
      if (isLate && connection.session.who !== undefined && !this.#line.has(connection.number))
        this.#ports.hangUp(connection.number, 'a connection without a good card asked for nothing');
    }
  }

  nextAtMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#awaiting.map(({ untilMs }) => untilMs));
  }

  #ask(asked: Asked, nowMs: number): void {
    if (!this.#line.isWriting) this.#decide(asked, nowMs);
    else if (!this.#line.wait(asked)) {
      const sentence = 'too many requests about members wait at this tracker; try again in a moment';
      this.#ports.reply(asked.connection, refusal(asked.request.id, 'limit', sentence));
    }
  }

  #decide(asked: Asked, nowMs: number): void {
    const { connection: number, request } = asked;
    const connection = this.#ports.connections.get(number);
    if (connection === undefined) return;
    const { id } = request;
    const moment = { nowS: this.clocks.issueS(nowMs), nowMs };
    const decision = this.#decisionOf(connection, request, moment);
    if (decision.refused !== undefined) {
      const { code, sentence } = decision.refused;
      const about = { member: memberIdOf(connection.session.who), code };
      this.#refusals.add(about, `refused ${request.kind}: ${sentence}`, nowMs);
      this.#ports.reply(number, refusal(id, code, sentence));
      return;
    }
    if (decision.rows.length === 0) {
      this.#answer(number, request, decision.answer, nowMs);
      return;
    }
    this.#line.begin(asked);
    const { rows, answer } = decision;
    const settled: Commit['settled'] = (failed, atMs) => {
      this.#line.end();
      if (failed === undefined) {
        // Who is shut out is, before whoever asked for it hears so.
        this.#follow(atMs);
        this.#answer(number, request, answer, atMs);
      } else this.#ports.reply(number, refusal(id, failed === 'full' ? 'diskFull' : 'ioError', NOT_WRITTEN));
      this.#goOn(atMs);
    };
    this.#ports.commit({ changes: changesOf(rows), weight: rows.length, asker: number, settled });
  }

  #goOn(nowMs: number): void {
    while (!this.#line.isWriting) {
      const next = this.#line.next();
      if (next === undefined) return;
      this.#decide(next, nowMs);
    }
  }

  #decisionOf({ session, host }: Connection, request: WriteRequest, moment: Moment): Decision<Uint8Array | undefined> {
    const { who } = session;
    if (who === undefined) return NOT_HERE;
    if (request.kind === 'join') {
      if (who.kind !== 'stranger') return who.kind === 'member' ? HAS_CARD : NOT_HERE;
      const { secret, name } = request;
      return this.#admission.join({ secret, name, key: who.key, host }, toHex(this.#ports.listId()), moment);
    }
    if (request.kind === 'joinByCa') {
      const powers = this.#setting.joinCaPowers;
      if (who.kind !== 'vouched' || powers === undefined) return NO_OTHER_AUTHORITY;
      return this.#admission.joinByCa({ ...request, key: publicKey(request.key), host, powers, by: who }, moment);
    }
    if (who.kind !== 'member') return NOT_HERE;
    const { member } = who;
    switch (request.kind) {
      case 'renew':
        if (!this.#renewals.take(member.id, 1, moment.nowMs)) return TOO_OFTEN;
        return this.#admission.renew(member, who.hasRunOut, moment);
      case 'invite':
        return this.#administration.invite(member, request, moment);
      case 'ban':
        return this.#administration.ban(member, keyId(request.member), request.isBanned);
      case 'withdraw':
        return this.#administration.withdraw(member, request.statement);
      default:
        return unreachable(request);
    }
  }

  /** What was asked for is durable. */
  #answer(connection: number, request: WriteRequest, answer: Uint8Array | undefined, nowMs: number): void {
    const { swarm, trackers } = this.#setting;
    const { id } = request;
    const bytes = answer ?? new Uint8Array(0);
    switch (request.kind) {
      case 'join':
      case 'joinByCa':
        this.#ports.reply(connection, { kind: 'admitted', id, card: bytes, swarm, trackers });
        return;
      case 'renew':
        this.#ports.reply(connection, { kind: 'renewed', id, card: bytes });
        return;
      case 'invite':
        this.#ports.reply(connection, { kind: 'invited', id, secret: bytes });
        return;
      case 'ban':
      case 'withdraw':
        this.#awaiting.push({ connection, id, clients: this.#told, untilMs: nowMs + PARTNER_TOLD_MS });
        return;
      default:
        unreachable(request);
    }
  }

  #answerAwaiting(nowMs: number): void {
    const told = this.#ports.isPartnerTold();
    const left: Awaiting[] = [];
    for (const awaiting of this.#awaiting) {
      const { connection, id, clients, untilMs } = awaiting;
      if (told === false && nowMs < untilMs) left.push(awaiting);
      else this.#ports.reply(connection, { kind: 'banned', id, clients, partner: told === true });
    }
    this.#awaiting = left;
  }

  /** What follows from rows that are durable now, by whichever way they came. */
  #follow(nowMs: number): void {
    const news = this.#news;
    this.#news = [];
    const bans = news.filter((row) => row.is === 'ban');
    const withdrawals = news.filter((row) => row.is === 'withdrawal');
    if (bans.length === 0 && withdrawals.length === 0) return;
    const isOut = (id: KeyId | undefined): boolean => id !== undefined && this.membership.standing.bans.isBanned(id);
    for (const { number, session } of this.#ports.connections.all()) {
      const id = memberIdOf(session.who);
      if (isOut(id) || (session.who?.kind === 'stranger' && isOut(session.who.id))) this.#shutOut(number);
    }
    const clients = this.#ports.connections.with(isFull).map(({ number }) => number);
    this.#told = clients.length;
    for (const page of banPages(bans, this.clocks.ownS(nowMs))) this.#ports.replyAll(clients, page);
    for (const { statement } of withdrawals) this.#withdrawn(statement, clients);
    const banned = new Set(bans.filter(({ isBanned }) => isBanned).map(({ member }) => member));
    for (const member of banned) this.#ports.log('warn', { member }, 'a member was banned');
    const voided = [...banned].flatMap((member) => this.membership.invitations.madeBy(member));
    if (voided.length > 0) this.#writeOwn(voided.map((row) => ({ is: 'invitation', ...row, isVoid: true })));
    this.#unlist([...banned]);
    // Behind words of theirs that are on their way to the disk.
    if (banned.size > 0) this.#ports.commit({ changes: [], weight: 1, settled: () => this.#unlist([...banned]) });
    this.#ports.recheck();
  }

  /** Until nothing of them is listed. */
  #unlist(members: readonly KeyId[]): void {
    const { bans } = this.membership.standing;
    const banned = new Set(members.filter((member) => bans.isBanned(member)));
    if (banned.size === 0) return;
    for (const changes of unlistedOf(this.#ports.registry, banned)) {
      const settled: Commit['settled'] = (refused) => refused === undefined && this.#unlist(members);
      this.#ports.commit({ changes, weight: changes.length, settled });
    }
  }

  #shutOut(number: number): void {
    const sentence = 'this member is banned from this swarm; ask its administrator';
    this.#ports.reply(number, { kind: 'error', id: null, code: 'notAdmitted', sentence });
    this.#ports.hangUp(number, 'banned');
  }

  #withdrawn(statement: Uint8Array, clients: readonly number[]): void {
    this.#ports.replyAll(clients, { kind: 'withdrawn', statement });
    const said = parseStatement(statement);
    const tracker = said === undefined ? undefined : keyIdOf(said.key);
    if (tracker === this.#setting.id)
      this.#ports.log(
        'error',
        {},
        'the root has withdrawn this tracker: no member of this swarm takes its word any more; end it',
      );
    else this.#ports.log('warn', { tracker }, 'the root has withdrawn a tracker');
  }

  #tellBans(connection: number, digest: Uint8Array, nowMs: number): void {
    const { bans } = this.membership.standing;
    if (equalBytes(digest, bans.digest())) return;
    for (const page of banPages([...bans], this.clocks.ownS(nowMs), true)) this.#ports.reply(connection, page);
  }

  #list(who: Entrant, request: Extract<MembershipRequest, { kind: 'members' }>, nowMs: number): TrackerReply {
    const whyNot = who?.kind === 'member' ? this.#administration.whyNot(who.member) : NOT_HERE.refused;
    if (whyNot !== undefined) return refusal(request.id, whyNot.code, whyNot.sentence);
    return this.#seen.page(this.membership, request, nowMs);
  }

  /** Of this tracker's own accord; what a full disk refuses comes again with the next occasion. */
  #writeOwn(rows: readonly MembershipRow[]): void {
    this.#ports.commit({ changes: changesOf(rows), weight: rows.length, settled: () => undefined });
  }
}
