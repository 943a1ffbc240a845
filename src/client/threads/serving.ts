// Makes the accepting peer threads serve as one client: one of them schedules all uploads, and all listen on one port.
// Decides what each is told when it starts or restarts. Invariant: a thread listens only when it is linked to the one
// that schedules.

import { MessageChannel } from '../../foundation/actor/thread.js';
import { midPageShared } from '../../foundation/base/bytes.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { UPLOAD_MEMORY_BYTES } from '../../foundation/base/limits.js';
import type { Address } from '../../foundation/torrent/address.js';
import { claimPort, type PortClaim } from '../../foundation/wire/port-claim.js';
import { listenError } from '../answers/listen-error.js';
import { FREE_PORTS_MAX } from '../limits.js';
import { DECIDER } from './placement.js';
import type { ClientThreads } from './threads.js';

export interface ServingOptions {
  readonly threads: Pick<ClientThreads, 'tellPeer'>;
  /** The peer threads 0 … acceptors - 1. */
  readonly acceptors: number;
  /** Port 0: any free port. */
  readonly upload: Address;
  /** Called once, when all of them listen. */
  readonly onListening: (port: number) => void;
  /** Listening failed, at start or after a restart. */
  readonly onFailed: (error: unknown) => void;
}

export class Serving {
  readonly #options: ServingOptions;
  #upload: Address;
  /** Threads that are linked to the one that schedules. */
  readonly #ready = new Set<number>();
  /** Threads that run and wait for the one that schedules. */
  readonly #waiting = new Set<number>();
  readonly #told = new Set<number>();
  readonly #listening = new Set<number>();
  #memory: SharedArrayBuffer | undefined;
  #claim: Promise<PortClaim> | undefined;
  #freePortsLeft = FREE_PORTS_MAX;
  #hasBegun = false;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#upload = options.upload;
  }

  /** `thread` has started or restarted, and knows nothing yet. */
  up(thread: number): void {
    const { threads } = this.#options;
    this.down(thread);
    if (thread !== DECIDER) {
      this.#waiting.add(thread);
      if (this.#memory !== undefined) this.#join(thread, this.#memory);
      return;
    }
    // Buffers that its predecessor lent may still be in use by a socket.
    const memory = midPageShared(UPLOAD_MEMORY_BYTES).buffer;
    this.#memory = memory;
    threads.tellPeer(DECIDER, { kind: 'decideUploads' }, [memory]);
    this.#ready.add(DECIDER);
    for (const other of [...this.#waiting, ...this.#ready]) if (other !== DECIDER) this.#join(other, memory);
    this.#listen(DECIDER);
  }

  /** It has ended, and its listening socket with it. */
  down(thread: number): void {
    for (const threads of [this.#ready, this.#waiting, this.#told, this.#listening]) threads.delete(thread);
    if (thread === DECIDER) this.#memory = undefined;
  }

  listens(thread: number, port: number): void {
    this.#listening.add(thread);
    this.#upload = { ...this.#upload, port };
    this.#letGo();
    for (const other of this.#ready) this.#listen(other);
    if (this.#hasBegun || this.#listening.size < this.#options.acceptors) return;
    this.#hasBegun = true;
    this.#options.onListening(port);
  }

  cannotListen(thread: number, errno: string): void {
    this.#told.delete(thread);
    this.#letGo();
    const { upload } = this.#options;
    const isFirst = !this.#hasBegun && this.#listening.size === 0;
    if (isFirst && upload.port === 0 && errno === 'EADDRINUSE' && this.#freePortsLeft > 1) {
      this.#freePortsLeft -= 1;
      this.#upload = upload;
      this.#listen(thread);
      return;
    }
    this.#options.onFailed(listenError(this.#upload, errno));
  }

  stop(): void {
    this.#letGo();
  }

  /**
   * Listens there, at the same port or at a free one, in place of the former host. Answers the address as soon as the
   * port is ours. Rejects with the system's error, and then nothing has changed.
   */
  async move(host: string): Promise<Address> {
    const claim = await claimPort(host, this.#upload.port).catch(() => claimPort(host, 0));
    this.#letGo();
    this.#claim = Promise.resolve(claim);
    this.#upload = { host, port: claim.port };
    this.#listening.clear();
    this.#told.clear();
    for (const thread of this.#ready) this.#tell(thread, this.#options.acceptors > 1);
    return this.#upload;
  }

  #join(thread: number, memory: SharedArrayBuffer): void {
    const { threads } = this.#options;
    const { port1, port2 } = new MessageChannel();
    threads.tellPeer(DECIDER, { kind: 'attachServing', thread }, [port1]);
    threads.tellPeer(thread, { kind: 'joinDesk' }, [port2, memory]);
    this.#waiting.delete(thread);
    this.#ready.add(thread);
    if (this.#listening.size > 0) this.#listen(thread);
  }

  /** A single thread simply listens. Otherwise the first one claims the port, and the others share it. */
  #listen(thread: number): void {
    if (this.#told.has(thread)) return;
    const shared = this.#options.acceptors > 1;
    if (shared && this.#listening.size === 0) {
      void this.#claimFor(thread);
      return;
    }
    this.#tell(thread, shared);
  }

  #tell(thread: number, shared: boolean): void {
    this.#told.add(thread);
    this.#options.threads.tellPeer(thread, {
      kind: 'listen',
      host: this.#upload.host,
      port: this.#upload.port,
      shared,
    });
  }

  async #claimFor(thread: number): Promise<void> {
    // A thread that died meanwhile left its claim to its successor.
    const isNew = this.#claim === undefined;
    this.#claim ??= claimPort(this.#upload.host, this.#upload.port);
    const claim = this.#claim;
    try {
      const { port } = await claim;
      if (this.#claim !== claim || this.#told.has(thread)) return;
      this.#upload = { ...this.#upload, port };
      this.#tell(thread, true);
    } catch (error) {
      if (!isNew) return;
      this.#claim = undefined;
      this.#options.onFailed(listenError(this.#upload, errnoOf(error) ?? 'EIO'));
    }
  }

  #letGo(): void {
    const claim = this.#claim;
    this.#claim = undefined;
    // The failure was already reported to the claimant.
    const released = claim?.then(
      (held) => held.release(),
      () => undefined,
    );
    released?.catch((error: unknown) => this.#options.onFailed(error));
  }
}
