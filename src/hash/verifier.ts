// Hands pieces to the hash threads: alone while threads have nothing else to do, several in one task when pieces come faster
// than they are verified, so that a busy pool spends its time on bytes and not on messages. A piece waits for at most the
// task that is at work and the one behind it. Decides nothing about pieces.

import { assert, present } from '../base/assert.js';
import { type Deferred, deferred } from '../base/deferred.js';
import { VERIFY_BATCH_MAX } from '../base/limits.js';
import type { HashAnswer, HashTask, OutcomeRow } from './messages.js';

/** Compare `length` bytes of slot `slot` with `digest`; when equal, write them to `fd` at `offset`. */
export interface VerifyTask {
  readonly slot: number;
  readonly length: number;
  readonly digest: Uint8Array;
  readonly fd: number;
  readonly offset: number;
}

export type VerifyOutcome =
  | { readonly kind: 'stored' | 'mismatch' }
  /** The name of the system's error, such as ENOSPC. */
  | { readonly kind: 'ioError'; readonly errno: string };

interface Waiting {
  readonly task: VerifyTask;
  readonly outcome: Deferred<VerifyOutcome>;
}

export class Verifier {
  readonly #run: (task: HashTask) => Promise<HashAnswer>;
  readonly #lanes: number;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #isDue = false;

  /** @param lanes tasks that the threads take at once: one at work and one behind it, for each. */
  constructor(lanes: number, run: (task: HashTask) => Promise<HashAnswer>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  /** Rejects as `run` does. */
  verify(task: VerifyTask): Promise<VerifyOutcome> {
    const outcome = deferred<VerifyOutcome>();
    this.#waiting.push({ task, outcome });
    // Pieces of one turn go together.
    if (!this.#isDue) queueMicrotask(() => this.#pump());
    this.#isDue = true;
    return outcome.promise;
  }

  #pump(): void {
    this.#isDue = false;
    while (this.#underWay < this.#lanes && this.#waiting.length > 0) {
      const share = Math.ceil(this.#waiting.length / (this.#lanes - this.#underWay));
      void this.#perform(this.#waiting.splice(0, Math.min(VERIFY_BATCH_MAX, share)));
    }
  }

  async #perform(batch: readonly Waiting[]): Promise<void> {
    this.#underWay += 1;
    try {
      const pieces = batch.map(
        ({ task: { slot, length, digest, fd, offset } }) => [slot, length, digest, fd, offset] as const,
      );
      const answer = await this.#run({ kind: 'verifyPieces', pieces });
      assert(
        answer.kind === 'verified' && answer.outcomes.length === batch.length,
        'a thread answers what it was asked',
      );
      const { outcomes } = answer;
      for (const [at, { outcome }] of batch.entries())
        outcome.resolve(outcomeOf(present(outcomes[at], 'each piece has its outcome')));
    } catch (error) {
      for (const { outcome } of batch) outcome.reject(error);
    } finally {
      this.#underWay -= 1;
      this.#pump();
    }
  }
}

function outcomeOf([kind, errno]: OutcomeRow): VerifyOutcome {
  return kind === 'ioError' ? { kind, errno } : { kind };
}
