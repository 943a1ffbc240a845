// Keeps this client's entries at its trackers true: it talks to one tracker, fails over to another, and tells it
// everything that should be listed. Wrong answers and silence end a connection, nothing else. Pure.

import type { Machine, Wake, WakeAt } from '../../foundation/actor/machine.js';
import { unreachable } from '../../foundation/base/assert.js';
import { Prng } from '../../foundation/base/prng.js';
import type { ClientId } from '../../foundation/torrent/ids.js';
import { REFUSED_BY_TRACKER } from '../../foundation/wire/refusals.js';
import { isUnasked, type TrackerReply, type TrackerRequest, type UnaskedReply } from '../tracker/messages.js';
import { Answers } from './answers.js';
import {
  type AnnounceEffect,
  type AnnounceInput,
  type AnnounceSetting,
  addressOf,
  leaveDeadlineMs,
  type Phase,
} from './effects.js';
import { IdentityLoss } from './identity-loss.js';
import { ANNOUNCE_PIPELINE_MAX, LEAVE_DEADLINE_MS } from './limits.js';
import { Links, type TrackerIndex, type TrackerStanding } from './links.js';
import { isShutOut, Membership } from './membership.js';
import type { AnnounceCommand, AnnounceEvent } from './messages.js';
import { Own } from './own.js';
import { Pulse } from './pulse.js';
import { Reports } from './reports.js';
import { type Pending, Requests, requestOf } from './requests.js';
import { Tally } from './tally.js';
import { type Question, Wanted } from './wanted.js';
import { Whereabouts } from './whereabouts.js';

