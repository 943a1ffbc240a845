// What members of swarms said that they did for them, for whoever asks for a report. In memory only, for a day, and
// bounded: nothing is decided by it, and a client may say what it likes of itself. Pure.

import { type ClientId, peerIdOf, type SwarmKey, swarmKey } from '../../../foundation/torrent/ids.js';
import type { Registry } from '../../registry/registry.js';
import { SUMMARIES_MAX, SUMMARIES_PAGE_MAX, SUMMARY_KEPT_MS } from '../limits.js';
import type { SummaryFields, TrackerReply, TrackerRequest } from '../messages.js';
import { refusal } from './effects.js';

interface Kept {
  readonly swarm: SwarmKey;
  readonly client: ClientId;
  readonly host: string;
  readonly port: number;
  readonly saidMs: number;
  readonly fields: SummaryFields;
}

type Caller = Pick<Kept, 'host' | 'port'> & { readonly id: ClientId };
type Of<K extends TrackerRequest['kind']> = Extract<TrackerRequest, { kind: K }>;

const U32_MAX = 0xffff_ffff;

export class Summaries {
  readonly #registry: Registry;
  readonly #bySwarm = new Map<SwarmKey, Map<ClientId, Kept>>();
  /** The one said longest ago first. */
  readonly #inOrder = new Set<Kept>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Of all swarms. */
  get count(): number {
    return this.#inOrder.size;
  }

  note({ id, swarm: key, summary }: Of<'summary'>, caller: Caller, nowMs: number): TrackerReply {
    const entry = this.#registry.client(caller.id)?.entries.get(swarmKey(key));
    if (entry?.state !== 'live') return refusal(id, 'unknown', 'you are not listed for this file');
    const swarm = entry.swarm.key;
    const { id: client, host, port } = caller;
    const members = this.#bySwarm.get(swarm) ?? new Map<ClientId, Kept>();
    this.#bySwarm.set(swarm, members);
    const former = members.get(client);
    if (former !== undefined) this.#inOrder.delete(former);
    const kept = { swarm, client, host, port, saidMs: nowMs, fields: summary };
    members.set(client, kept);
    this.#inOrder.add(kept);
    this.#forget(nowMs);
    return { kind: 'noted', id };
  }

  page({ id, swarm: key, from }: Of<'summaries'>, nowMs: number): TrackerReply {
    this.#forget(nowMs);
    const swarm = swarmKey(key);
    const members = this.#bySwarm.get(swarm);
    const rows = [];
    let at = 0;
    for (const kept of members?.values() ?? []) {
      if (at >= from) rows.push(this.#row(kept, nowMs));
      at += 1;
      if (rows.length === SUMMARIES_PAGE_MAX) break;
    }
    const listed = this.#registry.swarm(swarm)?.live.length ?? 0;
    return { kind: 'summaries', id, rows, total: members?.size ?? 0, listed };
  }

  #row({ swarm, client, host, port, saidMs, fields }: Kept, nowMs: number) {
    const ageMs = Math.max(0, Math.round(nowMs - saidMs));
    const aged = (ms: number | null): number | null => (ms === null ? null : Math.min(U32_MAX, ms + ageMs));
    const isListed = this.#registry.client(client)?.entries.get(swarm)?.state === 'live';
    const whose = { peer: peerIdOf(client, swarm), host, port, isListed, said: Math.min(U32_MAX, ageMs) };
    return { ...whose, ...fields, started: aged(fields.started), finished: aged(fields.finished) };
  }

  #forget(nowMs: number): void {
    for (const kept of this.#inOrder) {
      if (this.#inOrder.size <= SUMMARIES_MAX && nowMs - kept.saidMs < SUMMARY_KEPT_MS) return;
      this.#inOrder.delete(kept);
      const members = this.#bySwarm.get(kept.swarm);
      members?.delete(kept.client);
      if (members?.size === 0) this.#bySwarm.delete(kept.swarm);
    }
  }
}
