// `show peers`: one question to the download thread and to every thread that serves, whose answers are put together. A thread that
// does not answer (it is being restarted) costs its part of the answer, not the question.

import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { DownloadEvent } from '../../transfer/download/messages.js';
import type { ServeEvent } from '../../transfer/peer/messages.js';
import { ASK_DEADLINE_MS } from '../limits.js';
import type { ClientEvent, PeerRow } from '../messages.js';
import type { ClientThreads } from './threads.js';

interface Open {
  readonly ask: number;
  readonly file: number;
  readonly rows: PeerRow[];
  readonly timer: Timer;
  answersMissing: number;
}

export class PeerQuery {
  readonly #threads: ClientThreads;
  readonly #answer: (event: ClientEvent) => void;
  readonly #open = new Map<number, Open>();
  #next = 1;

  constructor(threads: ClientThreads, answer: (event: ClientEvent) => void) {
    this.#threads = threads;
    this.#answer = answer;
  }

  listPeers(ask: number, file: number): void {
    const key = this.#next;
    this.#next += 1;
    const timer = systemTimers.at(systemTimers.nowMs() + ASK_DEADLINE_MS, () => this.#close(key));
    this.#threads.download.tell({ kind: 'describe', file, ask: key });
    const serving = this.#threads.tellAcceptors({ kind: 'describe', ask: key });
    this.#open.set(key, { ask, file, rows: [], timer, answersMissing: 1 + serving });
  }

  /** Answers what is open with what is there; afterwards no timer is left. */
  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.#close(key);
  }

  downloadsDescribed(event: Extract<DownloadEvent, { kind: 'described' }>): void {
    this.#add(
      event.ask,
      event.peers.map((peer) => ({ direction: 'from', ...peer })),
    );
  }

  uploadsDescribed(event: Extract<ServeEvent, { kind: 'described' }>): void {
    const file = this.#open.get(event.ask)?.file;
    this.#add(
      event.ask,
      event.peers
        .filter((peer) => peer.file === file)
        .map(({ host, port, bytes }) => ({ direction: 'to', host, port, bytes, rate: 0, pieces: 0 })),
    );
  }

  #add(key: number, rows: readonly PeerRow[]): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    open.rows.push(...rows);
    open.answersMissing -= 1;
    if (open.answersMissing === 0) this.#close(key);
  }

  #close(key: number): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    open.timer.cancel();
    this.#answer({ kind: 'peersListed', ask: open.ask, peers: open.rows });
  }
}