export class AnnounceMachine implements Machine<AnnounceInput | Wake, AnnounceEffect | WakeAt> {
  readonly #setting: AnnounceSetting;
  readonly #wanted = new Wanted();
  readonly #prng: Prng;
  readonly #links: Links;
  readonly #reports: Reports;
  readonly #requests = new Requests();
  readonly #tally = new Tally();
  readonly #answers = new Answers(this.#wanted, (effect) => void this.#effects.push(effect));
  readonly #whereabouts: Whereabouts;
  readonly #membership: Membership | undefined;
  #effects: (AnnounceEffect | WakeAt)[] = [];
  #phase: Phase = { at: 'working' };
  readonly #own: Own;
  readonly #loss: IdentityLoss;
  /** Of the connection that is active. */
  #pulse: Pulse | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(setting: AnnounceSetting) {
    this.#setting = setting;
    this.#whereabouts = new Whereabouts(setting, (event) => this.#tell(event));
    this.#own = new Own(setting.clientId, setting.epoch, (epoch) => this.#tell({ kind: 'epochRaised', epoch }));
    this.#loss = new IdentityLoss(this.#own, (event) => this.#tell(event));
    this.#prng = new Prng(setting.seed);
    this.#membership = Membership.of(setting.credentials, this.#prng, (effect) => void this.#effects.push(effect));
    this.#links = new Links(this.#prng, setting.trackers.length, setting.areTrackersStarting === true);
    this.#reports = new Reports(this.#links, setting, (event) => this.#tell(event));
  }

  receive(input: AnnounceInput | Wake, nowMs: number): readonly (AnnounceEffect | WakeAt)[] {
    this.#effects = [];
    if (this.#phase.at === 'left') return this.#effects;
    if (input.kind === 'wake') this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.#apply(input, nowMs);
    this.#checkDeadlines(nowMs);
    this.#ask(nowMs);
    this.#dial(nowMs);
    this.#planWake(nowMs);
    return this.#effects;
  }

  standings(): readonly TrackerStanding[] {
    return this.#links.indexes.map((index) => this.#links.standingOf(index));
  }

  /** What the tracker that is asked found when it last looked for us at our address. */
  get reach(): Whereabouts['reach'] {
    return this.#whereabouts.reach;
  }

  #apply(input: AnnounceInput | Wake, nowMs: number): void {
    if (this.#membership?.takes(input, nowMs) === true) return;
    switch (input.kind) {
      case 'command':
        this.#command(input.command, nowMs);
        return;
      case 'trackersListen':
        this.#links.retryNow();
        return;
      case 'reached':
        if (this.#links.isCurrent(input.tracker, input.link)) this.#links.reached(input.tracker, nowMs);
        return;
      case 'connected':
        if (!this.#links.isCurrent(input.tracker, input.link)) return;
        this.#send(input.link, this.#whereabouts.hello(this.#own));
        this.#membership?.greet(input.link);
        return;
      case 'replied':
        if (this.#links.isCurrent(input.tracker, input.link)) this.#replied(input.tracker, input.reply, nowMs);
        return;
      case 'disconnected':
        if (this.#links.isCurrent(input.tracker, input.link)) this.#lost(input.tracker, input.reason, nowMs);
        return;
      case 'partMissing':
        this.#answers.partMissing(this.#requests.unsent(input.id));
        return;
      case 'wake':
        this.#wanted.onTimer(nowMs);
        return;
      default:
        unreachable(input);
    }
  }

  #command(command: AnnounceCommand, nowMs: number): void {
    if (this.#phase.at !== 'working') return;
    switch (command.kind) {
      case 'register':
        // The removal that this one overtakes needs no tracker any more.
        if (this.#wanted.register(command)) this.#tell({ kind: 'withdrawn', swarm: command.swarm });
        return;
      case 'progress':
        this.#wanted.progressed(command.swarm, command.have);
        return;
      case 'summary':
        this.#wanted.summaries.news(command.swarm, command.summary);
        return;
      case 'withdraw':
        this.#wanted.withdraw(command.swarm);
        return;
      case 'findSeeders':
        this.#wanted.find(command.swarm);
        return;
      case 'identify':
        this.#identify(command.clientId, command.epoch);
        return;
      case 'move':
        this.#whereabouts.moved(command.upload);
        this.#redial();
        return;
      case 'checkReach':
        this.#whereabouts.check(nowMs);
        return;
      case 'leave':
        this.#phase = { at: 'leaving', deadlineMs: nowMs + LEAVE_DEADLINE_MS, askedMs: undefined };
        this.#links.dialAllNow();
        return;
      default:
        unreachable(command);
    }
  }

  #replied(tracker: TrackerIndex, reply: TrackerReply, nowMs: number): void {
    if (reply.kind === 'helloReply') this.#greeted(tracker, reply, nowMs);
    else if (reply.kind === 'beside') this.#beside(tracker, reply, nowMs);
    else if (isUnasked(reply)) this.#membership?.hear(reply, nowMs);
    else if (reply.kind === 'error' && reply.id === null)
      this.#lost(tracker, REFUSED_BY_TRACKER + reply.sentence, nowMs);
    else this.#answered(tracker, reply, nowMs);
  }

  #answered(tracker: TrackerIndex, reply: Exclude<TrackerReply, UnaskedReply>, nowMs: number): void {
    const pending = this.#links.active === tracker ? this.#requests.answered(reply.id ?? -1, reply) : undefined;
    if (pending === undefined) {
      this.#lost(tracker, 'the tracker answered what was not asked', nowMs);
      return;
    }
    // One that refuses this member is dialed with growing pauses.
    if (!isShutOut(reply)) this.#reports.answered(tracker);
    this.#pulse?.heard(nowMs);
    if (reply.kind === 'stale') this.#stale(tracker, pending, reply, nowMs);
    else if (pending.what === 'leave') this.#left();
    else if (pending.what === 'ping') this.#ponged(reply, pending, nowMs);
    else if (pending.what === 'renewal') return;
    else if (pending.what === 'card') this.#cardAnswered(tracker, reply, nowMs);
    else if (this.#membership?.turnedAway(reply, nowMs) === true) return;
    else if (pending.what === 'reach') this.#whereabouts.answered(addressOf(this.#setting, tracker), reply, nowMs);
    else if (reply.kind === 'error') this.#answers.refused(pending.question, reply, nowMs);
    else {
      if (reply.kind === 'shared' && pending.question.kind === 'share')
        this.#whereabouts.listed(pending.question.sharing.swarm, nowMs);
      this.#answers.answered(pending.question, reply, this.#whereabouts.own, nowMs);
    }
  }

  #greeted(tracker: TrackerIndex, reply: Extract<TrackerReply, { kind: 'helloReply' }>, nowMs: number): void {
    const { highestEpoch } = reply;
    if (this.#links.isUp(tracker)) {
      this.#lost(tracker, 'the tracker said hello twice', nowMs);
      return;
    }
    if (this.#own.isBurnt(highestEpoch)) {
      this.#burnt(tracker, nowMs);
      return;
    }
    this.#own.greeted(highestEpoch);
    const former = this.#links.active;
    for (const link of this.#links.greeted(tracker, reply.ready, nowMs)) this.#effects.push({ kind: 'hangUp', link });
    if (this.#links.active === former) return;
    if (this.#membership?.isDoubted !== true) this.#reports.up(tracker);
    this.#startOver();
    this.#pulse = new Pulse(reply.renewMs, this.#prng.next(), nowMs);
    this.#whereabouts.greeted(addressOf(this.#setting, tracker), reply);
    this.#wanted.summaries.greeted(this.#whereabouts.features);
  }

  #cardAnswered(tracker: TrackerIndex, reply: TrackerReply, nowMs: number): void {
    const outcome = this.#membership?.cardAnswered(reply, nowMs);
    if (outcome === 'opens') this.#redial();
    if (outcome === 'refused' && reply.kind === 'error')
      this.#lost(tracker, REFUSED_BY_TRACKER + reply.sentence, nowMs);
  }

  #beside(tracker: TrackerIndex, reply: Extract<TrackerReply, { kind: 'beside' }>, nowMs: number): void {
    const consequence = this.#whereabouts.beside(addressOf(this.#setting, tracker), reply);
    // What the copy said before it was turned away may stand in the place of our own words.
    if (consequence === 'tellAgain') this.#wanted.tellAllAgain();
    if (consequence !== 'newIdentity') return;
    this.#lost(tracker, 'another client is connected there with the identity of this one', nowMs);
    this.#loss.shared(addressOf(this.#setting, tracker), { host: reply.host, port: reply.port }, nowMs);
  }

  /** No word of ours would count there any more. Without a new id no tracker of this list is of use. */
  #burnt(tracker: TrackerIndex, nowMs: number): void {
    this.#lost(tracker, 'the tracker knows this client by an epoch that it cannot have', nowMs);
    this.#loss.burnt(addressOf(this.#setting, tracker), nowMs);
  }

  #identify(clientId: ClientId, epoch: number): void {
    this.#own.become(clientId, epoch);
    this.#wanted.forgetRemovals();
    this.#redial();
  }

  /** Everything is told on new connections. */
  #redial(): void {
    for (const link of this.#links.redialAll()) this.#effects.push({ kind: 'hangUp', link });
    this.#startOver();
  }

  #startOver(): void {
    this.#pulse = undefined;
    this.#requests.clear();
    this.#membership?.lost();
    this.#tally.startOver();
    this.#wanted.startOver();
    this.#whereabouts.startOver();
    if (this.#phase.at === 'leaving') this.#phase = { ...this.#phase, askedMs: undefined };
  }

  /** The connection is no more, or is ended here for the tracker's fault. */
  #lost(tracker: TrackerIndex, reason: string, nowMs: number): void {
    const wasActive = this.#links.active === tracker;
    const link = this.#links.linkOf(tracker);
    if (link !== undefined) this.#effects.push({ kind: 'hangUp', link });
    this.#effects.push(this.#reports.down(tracker, reason, nowMs));
    if (wasActive) this.#startOver();
    this.#reports.lookAtAll();
  }

  #ponged(reply: TrackerReply, { toldCount, changeCount }: Extract<Pending, { what: 'ping' }>, nowMs: number): void {
    this.#pulse?.ponged();
    if (reply.kind !== 'pong') return;
    const isComparable = changeCount === this.#wanted.changeCount;
    const verdict = isComparable ? this.#tally.compare(reply.entries, toldCount) : 'wait';
    // Fewer than it had confirmed when it was asked: it let some expire, or lost them.
    if (verdict === 'tell' || (!isComparable && reply.entries < toldCount)) this.#wanted.tellAllAgain();
    if (verdict === 'renew') this.#renew(nowMs);
  }

  /**
   * What it lists of us is not what we told it, twice: off every list, which takes off what we do not know of, and on
   * them again.
   */
  #renew(nowMs: number): void {
    const { active, activeLink: link } = this.#links;
    if (active === undefined || link === undefined || this.#phase.at !== 'working') return;
    const words = { id: this.#requests.sent({ what: 'renewal', sentMs: nowMs }), ...this.#own.nextVersion() };
    this.#send(link, { kind: 'leave', ...words });
    this.#wanted.tellAllAgain();
    this.#loss.clashed(addressOf(this.#setting, active), nowMs);
  }

  /**
   * Another word of ours is known, of this version or a higher one: we lost our state, or somebody uses it beside us.
   */
  #stale(tracker: TrackerIndex, pending: Pending, { epoch }: { readonly epoch: number }, nowMs: number): void {
    if (this.#own.isBurnt(epoch)) {
      this.#burnt(tracker, nowMs);
      return;
    }
    const isNews = this.#own.overtaken(epoch);
    if (pending.what === 'question') this.#wanted.sayAgain(pending.question);
    else if (this.#phase.at === 'leaving') this.#phase = { ...this.#phase, askedMs: undefined };
    // The clash that a renewal was for is counted already.
    if (isNews && pending.what !== 'renewal') this.#loss.clashed(addressOf(this.#setting, tracker), nowMs);
  }

  #checkDeadlines(nowMs: number): void {
    for (const tracker of this.#links.late(nowMs)) this.#lost(tracker, 'no answer to a connection in time', nowMs);
    const { active } = this.#links;
    if (active !== undefined && nowMs >= this.#answerDeadlineMs()) {
      const isSilent = nowMs >= (this.#pulse?.deadMs ?? Number.POSITIVE_INFINITY);
      this.#lost(active, isSilent ? 'no sign of life in time' : 'no answer to a request in time', nowMs);
    }
    if (this.#phase.at !== 'leaving') return;
    // With nobody to tell there is nothing to wait for.
    if (nowMs >= this.#phase.deadlineMs || this.#links.isHopeless(nowMs)) this.#left();
  }

  /** When the tracker that is up has been waited for long enough. */
  #answerDeadlineMs(): number {
    const requestMs = this.#phase.at === 'leaving' ? leaveDeadlineMs(this.#phase) : this.#requests.answerDeadlineMs;
    return Math.min(requestMs, this.#pulse?.deadMs ?? Number.POSITIVE_INFINITY);
  }

  /** Asks the tracker that is up whatever there is to ask, as far as the pipeline has room. */
  #ask(nowMs: number): void {
    const link = this.#links.activeLink;
    if (link === undefined || this.#phase.at === 'left') return;
    if (this.#phase.at === 'leaving') {
      // It jumps the queue: nothing that is still to be told matters now.
      if (this.#phase.askedMs !== undefined) return;
      for (const told of this.#wanted.summaries.last()) this.#put({ kind: 'summary', ...told }, link, nowMs);
      const id = this.#requests.sent({ what: 'leave', sentMs: nowMs });
      this.#send(link, { kind: 'leave', id, ...this.#own.nextVersion() });
      this.#phase = { ...this.#phase, askedMs: nowMs };
      return;
    }
    while (this.#membership?.isOutside !== true && this.#requests.count < ANNOUNCE_PIPELINE_MAX) {
      const question = this.#wanted.next(nowMs);
      if (question === undefined) break;
      this.#put(question, link, nowMs);
    }
    const look = this.#whereabouts.next(() => this.#requests.sent({ what: 'reach', sentMs: nowMs }), nowMs);
    if (look !== undefined) this.#send(link, look);
    this.#membership?.ask(link, () => this.#requests.sent({ what: 'card', sentMs: nowMs }), nowMs);
    if (nowMs < this.#pingAtMs()) return;
    this.#pulse?.pinged(nowMs);
    const changeCount = this.#wanted.isSettled ? this.#wanted.changeCount : undefined;
    const id = this.#requests.sent({ what: 'ping', toldCount: this.#wanted.toldCount, changeCount, sentMs: nowMs });
    this.#send(link, { kind: 'ping', id });
  }

  #pingAtMs(): number {
    return this.#pulse?.pingAtMs(this.#wanted.hasUnfinished || this.#requests.count > 0) ?? Number.POSITIVE_INFINITY;
  }

  #put(question: Question, link: number, nowMs: number): void {
    const id = this.#requests.sent({ what: 'question', question, sentMs: nowMs });
    if (question.kind === 'part') this.#effects.push({ ...question, kind: 'sendPart', link, id });
    else
      this.#send(
        link,
        requestOf(question, id, () => this.#own.nextVersion(), this.#whereabouts.features, nowMs),
      );
  }

  #left(): void {
    for (const link of this.#links.redialAll()) this.#effects.push({ kind: 'hangUp', link });
    this.#membership?.stop();
    this.#phase = { at: 'left' };
    this.#tell({ kind: 'left' });
  }

  #dial(nowMs: number): void {
    if (this.#phase.at === 'left') return;
    for (const { index, link } of this.#links.due(nowMs)) this.#effects.push({ kind: 'dial', tracker: index, link });
    if (this.#phase.at === 'working') this.#membership?.visit(this.#links.idle, nowMs);
  }

  #planWake(nowMs: number): void {
    if (this.#phase.at === 'left') return;
    let atMs = this.#links.nextAtMs(nowMs);
    const hasRoom = this.#phase.at === 'working' && this.#requests.count < ANNOUNCE_PIPELINE_MAX;
    const canAsk = hasRoom && this.#links.active !== undefined;
    atMs = Math.min(atMs, this.#membership?.nextAtMs(canAsk, nowMs) ?? atMs);
    if (this.#links.active !== undefined) {
      if (this.#phase.at === 'working') atMs = Math.min(atMs, this.#pingAtMs());
      atMs = Math.min(atMs, this.#answerDeadlineMs());
      if (hasRoom) atMs = Math.min(atMs, this.#wanted.nextAtMs(), this.#whereabouts.nextAtMs());
    }
    if (this.#phase.at === 'leaving') atMs = Math.min(atMs, this.#phase.deadlineMs);
    // A wake-up that is set already and comes earlier only looks again; one that is set anew costs a timer each input.
    if (atMs >= this.#wakeAtMs || atMs === Number.POSITIVE_INFINITY) return;
    this.#wakeAtMs = Math.max(atMs, nowMs);
    this.#effects.push({ kind: 'wakeAt', atMs: this.#wakeAtMs });
  }

  #send(link: number, request: TrackerRequest): void {
    this.#effects.push({ kind: 'send', link, request });
  }

  #tell(event: AnnounceEvent): void {
    this.#effects.push({ kind: 'tell', event });
  }
}
