// Questions to the client's threads: each gets a number, and its answers are awaited until a deadline. A thread that
// does not answer in time is left out, so a restarting thread never blocks a command.

import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { DownloadCommand, DownloadEvent } from '../../transfer/download/messages.js';
import type { ServeCommand, ServeEvent } from '../../transfer/peer/messages.js';
import { ASK_DEADLINE_MS } from '../limits.js';

type Numbered<M> = Extract<M, { readonly ask: number }>;
type Answer = Numbered<DownloadEvent> | Numbered<ServeEvent>;
type AnswerOf<M, K> = Extract<Numbered<M>, { readonly kind: K }>;
type Unnumbered<M> = M extends { readonly ask: number } ? Omit<M, 'ask'> : never;

/** The part of ClientThreads that is needed here. */
export interface AskedThreads {
  readonly download: { tell(command: DownloadCommand): void };
  /** To every accepting thread. @returns how many there are. */
  tellAcceptors(command: ServeCommand): number;
}

interface Open {
  readonly answers: Answer[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly timer: Timer;
  missing: number;
}

export class ThreadQueries {
  readonly #threads: AskedThreads;
  readonly #open = new Map<number, Open>();
  #next = 1;

  constructor(threads: AskedThreads) {
    this.#threads = threads;
  }

  /** Asks the download thread; `kind` is the answering event. Undefined when it did not answer in time. */
  async download<K extends Numbered<DownloadEvent>['kind']>(
    question: Unnumbered<DownloadCommand>,
    kind: K,
    deadlineMs = ASK_DEADLINE_MS,
  ): Promise<AnswerOf<DownloadEvent, K> | undefined> {
    const answers = await this.#ask(deadlineMs, (ask) => {
      this.#threads.download.tell({ ...question, ask } as DownloadCommand);
      return 1;
    });
    return answers.find((answer): answer is AnswerOf<DownloadEvent, K> => answer.kind === kind);
  }

  /** Asks every accepting thread; `kind` is the answering event. Those that came in time. */
  async acceptors<K extends Numbered<ServeEvent>['kind']>(
    question: Unnumbered<ServeCommand>,
    kind: K,
  ): Promise<readonly AnswerOf<ServeEvent, K>[]> {
    const answers = await this.#ask(ASK_DEADLINE_MS, (ask) =>
      this.#threads.tellAcceptors({ ...question, ask } as ServeCommand),
    );
    return answers.filter((answer): answer is AnswerOf<ServeEvent, K> => answer.kind === kind);
  }

  /** An answer that comes after its deadline is dropped. */
  take(answer: Answer): void {
    const open = this.#open.get(answer.ask);
    if (open === undefined) return;
    open.answers.push(answer);
    open.missing -= 1;
    if (open.missing === 0) this.#close(answer.ask);
  }

  /** Settles all open questions with the answers so far. Leaves no timer. */
  closeAll(): void {
    for (const ask of [...this.#open.keys()]) this.#close(ask);
  }

  /** @param tell sends the question and returns how many answers follow. */
  #ask(deadlineMs: number, tell: (ask: number) => number): Promise<readonly Answer[]> {
    const ask = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const timer = systemTimers.at(systemTimers.nowMs() + deadlineMs, () => this.#close(ask));
      this.#open.set(ask, { answers: [], resolve, timer, missing: tell(ask) });
    });
  }

  #close(ask: number): void {
    const open = this.#open.get(ask);
    if (open === undefined) return;
    this.#open.delete(ask);
    open.timer.cancel();
    open.resolve(open.answers);
  }
}
