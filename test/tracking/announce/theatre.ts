// An announcer's machine between scripted trackers, on a clock that the test moves. A tracker answers as it is told
// to: well, never, or something of the test's own.

import assert from 'node:assert/strict';
import type { Wake } from '../../../src/foundation/actor/machine.js';
import { toHex } from '../../../src/foundation/base/bytes.js';
import { clientId, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import type { AnnounceEffect, AnnounceInput, AnnounceSetting } from '../../../src/tracking/announce/effects.js';
import type { TrackerIndex } from '../../../src/tracking/announce/links.js';
import { AnnounceMachine } from '../../../src/tracking/announce/machine.js';
import type { AnnounceCommand, AnnounceEvent } from '../../../src/tracking/announce/messages.js';
import { isAboutMembership, type TrackerReply, type TrackerRequest } from '../../../src/tracking/tracker/messages.js';

export const RENEW_MS = 30_000;
export const TRACKERS = [
  { host: '10.0.0.1', port: 1 },
  { host: '10.0.0.2', port: 2 },
] as const;

export class ScriptedTracker {
  /** What a dial meets. */
  state: 'up' | 'refuses' | 'silent' = 'up';
  /** Undefined: no answer. */
  answer: (request: TrackerRequest) => TrackerReply | undefined = (request) => this.wellBehaved(request);
  readonly heard: TrackerRequest[] = [];
  /** Swarm → have, as this tracker lists the client. */
  readonly listed = new Map<string, number>();
  highestEpoch = 0;
  piecesNeeded = false;
  isReady = true;
  link: number | undefined;
  dials = 0;
  /** Undefined: it is of a release that names none. */
  features: Uint8Array | undefined;
  found: Extract<TrackerReply, { kind: 'reach' }>['found'] = 'reached';

  wellBehaved(request: TrackerRequest): TrackerReply {
    if (request.kind === 'hello') {
      const times = { leaseMs: RENEW_MS * 3, renewMs: RENEW_MS, ready: this.isReady };
      return {
        kind: 'helloReply',
        trackerId: new Uint8Array(16),
        partner: '',
        highestEpoch: this.highestEpoch,
        ...times,
        ...(this.features === undefined ? {} : { features: this.features }),
      };
    }
    assert.ok(!isAboutMembership(request), 'an open swarm is not asked about members');
    const { id } = request;
    switch (request.kind) {
      case 'share':
        this.listed.set(toHex(request.swarm), request.have);
        return { kind: 'shared', id, piecesNeeded: this.piecesNeeded };
      case 'announce':
        this.listed.set(toHex(request.swarm), request.have);
        return { kind: 'announced', id };
      case 'remove':
        this.listed.delete(toHex(request.swarm));
        return { kind: 'removed', id };
      case 'leave':
        this.listed.clear();
        return { kind: 'left', id };
      case 'ping':
        return { kind: 'pong', id, entries: this.listed.size };
      case 'seeders':
        return { kind: 'seederList', id, seeders: [{ host: '10.1.1.1', port: 5, have: 2 }], total: 1 };
      case 'pieces':
        return { kind: 'stored', id };
      case 'summary':
        return { kind: 'noted', id };
      case 'reach':
        return { kind: 'reach', id, host: '10.0.0.1', port: 6_001, found: this.found };
      case 'stats':
        return { kind: 'stats', id, json: '{}' };
      case 'describe':
      case 'hashString':
      case 'list':
      case 'summaries':
        return { kind: 'error', id, code: 'unknown', sentence: 'nobody shares this file here' };
    }
  }

  /** What it was asked, without the questions whether it lives. */
  requests(): readonly TrackerRequest[] {
    return this.heard.filter(({ kind }) => kind !== 'ping');
  }

  pingCount(): number {
    return this.heard.length - this.requests().length;
  }

  /** Accepts connections and takes requests as before, and says nothing any more: its process stands still. */
  freeze(): void {
    this.state = 'silent';
    this.answer = () => undefined;
  }
}

export class Theatre {
  readonly machine: AnnounceMachine;
  readonly trackers: readonly [ScriptedTracker, ScriptedTracker, ...ScriptedTracker[]];
  readonly events: AnnounceEvent[] = [];
  readonly parts: { swarm: SwarmKey; offset: number; length: number }[] = [];
  nowMs = 0;
  /** Replies wait until `settle`. */
  #queue: AnnounceInput[] = [];
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(setting: Partial<AnnounceSetting> = {}) {
    const upload = { host: '10.0.9.9', port: 6_000 };
    const id = clientId(new Uint8Array(16).fill(3));
    const more = (setting.trackers ?? TRACKERS).slice(2).map(() => new ScriptedTracker());
    this.trackers = [new ScriptedTracker(), new ScriptedTracker(), ...more];
    this.machine = new AnnounceMachine({ trackers: TRACKERS, clientId: id, epoch: 1, upload, seed: 1, ...setting });
  }

  start(): this {
    this.put({ kind: 'wake' });
    return this;
  }

  tell(command: AnnounceCommand): void {
    this.put({ kind: 'command', command });
  }

  register(swarm: SwarmKey, have = 1, pieceCount = 4): void {
    this.tell({ kind: 'register', swarm, name: 'a.bin', size: pieceCount * 524_288, pieceCount, have });
  }

  put(input: AnnounceInput | Wake): void {
    this.#step(input);
    for (let turns = 0; ; turns += 1) {
      assert.ok(turns < 200_000, 'the conversation comes to rest');
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#step(next);
    }
  }

  /** Moves on, with every wake-up that was asked for in its time. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (let wakes = 0; this.#wakeAtMs <= untilMs; wakes += 1) {
      assert.ok(wakes < 10_000, 'wake-ups lead somewhere');
      this.nowMs = Math.max(this.nowMs, this.#wakeAtMs);
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.put({ kind: 'wake' });
    }
    this.nowMs = untilMs;
  }

  /** The tracker's process dies; new dials are refused until it is up again. */
  kill(index: TrackerIndex): void {
    const tracker = this.#at(index);
    tracker.state = 'refuses';
    const { link } = tracker;
    tracker.link = undefined;
    if (link !== undefined) this.put({ kind: 'disconnected', tracker: index, link, reason: 'closed' });
  }

  reply(index: TrackerIndex, reply: TrackerReply): void {
    const { link } = this.#at(index);
    assert.ok(link !== undefined, 'there is a connection');
    this.put({ kind: 'replied', tracker: index, link, reply });
  }

  eventKinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  #step(input: AnnounceInput | Wake): void {
    for (const effect of this.machine.receive(input, this.nowMs)) {
      if (effect.kind === 'wakeAt') this.#wakeAtMs = effect.atMs;
      else this.#perform(effect);
    }
  }

  #perform(effect: AnnounceEffect): void {
    switch (effect.kind) {
      case 'dial':
        this.#dial(effect.tracker, effect.link);
        return;
      case 'hangUp':
        for (const tracker of this.trackers) if (tracker.link === effect.link) tracker.link = undefined;
        return;
      case 'send':
        this.#hear(effect.link, effect.request);
        return;
      case 'sendPart': {
        const { link, id, swarm, offset, length } = effect;
        this.parts.push({ swarm, offset, length });
        this.#hear(link, { kind: 'pieces', id, swarm: new Uint8Array(20), offset, part: new Uint8Array(length) });
        return;
      }
      case 'tell':
        this.events.push(effect.event);
        return;
      case 'log':
        return;
    }
  }

  #dial(index: TrackerIndex, link: number): void {
    const tracker = this.#at(index);
    tracker.dials += 1;
    if (tracker.state === 'refuses')
      this.#queue.push({ kind: 'disconnected', tracker: index, link, reason: 'refused' });
    if (tracker.state !== 'up') return;
    assert.equal(tracker.link, undefined, 'one connection to a tracker');
    tracker.link = link;
    this.#queue.push({ kind: 'connected', tracker: index, link });
  }

  #hear(link: number, request: TrackerRequest): void {
    for (const [index, tracker] of this.trackers.entries()) {
      if (tracker.link !== link) continue;
      tracker.heard.push(request);
      const reply = tracker.answer(request);
      if (reply !== undefined) this.#queue.push({ kind: 'replied', tracker: index, link, reply });
    }
  }

  #at(index: TrackerIndex): ScriptedTracker {
    const tracker = this.trackers[index];
    assert.ok(tracker !== undefined, 'there is such a tracker');
    return tracker;
  }
}
