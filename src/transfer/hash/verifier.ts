// Hands pieces to the hash threads: what came together in one task, and alone what came alone while threads have nothing else to do;
// several in one task when pieces come faster than they are verified, so that a busy pool spends its time on bytes and not on
// messages. Decides nothing about pieces.

import { assert } from '../../foundation/base/assert.js';
import { type Deferred, deferred } from '../../foundation/base/deferred.js';
import type { Lanes } from './lanes.js';
import { VERIFY_BATCH_MAX } from './limits.js';
import type { HashAnswer, HashTask, OutcomeRow, VerifyTask } from './messages.js';

export type VerifyOutcome =
  | { readonly kind: 'stored' | 'mismatch' }
  /** The name of the system's error, such as ENOSPC. */
  | { readonly kind: 'ioError'; readonly errno: string };

/** Pieces that came together. */
interface Group {
  readonly tasks: readonly VerifyTask[];
  readonly outcomes: Deferred<readonly VerifyOutcome[]>;
}

export class Verifier {
  readonly #run: (task: HashTask) => Promise<HashAnswer>;
  readonly #lanes: Lanes;
  readonly #waiting: Group[] = [];
  /** Pieces in them. */
  #pieces = 0;
  #underWay = 0;
  #isDue = false;

  /** @param lanes tasks that the threads take at once: one at work and one behind it, for each. */
  constructor(lanes: Lanes, run: (task: HashTask) => Promise<HashAnswer>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  /** An outcome for each, in order. Rejects as `run` does. @param tasks up to VERIFY_BATCH_MAX pieces that came together. */
  verify(tasks: readonly VerifyTask[]): Promise<readonly VerifyOutcome[]> {
    assert(tasks.length > 0 && tasks.length <= VERIFY_BATCH_MAX, 'a group fits into one task');
    const outcomes = deferred<readonly VerifyOutcome[]>();
    this.#waiting.push({ tasks, outcomes });
    this.#pieces += tasks.length;
    // Pieces of one turn go together.
    if (!this.#isDue) queueMicrotask(() => this.#pump());
    this.#isDue = true;
    return outcomes.promise;
  }

  #pump(): void {
    this.#isDue = false;
    const nowMs = performance.now();
    const lanes = this.#lanes.count(nowMs);
    while (this.#underWay < lanes && this.#waiting.length > 0) {
      const share = Math.ceil(this.#pieces / (lanes - this.#underWay));
      void this.#perform(this.#take(Math.min(VERIFY_BATCH_MAX, share)));
    }
    this.#lanes.filled(this.#waiting.length > 0, nowMs);
  }

  /** The groups that wait longest: one, and as many more as make `pieces` together. */
  #take(pieces: number): readonly Group[] {
    let count = 0;
    let taken = 0;
    for (const { tasks } of this.#waiting) {
      if (count > 0 && taken + tasks.length > pieces) break;
      count += 1;
      taken += tasks.length;
    }
    this.#pieces -= taken;
    return this.#waiting.splice(0, count);
  }

  async #perform(batch: readonly Group[]): Promise<void> {
    this.#underWay += 1;
    try {
      const pieces = batch.flatMap(({ tasks }) => tasks);
      const answer = await this.#run({ kind: 'verifyPieces', pieces });
      assert(
        answer.kind === 'verified' && answer.outcomes.length === pieces.length,
        'a thread answers what it was asked',
      );
      let at = 0;
      for (const { tasks, outcomes } of batch) {
        outcomes.resolve(answer.outcomes.slice(at, at + tasks.length).map(outcomeOf));
        at += tasks.length;
      }
    } catch (error) {
      for (const { outcomes } of batch) outcomes.reject(error);
    } finally {
      this.#underWay -= 1;
      this.#pump();
    }
  }
}

function outcomeOf({ kind, errno }: OutcomeRow): VerifyOutcome {
  return kind === 'ioError' ? { kind, errno } : { kind };
}
