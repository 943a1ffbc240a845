// Where uploads are decided: the upload machine runs on one peer thread, and every other thread that serves reaches it
// over a link. Carries reports and orders, and decides nothing.

import { Host } from '../../../foundation/actor/host.js';
import { type Link, openLink } from '../../../foundation/actor/link.js';
import type { MessagePort } from '../../../foundation/actor/thread.js';
import type { Prng } from '../../../foundation/base/prng.js';
import type { Timers } from '../../../foundation/base/timers.js';
import { type UploadInput, UploadMachine } from './machine.js';
import { UploadMemory } from './memory.js';
import { threadOf, type UploadOrder, type UploadReport, uploadOrders, uploadReports } from './messages.js';

/** The upload machine as a thread that serves sees it: on this thread, or at the other end of a link. */
export interface UploadDecider {
  readonly memory: UploadMemory;
  readonly report: (report: UploadReport) => void;
  /** True while reports wait at this end. */
  readonly isBehind: boolean;
  /** It gets no further reports. */
  close(): void;
}

export interface DeskOptions {
  /** The number of this thread. */
  readonly thread: number;
  readonly timers: Timers;
  readonly prng: Prng;
  /** Performs what is decided about this thread's connections. */
  readonly obey: (order: UploadOrder) => void;
  readonly onCrash: (error: unknown) => void;
}

export class UploadDesk implements UploadDecider {
  readonly memory: UploadMemory;
  readonly isBehind = false;
  readonly #options: DeskOptions;
  readonly #host: Host<UploadInput, UploadOrder>;
  readonly #links = new Map<number, Link<UploadOrder>>();

  /** @param memory for the buffers, that no earlier desk has lent out. */
  constructor(options: DeskOptions, memory: SharedArrayBuffer) {
    this.#options = options;
    this.memory = new UploadMemory(memory);
    const { timers, prng, onCrash } = options;
    this.#host = new Host<UploadInput, UploadOrder>({
      name: 'uploads',
      machine: new UploadMachine(prng, timers.nowMs()),
      perform: (order) => this.#perform(order),
      onCrash,
      timers,
    });
  }

  readonly report = (report: UploadReport): void => this.#host.post(report);

  /** Bytes a second of all uploads together; NO_LIMIT takes the limit away. */
  limit(rate: number): void {
    this.#host.post({ kind: 'limit', rate });
  }

  /** `thread` serves, too. A previous thread of this number has ended and touches no buffer any more. */
  attach(thread: number, port: MessagePort): void {
    const earlier = this.#links.get(thread);
    if (earlier !== undefined) {
      // Its last reports are about connections that are gone.
      earlier.close();
      this.#links.delete(thread);
      this.#host.post({ kind: 'threadLost', thread });
    }
    const link = openLink<UploadOrder, UploadReport>({
      port,
      sends: uploadOrders,
      receives: uploadReports,
      handle: (report) => {
        if (this.#links.get(thread) === link) this.#host.post(report);
      },
      onCrash: this.#options.onCrash,
    });
    this.#links.set(thread, link);
  }

  close(): void {
    this.#host.stop();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #perform(order: UploadOrder): void {
    const thread = threadOf(order.connection);
    if (thread === this.#options.thread) this.#options.obey(order);
    else this.#links.get(thread)?.tell(order);
  }
}

export interface RemoteDeskOptions {
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
  readonly obey: (order: UploadOrder) => void;
  /** Reports are taken again. */
  readonly onDrain: () => void;
  readonly onCrash: (error: unknown) => void;
}

/** The desk on another thread. */
export function remoteDesk({ port, memory, obey, onDrain, onCrash }: RemoteDeskOptions): UploadDecider {
  let isLeft = false;
  const link = openLink<UploadReport, UploadOrder>({
    port,
    sends: uploadReports,
    receives: uploadOrders,
    handle: (order) => {
      // Orders that arrive after `close` are about connections that are gone.
      if (!isLeft) obey(order);
    },
    onCrash,
  });
  link.onDrain = onDrain;
  return {
    memory: new UploadMemory(memory),
    report: (report) => link.tell(report),
    get isBehind() {
      return link.congested;
    },
    close: () => {
      isLeft = true;
      link.close();
    },
  };
}
