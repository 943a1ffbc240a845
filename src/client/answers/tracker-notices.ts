// What users are told about the trackers of each swarm: failover, all down, back again, and refusals of files.
// Invariant: each change is told once, however often a retry fails. Pure.

import { unreachable } from '../../foundation/base/assert.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { isRefusal, REFUSED_BY_CLIENT, REFUSED_BY_TRACKER } from '../../foundation/wire/refusals.js';
import type { AnnounceEvent } from '../../tracking/announce/messages.js';
import { MISLED_REMEDY, misledAt, REACH_REMEDY, unreachedAt } from '../doctor/reach.js';
import type { ClientEffect } from '../effects.js';
import { BESIDE_TOLD_MAX, FAILOVERS_FORGET_MS, FAILOVERS_TOLD_MAX, TRACKER_REFUSALS_TOLD_MAX } from '../limits.js';
import { bad, good } from './answers.js';

type Beside = Extract<AnnounceEvent, { kind: 'advertiseIgnored' | 'addressShared' | 'identityCopied' }>;
type Reach = Extract<AnnounceEvent, { kind: 'reach' }>;
type TrackerNews = Extract<AnnounceEvent, { kind: 'trackerUp' | 'trackerDown' | 'allTrackersDown' | 'trackersBack' }>;

export class TrackerNotices {
  readonly #pairs = new Map<string, PairNotices>();

  readonly #refusals = new Refusals();
  /** What is told once, however often trackers say it. */
  readonly #told = new Set<string>();

  /** @param name the file's name. */
  refused(pair: string, event: Extract<AnnounceEvent, { kind: 'refused' }>, name: string): readonly ClientEffect[] {
    const sentence = this.#refusals.hear(pair, event, name);
    return sentence === undefined ? [] : [bad(sentence)];
  }

  /** What trackers refuse now, one sentence for each reason. */
  get refusals(): readonly Refusal[] {
    return this.#refusals.standing;
  }

  registered(pair: string): void {
    this.#refusals.listed(pair);
  }

  /** @param isSeeding somebody may want to fetch from this client. */
  reach({ tracker, address, found, insteadOf }: Reach, isSeeding: boolean): readonly ClientEffect[] {
    const where = formatAddress(tracker);
    if (insteadOf !== undefined)
      return this.#once(`tracker ${where} ${misledAt(address, insteadOf)}; ${MISLED_REMEDY}`);
    const key = `reach ${where}`;
    if (found === 'reached')
      return this.#told.delete(key)
        ? [good(`tracker ${where} reaches this client at ${formatAddress(address)} again`)]
        : [];
    if (!isSeeding || this.#told.has(key) || this.#told.size >= BESIDE_TOLD_MAX) return [];
    this.#told.add(key);
    return [bad(`tracker ${where} ${unreachedAt(address, found)}; ${REACH_REMEDY}`)];
  }

  /** Each is told once. */
  beside(event: Beside): readonly ClientEffect[] {
    return this.#once(besideSentence(event));
  }

  #once(sentence: string): readonly ClientEffect[] {
    if (this.#told.has(sentence) || this.#told.size >= BESIDE_TOLD_MAX) return [];
    this.#told.add(sentence);
    return [bad(sentence)];
  }

  /** No file names this pair any more. */
  forget(pair: string): void {
    this.#pairs.delete(pair);
  }

  /** @param pair both addresses, as sentences name them. */
  hear(pair: string, event: TrackerNews, nowMs: number): readonly ClientEffect[] {
    const notices = this.#pairs.get(pair) ?? new PairNotices(pair);
    this.#pairs.set(pair, notices);
    return notices.hear(event, nowMs);
  }
}

function besideSentence(event: Beside): string {
  const tracker = formatAddress(event.tracker);
  switch (event.kind) {
    case 'advertiseIgnored':
      return `tracker ${tracker} is of an earlier release and does not list the address that this client advertises; it lists the address that it sees, with that port: update the tracker`;
    case 'addressShared':
      return `another client names ${formatAddress(event.address)}, where this client is listed, and is refused there; clients behind one address need a port each: --address with another port, or --advertise with an address that leads to it alone`;
    case 'identityCopied':
      return `a client at ${formatAddress(event.other)} came with the identity of this one, as after copying a state directory or a machine, and was turned away; this client keeps its identity`;
    default:
      return unreachable(event);
  }
}

class PairNotices {
  readonly #pair: string;
  /** Trackers that users know to be down. */
  readonly #known = new Set<string>();
  /** Trackers that are down and not replaced yet → why. */
  readonly #lost = new Map<string, string>();
  /** Of each tracker that was replaced: how often of late, and when last. */
  readonly #failovers = new Map<string, { readonly times: number; readonly atMs: number }>();
  #asked: string | undefined;
  #areAllAway = false;

  constructor(pair: string) {
    this.#pair = pair;
  }

