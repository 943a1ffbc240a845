// A tracker's machine on a table: time moves when the test says so, and a commit is on the disk at once, unless the
// test holds it back. Connections are plain objects that ask and are answered.

import assert from 'node:assert/strict';
import type { Wake } from '../../../src/foundation/actor/machine.js';
import { keyBytes, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import type { DialBack, DialBackAnswer } from '../../../src/tracking/tracker/claims/claim.js';
import type { TrackerReply, TrackerRequest } from '../../../src/tracking/tracker/messages.js';
import type { Entrant } from '../../../src/tracking/tracker/session/entrant.js';
import { type FlatEffect, type FlatInput, NOBODY, type PairedSetting, PairedTracker } from './paired-tracker.js';

export const LEASE_MS = 1_000;

/** Any swarm, told apart by its number. */
export function swarmOf(number: number): SwarmKey {
  return number.toString(16).padStart(40, '0') as SwarmKey;
}

export function clientBytes(number: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? number : 7));
}

export class Stage {
  readonly machine: PairedTracker;
  readonly effects: FlatEffect[] = [];
  nowMs = 0;
  /** True: commits wait in `effects` until the test settles them. */
  holdsCommits = false;
  /** Who is at an address, as a dial-back finds at once; undefined: the test answers itself. */
  whoAnswers: (dial: DialBack) => DialBackAnswer | undefined = () => ({ kind: 'nothing' });
  #connections = 0;

  constructor(setting: Partial<PairedSetting> = {}) {
    this.machine = new PairedTracker({
      partner: { host: '127.0.0.1', port: 2 },
      cluster: new Uint8Array(20),
      replicaWaitMs: 0,
      leaseMs: LEASE_MS,
      renewMs: 300,
      trustHost: false,
      seed: 1,
      spareId: new Uint8Array(16).fill(3),
      ...setting,
    });
    this.put({ kind: 'started', lastUpload: 0, trackerId: new Uint8Array(16).fill(1), position: 0, followed: NOBODY });
  }

  put(input: FlatInput | Wake): readonly FlatEffect[] {
    const fresh: FlatEffect[] = [];
    const inputs: (FlatInput | Wake)[] = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      for (const effect of this.machine.receive(next, this.nowMs)) {
        if (effect.kind === 'wakeAt') continue;
        fresh.push(effect);
        if (effect.kind === 'dialBack') {
          const answer = this.whoAnswers(effect);
          if (answer !== undefined) inputs.push({ kind: 'dialedBack', number: effect.number, answer });
        }
        if (effect.kind === 'commit' && !this.holdsCommits) {
          inputs.push({ kind: 'committed', group: effect.group, tookMs: 1 });
        }
      }
    }
    this.effects.push(...fresh);
    return fresh;
  }

  /** Moves on in ticks, as a host's wake-ups would. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    while (this.nowMs < untilMs) {
      this.nowMs = Math.min(untilMs, this.nowMs + LEASE_MS / 4);
      this.put({ kind: 'wake' });
    }
  }

  /** Jumps, as a machine that was frozen does. */
  freeze(forMs: number): void {
    this.nowMs += forMs;
    this.put({ kind: 'wake' });
  }

  /** @param who in a closed swarm. */
  connect(host = '10.0.0.1', who?: Entrant): Connection {
    this.#connections += 1;
    this.put({ kind: 'opened', connection: this.#connections, host, who });
    return new Connection(this, this.#connections);
  }

  /** Connected and greeted. */
  client(
    number: number,
    options: { readonly host?: string; readonly port?: number; readonly epoch?: number; readonly who?: Entrant } = {},
  ): Connection {
    const connection = this.connect(options.host, options.who);
    connection.hello(clientBytes(number), options.port ?? 6_000 + number, options.epoch ?? 1);
    return connection;
  }

  /** Addresses and progress as a guest sees them, sorted. */
  listed(swarm: SwarmKey): string[] {
    const guest = this.connect('10.9.9.9');
    guest.hello(new Uint8Array(16), 0, 0);
    const list = guest.ask({ kind: 'seeders', id: 1, swarm: keyBytes(swarm), want: 50 });
    guest.close();
    assert.equal(list.kind, 'seederList');
    return list.seeders.map(({ host, port, have }) => `${host}:${port} ${have}`).sort();
  }
}

type Question = Exclude<TrackerRequest, { kind: 'hello' }>;

export class Connection {
  readonly #stage: Stage;
  readonly number: number;
  #sequence = 0;

  constructor(stage: Stage, number: number) {
    this.#stage = stage;
    this.number = number;
  }

  hello(
    clientId: Uint8Array,
    uploadPort: number,
    epoch: number,
    host = '',
    token: Uint8Array = new Uint8Array(0),
  ): TrackerReply {
    return this.#put({ kind: 'hello', clientId, host, uploadPort, epoch, token });
  }

  ask(request: Question): TrackerReply {
    return this.#put(request);
  }

  /** Replies of this turn, for requests that are not answered at once. */
  send(request: TrackerRequest): TrackerReply[] {
    const effects = this.#stage.put({ kind: 'received', connection: this.number, request });
    return effects.flatMap((effect) =>
      effect.kind === 'reply' && effect.connection === this.number ? [effect.message] : [],
    );
  }

  share(swarm: SwarmKey, have = 1, version?: { epoch: number; sequence: number }): TrackerReply {
    return this.ask(this.shareRequest(swarm, have, version));
  }

  shareRequest(swarm: SwarmKey, have = 1, version = this.version()): Extract<TrackerRequest, { kind: 'share' }> {
    const facts = { name: 'a.bin', size: 2 * 524_288, pieceCount: 2 };
    return { kind: 'share', id: 1, swarm: keyBytes(swarm), ...facts, have, ...version };
  }

  version(epoch = 1): { epoch: number; sequence: number } {
    this.#sequence += 1;
    return { epoch, sequence: this.#sequence };
  }

  close(): void {
    this.#stage.put({ kind: 'closed', connection: this.number });
  }

  #put(request: TrackerRequest): TrackerReply {
    const [reply, ...more] = this.send(request);
    assert.ok(reply !== undefined && more.length === 0, `${request.kind} has one answer`);
    return reply;
  }
}
