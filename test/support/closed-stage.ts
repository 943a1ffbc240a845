// A closed swarm of this process: trackers and clients on real sockets, with credentials in memory.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../src/app/demo/processes.js';
import { Questions } from '../../src/client/administration/questions.js';
import type { ClientCommand, ClientEvent } from '../../src/client/messages.js';
import type { Client, ClientOptions } from '../../src/client/options.js';
import { startClient } from '../../src/client/start.js';
import { within } from '../../src/foundation/base/deferred.js';
import type { Credentials } from '../../src/foundation/identity/credentials.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { closedPassage } from '../../src/foundation/wire/tls.js';
import { TRACKER_WIRE } from '../../src/tracking/tracker/messages.js';
import { type RunningTracker, startTracker, type TrackerOptions } from '../../src/tracking/tracker/start.js';
import { trackerStatus } from '../../src/tracking/tracker/status.js';
import { ClosedSwarm } from './closed-swarm.js';
import { PATIENCE_MS } from './patience.js';
import { temporaryDirectory } from './temporary-directory.js';

type Asked = ClientCommand extends infer C ? (C extends { readonly ask: number } ? Omit<C, 'ask'> : never) : never;

/** What a member reads of a tracker's status. */
export interface Figures {
  readonly swarms: number;
  readonly liveEntries: number;
  readonly swarm: { readonly members: number; readonly banned: number; readonly invitations: number };
  readonly partner: { readonly isReady: boolean; readonly followedBy: boolean; readonly refusedBy: string };
}

export async function figuresOf(tracker: Address, credentials: Credentials): Promise<Figures> {
  const passage = closedPassage(credentials, TRACKER_WIRE);
  return JSON.parse(await trackerStatus(tracker, { json: true, passage })) as Figures;
}

/**
 * Members that the tracker knows beside the one who asks. To ask makes known, at a moment that no answer to somebody
 * who was not waits for; so this one is made known before.
 */
export async function otherMembers(tracker: Address, asker: Credentials): Promise<number> {
  await new Questions(asker, [tracker]).renew();
  return (await figuresOf(tracker, asker)).swarm.members - 1;
}

export class ClosedStage {
  readonly directory: string;
  readonly addresses: readonly [Address, Address];
  readonly #t: TestContext;

  constructor(t: TestContext, addresses: readonly [Address, Address]) {
    this.#t = t;
    this.directory = temporaryDirectory(t);
    this.addresses = addresses;
  }

  static async begin(t: TestContext): Promise<ClosedStage> {
    const at = async () => ({ host: '127.0.0.1', port: await freePort() });
    return new ClosedStage(t, [await at(), await at()]);
  }

  /** @param credentials undefined: an open one. @param database its list, if not a file of its own. */
  async tracker(
    number: 0 | 1,
    credentials: Credentials | undefined,
    database?: string,
    more: Partial<TrackerOptions> = {},
  ): Promise<RunningTracker> {
    const name = `tracker-${number}`;
    const tracker = await startTracker({
      own: this.addresses[number],
      partner: this.addresses[number === 0 ? 1 : 0],
      seederListPath: database ?? join(this.directory, `${name}.db`),
      log: { path: join(this.directory, `${name}.log`), level: 'debug' },
      replicaWaitMs: 100,
      credentials,
      ...more,
    });
    this.#t.after(() => tracker.stop('the test is over'));
    return tracker;
  }

  async client(
    name: string,
    credentials: Credentials | undefined,
    options: Partial<ClientOptions> = {},
  ): Promise<StagedClient> {
    const staged = new StagedClient();
    staged.client = await startClient({
      upload: { host: '127.0.0.1', port: 0 },
      trackers: this.addresses,
      stateDir: join(this.directory, name),
      log: { path: join(this.directory, `${name}.log`), level: 'debug' },
      seed: 1,
      rates: { up: 0, down: 0 },
      onEvent: (event) => staged.heard(event),
      credentials,
      ...options,
    });
    this.#t.after(() => staged.quit());
    return staged;
  }
}

export class StagedClient {
  client: Client | undefined;
  readonly #events: ClientEvent[] = [];
  #onEvent: () => void = () => undefined;
  #lastAsk = 0;

  heard(event: ClientEvent): void {
    this.#events.push(event);
    this.#onEvent();
  }

  /** Everything that it said so far, for an assertion's message. */
  get said(): string {
    return JSON.stringify(this.#events.slice(-20), (_key, value) => (value instanceof Uint8Array ? '…' : value));
  }

  async ask(command: Asked): Promise<ClientEvent> {
    this.#lastAsk += 1;
    const ask = this.#lastAsk;
    this.client?.tell({ ...command, ask } as ClientCommand);
    return this.until((event) => 'ask' in event && event.ask === ask);
  }

  async until(isIt: (event: ClientEvent) => boolean): Promise<ClientEvent> {
    const found = (async () => {
      for (;;) {
        const event = this.#events.find(isIt);
        if (event !== undefined) return event;
        await new Promise<void>((resolve) => {
          this.#onEvent = resolve;
        });
      }
    })();
    return within(found, PATIENCE_MS, () => assert.fail(`it said only ${this.said}`));
  }

  async quit(): Promise<void> {
    this.client?.tell({ kind: 'quit', ask: 1_000_000 });
    await this.client?.ended;
  }
}

export function newSwarm(name?: string): ClosedSwarm {
  return new ClosedSwarm(name);
}