  hear(event: TrackerNews, nowMs: number): readonly ClientEffect[] {
    switch (event.kind) {
      case 'trackerUp':
        return this.#up(formatAddress(event.tracker), nowMs);
      case 'trackerDown':
        return this.#down(formatAddress(event.tracker), event.reason, nowMs);
      case 'allTrackersDown': {
        const reasons = [...this.#lost];
        for (const tracker of this.#lost.keys()) this.#known.add(tracker);
        this.#lost.clear();
        this.#areAllAway = true;
        const refused = reasons.find(([, reason]) => reason.startsWith(REFUSED_BY_TRACKER));
        if (refused !== undefined) {
          const said = `${refused[0]} says: ${refused[1].slice(REFUSED_BY_TRACKER.length)}`;
          return [bad(`no tracker of ${this.#pair} takes this client; ${said}`)];
        }
        const [, unfit] = reasons.find(([, reason]) => reason.startsWith(REFUSED_BY_CLIENT)) ?? [];
        if (unfit !== undefined)
          return [bad(`this client takes no tracker of ${this.#pair}: ${unfit.slice(REFUSED_BY_CLIENT.length)}`)];
        const consequence = 'running transfers go on, new peers are found when one is back';
        const why = new Set(reasons.map(([, reason]) => reason).filter((reason) => reason !== ''));
        const because = why.size === 0 ? '' : ` (${[...why].join('; ')})`;
        return [bad(`no tracker of ${this.#pair} answers${because}; ${consequence}`)];
      }
      case 'trackersBack':
        return [good(`a tracker of ${this.#pair} answers again: ${this.#asked}`)];
      default:
        return unreachable(event);
    }
  }

  #up(tracker: string, nowMs: number): readonly ClientEffect[] {
    const wereAllAway = this.#areAllAway;
    this.#areAllAway = false;
    this.#asked = tracker;
    this.#lost.delete(tracker);
    const isBack = this.#known.delete(tracker);
    // The event `trackersBack` follows.
    if (wereAllAway) return [];
    const isTold = isBack && (this.#failovers.get(tracker)?.times ?? 0) < FAILOVERS_TOLD_MAX;
    return [...(isTold ? [good(`tracker ${tracker} answers again`)] : []), ...this.#replaced(tracker, nowMs)];
  }

  #down(tracker: string, reason: string, nowMs: number): readonly ClientEffect[] {
    if (this.#known.has(tracker)) return [];
    this.#lost.set(tracker, reason);
    if (this.#asked === tracker) this.#asked = undefined;
    return this.#asked === undefined ? [] : this.#replaced(this.#asked, nowMs);
  }

  #replaced(by: string, nowMs: number): readonly ClientEffect[] {
    const notices = [...this.#lost].flatMap(([tracker, reason]) => {
      const times = this.#failedOver(tracker, nowMs);
      if (times > FAILOVERS_TOLD_MAX) return [];
      const what = isRefusal(reason) ? 'is not used' : 'does not answer';
      const last = times < FAILOVERS_TOLD_MAX ? '' : '; this happens again and again and is not told any more';
      return [bad(`tracker ${tracker} ${what} (${reason}); ${by} is asked in its place${last}`)];
    });
    for (const tracker of this.#lost.keys()) this.#known.add(tracker);
    this.#lost.clear();
    return notices;
  }

  /** How often of late. A tracker on a slow line that is full answers late now and then. */
  #failedOver(tracker: string, nowMs: number): number {
    const before = this.#failovers.get(tracker);
    const times = before === undefined || nowMs - before.atMs >= FAILOVERS_FORGET_MS ? 1 : before.times + 1;
    this.#failovers.set(tracker, { times, atMs: nowMs });
    return times;
  }
}

type Refused = Extract<AnnounceEvent, { kind: 'refused' }>;

/** Of a file, and maybe of others for the same reason. */
export interface Refusal {
  readonly name: string;
  readonly sentence: string;
}

interface Told {
  readonly first: SwarmKey;
  readonly refusal: Refusal;
  /** It was also told that more files are refused. */
  hasMore: boolean;
}

class Refusals {
  /** Pair and sentence → what was told. Oldest first. */
  readonly #told = new Map<string, Told>();

  get standing(): readonly Refusal[] {
    return [...this.#told.values()].map(({ refusal }) => refusal);
  }

  /** The notice for a refusal; undefined when it is not news. */
  hear(pair: string, { swarm, code, sentence }: Refused, name: string): string | undefined {
    const said = `the tracker refuses ${name}: ${sentence}`;
    // Such a file stays refused and is not tried again.
    if (code === 'invalid' || code === 'protocol') return said;
    const key = `${pair} ${sentence}`;
    const told = this.#told.get(key);
    if (told === undefined) {
      this.#told.set(key, { first: swarm, refusal: { name, sentence }, hasMore: false });
      const [oldest] = this.#told.keys();
      if (this.#told.size > TRACKER_REFUSALS_TOLD_MAX && oldest !== undefined) this.#told.delete(oldest);
      return said;
    }
    if (told.hasMore || told.first === swarm) return undefined;
    told.hasMore = true;
    return `the tracker refuses more files, ${name} among them, for the same reason`;
  }

  /** A tracker of this pair has registered us: its refusals are news again. */
  listed(pair: string): void {
    for (const key of [...this.#told.keys()]) if (key.startsWith(`${pair} `)) this.#told.delete(key);
  }
}
