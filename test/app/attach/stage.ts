// A listener in a directory of its own, with a client behind it that does what the test says.

import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type AttachListener, openAttachListener } from '../../../src/app/attach/listener.js';
import { Subscribers } from '../../../src/app/library/subscribers.js';
import type { ClientCommand, ClientEvent } from '../../../src/client/messages.js';
import { deferred, within } from '../../../src/foundation/base/deferred.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const FACTS = { address: '127.0.0.1:1', trackers: ['127.0.0.1:2', '127.0.0.1:3'], pid: 4 } as const;
const DEADLINE_MS = 10_000;

/** What the client answers; nothing for a command that stays open. */
export type Script = (command: ClientCommand) => readonly ClientEvent[];

const agreeable: Script = (command) =>
  command.kind === 'wait' ? [] : [{ kind: 'accepted', ask: command.ask, detail: command.kind.toUpperCase() }];

export interface Stage {
  readonly path: string;
  readonly listener: AttachListener;
  /** What the client was told. */
  readonly commands: readonly ClientCommand[];
  /** The client says it. */
  say(event: ClientEvent): void;
}

export async function stageListener(
  t: TestContext,
  script: Script = agreeable,
  trackers: readonly [string, string, ...string[]] = FACTS.trackers,
): Promise<Stage> {
  const path = join(temporaryDirectory(t), 'run', 'client.sock');
  const listener = await openAttachListener(path);
  t.after(() => listener.close());
  const commands: ClientCommand[] = [];
  const subscribers: Subscribers = new Subscribers((command) => {
    commands.push(command);
    // A client answers later, never while it is being told.
    setImmediate(() => {
      for (const event of script(command)) subscribers.deliver(event);
    });
  });
  listener.serve({ facts: { ...FACTS, trackers }, join: (hear) => subscribers.join(hear) });
  return { path, listener, commands, say: (event) => subscribers.deliver(event) };
}

/** A socket that says what the test likes. */
export class Stranger {
  readonly socket: net.Socket;
  readonly #closed = deferred<void>();
  readonly #connected = deferred<void>();
  #heard = Buffer.alloc(0);
  #lookers: (() => void)[] = [];

  constructor(path: string) {
    this.socket = net.connect({ path });
    this.socket.on('connect', () => this.#connected.resolve());
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.#closed.resolve());
    this.socket.on('data', (bytes: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, bytes]);
      for (const look of this.#lookers.splice(0)) look();
    });
  }

  get heard(): Buffer {
    return this.#heard;
  }

  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Settles when the other side has hung up; rejects when it does not. */
  dropped(): Promise<void> {
    return within(this.#closed.promise, DEADLINE_MS, () => {
      throw new Error('was not dropped');
    });
  }

  async hears(fits: (heard: Buffer) => boolean): Promise<void> {
    while (!fits(this.#heard)) {
      const more = deferred<void>();
      this.#lookers.push(() => more.resolve());
      await within(more.promise, DEADLINE_MS, () => {
        throw new Error(`heard only ${this.#heard.length} bytes`);
      });
    }
  }
}
