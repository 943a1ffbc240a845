// Requests in flight to a tracker: their ids, their send times, and which reply answers which. Pure.

import { SEEDERS_PER_REPLY_MAX, TRACKER_REPLY_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Address } from '../../foundation/torrent/address.js';
import { type ClientId, keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import { infoDigestBytes } from '../../foundation/torrent/info-text.js';
import { encodeFeatures, type Features } from '../../foundation/wire/features.js';
import { OWN_FEATURES, TRACKER_FEATURES, type TrackerReply, type TrackerRequest } from '../tracker/messages.js';
import type { Advertised, Sharing, Told } from './messages.js';
import type { Question } from './wanted.js';

/** A request on its way. */
export type Pending = { readonly sentMs: number } & (
  | { readonly what: 'question'; readonly question: Question }
  /**
   * `toldCount`: how many entries the tracker had confirmed by then; `changeCount`: see `wanted.ts`, when nothing was
   * under way.
   */
  | { readonly what: 'ping'; readonly toldCount: number; readonly changeCount: number | undefined }
  | { readonly what: 'leave' }
  | { readonly what: 'reach' }
  /** Off every list, to be on the right ones again. */
  | { readonly what: 'renewal' }
  /** A new card. */
  | { readonly what: 'card' }
);

export interface OwnVersion {
  readonly epoch: number;
  readonly sequence: number;
}

/** The reply that each question gets when it is not refused. */
const ANSWERS = {
  share: 'shared',
  announce: 'announced',
  remove: 'removed',
  seeders: 'seederList',
  summary: 'noted',
  part: 'stored',
} as const;

/** The questions that are words, which may come too late. */
const STALE: ReadonlySet<Question['kind']> = new Set(['share', 'announce', 'remove']);

const ID_MAX = 0xffff_ffff;
/** 49 days; what is older is as old as that. */
const AGE_MAX_MS = 0xffff_ffff;
const OWN_TOKEN = encodeFeatures(OWN_FEATURES);

export class Requests {
  /** In the order sent. */
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  get count(): number {
    return this.#pending.size;
  }

  /** When the oldest one has been waited for long enough. */
  get answerDeadlineMs(): number {
    for (const { sentMs } of this.#pending.values()) return sentMs + TRACKER_REPLY_DEADLINE_MS;
    return Number.POSITIVE_INFINITY;
  }

  /** Answers its id. */
  sent(pending: Pending): number {
    this.#lastId = this.#lastId === ID_MAX ? 1 : this.#lastId + 1;
    this.#pending.set(this.#lastId, pending);
    return this.#lastId;
  }

  /** The request that `reply` answers, no longer pending; undefined when nothing of that kind was asked. */
  answered(id: number, reply: TrackerReply): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined || !fits(pending, reply)) return undefined;
    this.#pending.delete(id);
    return pending;
  }

  /** A part that could not be sent after all; answers its swarm. */
  unsent(id: number): SwarmKey | undefined {
    const pending = this.#pending.get(id);
    if (pending?.what !== 'question' || pending.question.kind !== 'part') return undefined;
    this.#pending.delete(id);
    return pending.question.swarm;
  }

  clear(): void {
    this.#pending.clear();
  }
}

function fits(pending: Pending, reply: TrackerReply): boolean {
  if (reply.kind === 'error') return true;
  if (pending.what === 'ping') return reply.kind === 'pong';
  if (pending.what === 'reach') return reply.kind === 'reach';
  if (pending.what === 'card') return reply.kind === 'renewed';
  if (reply.kind === 'stale') return pending.what !== 'question' || STALE.has(pending.question.kind);
  if (pending.what !== 'question') return reply.kind === 'left';
  return reply.kind === ANSWERS[pending.question.kind];
}

/** The first word on a connection. */
export function helloOf(
  { clientId, epoch }: { readonly clientId: ClientId; readonly epoch: number },
  upload: Address,
  advertise: Advertised | undefined,
): TrackerRequest {
  const [host, uploadPort] = [advertise?.host ?? '', advertise?.port ?? upload.port];
  const names = { clientId: keyBytes(clientId), host, uploadPort, token: OWN_TOKEN };
  return { kind: 'hello', ...names, epoch };
}

/**
 * The question on the wire. @param nextVersion called when, and only when, the request changes something. @param
 * features of the tracker that is asked. @param nowMs for ages.
 */
export function requestOf(
  question: Exclude<Question, { kind: 'part' }>,
  id: number,
  nextVersion: () => OwnVersion,
  features: Features,
  nowMs: number,
): TrackerRequest {
  switch (question.kind) {
    case 'share': {
      const { swarm, name, size, pieceCount, have } = question.sharing;
      const facts = { swarm: keyBytes(swarm), name, size, pieceCount, have };
      const details = features.has(TRACKER_FEATURES.describes) ? detailsOf(question.sharing) : {};
      return { kind: 'share', id, ...facts, ...nextVersion(), ...details };
    }
    case 'announce':
      return { kind: 'announce', id, swarm: keyBytes(question.swarm), have: question.have, ...nextVersion() };
    case 'remove':
      return { kind: 'remove', id, swarm: keyBytes(question.swarm), ...nextVersion() };
    case 'seeders':
      return { kind: 'seeders', id, swarm: keyBytes(question.swarm), want: SEEDERS_PER_REPLY_MAX };
    case 'summary':
      return summaryOf(question, id, nowMs);
  }
}

function summaryOf({ swarm, summary }: Told, id: number, nowMs: number): TrackerRequest {
  const { startedMs, finishedMs, ...counts } = summary;
  const age = (ms: number | undefined): number | null =>
    ms === undefined ? null : Math.min(AGE_MAX_MS, Math.max(0, Math.round(nowMs - ms)));
  const fields = { ...counts, started: age(startedMs), finished: age(finishedMs) };
  return { kind: 'summary', id, swarm: keyBytes(swarm), summary: fields };
}

function detailsOf({
  details,
  isListed = false,
}: Sharing): Pick<Extract<TrackerRequest, { kind: 'share' }>, 'details'> {
  if (details === undefined) return {};
  const { info, listBytes, files } = details;
  return { details: { info: infoDigestBytes(info), listBytes, files, isListed } };
}
