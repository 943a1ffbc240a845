// Asks one tracker as a guest: whether it answers, the state of it and its partner, its clock, and the address under
// which it lists this client. Changes nothing there, and checks every answer before it uses it.

import { deferred, within } from '../../foundation/base/deferred.js';
import { familyOf } from '../../foundation/base/hosts.js';
import { SEEDERS_PER_REPLY_MAX } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { hostTowards } from '../../foundation/wire/route.js';
import { GuestConnection } from '../../tracking/tracker/guest-connection.js';
import type { TrackerReply } from '../../tracking/tracker/messages.js';
import type { TrackerFact } from './facts.js';
import { DOCTOR_STEP_DEADLINE_MS } from './limits.js';

export interface TrackerQuestion {
  readonly address: Address;
  /** Where we dial from; undefined: the system chooses. */
  readonly ownHost: string | undefined;
  /** A file that this client announces there. */
  readonly swarm: SwarmKey | undefined;
  readonly uploadPort: number;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage | undefined;
}

const STATS = 1;
const SEEDERS = 2;
/** Asked where a card is good no more: a member who is known there gets a new one, which changes nothing there. */
const RENEWAL = 3;

/** Never rejects; ends within DOCTOR_STEP_DEADLINE_MS and a moment. */
export async function probeTracker(question: TrackerQuestion): Promise<TrackerFact> {
  const asked = new Asked(question);
  try {
    await within<void>(asked.done, DOCTOR_STEP_DEADLINE_MS, () => undefined);
    const { host } = question.address;
    if (asked.fact.failure === undefined || familyOf(host) === undefined) return asked.fact;
    return { ...asked.fact, routeFrom: await hostTowards(host) };
  } finally {
    asked.hangUp();
  }
}

class Asked {
  readonly #question: TrackerQuestion;
  readonly #connection: GuestConnection;
  readonly #done = deferred<void>();
  readonly #beganMs = performance.now();
  #askedWallMs = 0;
  #fact: TrackerFact;
  #openAnswers = new Set<'hello' | 'stats' | 'seeders'>(['hello', 'stats']);

  constructor(question: TrackerQuestion) {
    const { address, ownHost, swarm, passage } = question;
    this.#question = question;
    this.#fact = {
      address: formatAddress(address),
      failure: 'no answer in time',
      helloMs: 0,
      skewMs: undefined,
      partner: undefined,
      listed: undefined,
    };
    if (swarm !== undefined) this.#openAnswers.add('seeders');
    this.#connection = new GuestConnection({
      address,
      ownHost,
      passage,
      onGreeted: () => this.#ask(),
      onReply: (reply) => this.#heard(reply),
      onFailed: ({ reason }) => this.#failed(reason),
    });
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  get fact(): TrackerFact {
    return this.#fact;
  }

  hangUp(): void {
    this.#connection.hangUp();
  }

  #ask(): void {
    this.#askedWallMs = Date.now();
    this.#connection.send({ kind: 'stats', id: STATS });
    const { swarm } = this.#question;
    if (swarm === undefined) return;
    this.#connection.send({ kind: 'seeders', id: SEEDERS, swarm: keyBytes(swarm), want: SEEDERS_PER_REPLY_MAX });
  }

  #heard(reply: TrackerReply): void {
    switch (reply.kind) {
      case 'helloReply':
        this.#fact = { ...this.#fact, failure: undefined, helloMs: performance.now() - this.#beganMs };
        this.#answered('hello');
        break;
      case 'stats':
        this.#fact = { ...this.#fact, ...this.#readStats(reply.json) };
        this.#answered('stats');
        break;
      case 'seederList': {
        const { seeders, total } = reply;
        const hosts = seeders.filter(({ port }) => port === this.#question.uploadPort).map(({ host }) => host);
        this.#fact = { ...this.#fact, listed: { hosts, isSample: total > seeders.length } };
        this.#answered('seeders');
        break;
      }
      case 'error':
        if (reply.id === null || reply.id === RENEWAL) this.#refused(reply.sentence);
        else if (reply.code === 'notAdmitted') {
          if (reply.id === STATS) this.#connection.send({ kind: 'renew', id: RENEWAL });
        } else if (reply.id === SEEDERS) {
          // It does not know this file.
          this.#fact = { ...this.#fact, listed: { hosts: [], isSample: false } };
          this.#answered('seeders');
        } else this.#answered('stats');
        break;
      case 'renewed':
        this.#done.resolve();
        break;
      default:
        break;
    }
  }

  /** It answers, and takes this machine for no member. */
  #refused(sentence: string): void {
    this.#fact = { ...this.#fact, failure: undefined, refusal: sentence };
    this.#done.resolve();
  }

  #answered(what: 'hello' | 'stats' | 'seeders'): void {
    this.#openAnswers.delete(what);
    if (this.#openAnswers.size === 0) this.#done.resolve();
  }

  #failed(why: string): void {
    if (this.#openAnswers.has('hello')) this.#fact = { ...this.#fact, failure: why };
    this.#done.resolve();
  }

  #readStats(json: string): Partial<TrackerFact> {
    const stats = objectOf(json);
    const { wallMs } = stats;
    const middleMs = (this.#askedWallMs + Date.now()) / 2;
    const skewMs = typeof wallMs === 'number' && Number.isFinite(wallMs) ? wallMs - middleMs : undefined;
    const partner = typeof stats['partner'] === 'object' && stats['partner'] !== null ? stats['partner'] : {};
    const { address, following, followedBy, refusedBy, store } = partner as Record<string, unknown>;
    const { trackers } = (typeof store === 'object' && store !== null ? store : {}) as Record<string, unknown>;
    const sharing = typeof trackers === 'number' ? trackers : undefined;
    if (typeof address !== 'string' || typeof following !== 'boolean' || typeof followedBy !== 'boolean')
      return { skewMs };
    const refusal = typeof refusedBy === 'string' ? refusedBy : '';
    return { skewMs, sharing, partner: { address, following, followedBy, refusedBy: refusal } };
  }
}

function objectOf(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A tracker of another version may send other statistics; then less is known of it.
    return {};
  }
}
