// A client's real announcer in a simulated world: it talks to simulated trackers from one host, and may be ended like a
// process that is killed. What it is told it keeps.

import type { Wake, WakeAt } from '../../src/foundation/actor/machine.js';
import type { Credentials } from '../../src/foundation/identity/credentials.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import type { ClientId, SwarmKey } from '../../src/foundation/torrent/ids.js';
import type { AnnounceEffect, AnnounceInput } from '../../src/tracking/announce/effects.js';
import type { TrackerIndex } from '../../src/tracking/announce/links.js';
import { AnnounceMachine } from '../../src/tracking/announce/machine.js';
import type { AnnounceEvent } from '../../src/tracking/announce/messages.js';
import type { World } from './paths.js';
import type { ClientEnd, TrackerNode } from './tracker-node.js';

const LATENCY_MS = 1;
const PIECE = 524_288;

type Accepted = NonNullable<ReturnType<TrackerNode['accept']>>;

export interface AnnouncingOptions {
  readonly id: ClientId;
  readonly upload: Address;
  /** In the order in which it asks them. */
  readonly trackers: readonly [TrackerNode, TrackerNode];
  readonly seed: number;
  /** In a closed swarm. */
  readonly credentials?: Credentials;
  /** A tracker's gate refuses what it shows. */
  readonly refused?: (tracker: TrackerNode) => void;
}

export class AnnouncingClient {
  readonly id: ClientId;
  readonly events: AnnounceEvent[] = [];
  readonly #world: World;
  readonly #options: AnnouncingOptions;
  readonly #machine: AnnounceMachine;
  readonly #links = new Map<number, { readonly tracker: TrackerNode; readonly accepted: Accepted }>();
  #isAlive = true;
  #wakes = 0;

  constructor(world: World, options: AnnouncingOptions) {
    this.id = options.id;
    this.#world = world;
    this.#options = options;
    const { id: clientId, upload, seed, trackers, credentials } = options;
    const [first, second] = trackers.map(({ name }) => ({ host: name, port: 1 })) as [Address, Address];
    this.#machine = new AnnounceMachine({ trackers: [first, second], clientId, epoch: 1, upload, seed, credentials });
    this.#put({ kind: 'wake' });
  }

  share(swarm: SwarmKey): void {
    this.#put({
      kind: 'command',
      command: { kind: 'register', swarm, name: 'a', size: 2 * PIECE, pieceCount: 2, have: 2 },
    });
  }

  /** Its sockets end as those of a killed process do. */
  kill(): void {
    this.#isAlive = false;
    for (const { tracker, accepted } of this.#links.values())
      this.#later(() => tracker.connectionLost(accepted.life, accepted.connection));
    this.#links.clear();
  }

  #put(input: AnnounceInput | Wake): void {
    if (!this.#isAlive) return;
    for (const effect of this.#machine.receive(input, this.#world.nowMs)) this.#perform(effect);
  }

  #later(run: () => void): void {
    this.#world.after(LATENCY_MS, run);
  }

  #perform(effect: AnnounceEffect | WakeAt): void {
    switch (effect.kind) {
      case 'wakeAt': {
        this.#wakes += 1;
        const wake = this.#wakes;
        this.#world.at(effect.atMs, () => wake === this.#wakes && this.#put({ kind: 'wake' }));
        return;
      }
      case 'dial':
        this.#later(() => this.#dial(effect.tracker, effect.link));
        return;
      case 'hangUp': {
        const open = this.#links.get(effect.link);
        this.#links.delete(effect.link);
        if (open !== undefined)
          this.#later(() => open.tracker.connectionLost(open.accepted.life, open.accepted.connection));
        return;
      }
      case 'send':
        this.#later(() => {
          const open = this.#links.get(effect.link);
          open?.tracker.request(open.accepted.life, open.accepted.connection, effect.request);
        });
        return;
      case 'sendPart':
        this.#later(() => this.#put({ kind: 'partMissing', id: effect.id }));
        return;
      case 'tell':
        this.events.push(effect.event);
        return;
      case 'log':
        return;
    }
  }

  #enter(tracker: TrackerNode, end: ClientEnd): Accepted | undefined {
    const { credentials, refused } = this.#options;
    if (credentials === undefined) return tracker.accept(end);
    const certificate = certificateIn(credentials);
    if (tracker.knock(certificate)?.kind === 'refused') refused?.(tracker);
    return tracker.admit(end, certificate);
  }

  #dial(index: TrackerIndex, link: number): void {
    if (!this.#isAlive) return;
    const tracker = this.#options.trackers[index as 0 | 1];
    const lost = (reason: string): void => {
      this.#links.delete(link);
      this.#put({ kind: 'disconnected', tracker: index, link, reason });
    };
    const accepted = this.#enter(tracker, {
      name: this.#options.upload.host,
      answered: (reply) => this.#links.has(link) && this.#put({ kind: 'replied', tracker: index, link, reply }),
      closed: () => lost('closed'),
    });
    if (accepted === undefined) {
      lost('refused');
      return;
    }
    this.#links.set(link, { tracker, accepted });
    this.#put({ kind: 'connected', tracker: index, link });
  }
}

/** DER, as TLS proves it. */
export function certificateIn({ certificate }: Credentials): Uint8Array {
  const known = READ.get(certificate);
  if (known !== undefined) return known;
  const der = Buffer.from(certificate.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  READ.set(certificate, der);
  return der;
}

const READ = new Map<string, Buffer>();
