// Batches pieces into tasks of the hash threads: alone what comes alone while the threads have nothing else to do, several in one task
// when pieces come faster than they are stored, so that a busy pool spends its time on bytes and not on messages. Decides nothing
// about pieces.

import { assert } from '../../foundation/base/assert.js';
import { type Deferred, deferred } from '../../foundation/base/deferred.js';
import type { Lanes } from './lanes.js';
import { VERIFY_BATCH_MAX } from './limits.js';
import type { HashAnswer, HashTask, PieceOutcome, PieceToStore } from './messages.js';

/** Pieces that came together. */
interface Group {
  readonly pieces: readonly PieceToStore[];
  readonly outcomes: Deferred<readonly PieceOutcome[]>;
}

export class Batches {
  readonly #run: (task: HashTask) => Promise<HashAnswer>;
  readonly #lanes: Lanes;
  readonly #waiting: Group[] = [];
  /** Pieces in the waiting groups. */
  #pieces = 0;
  #inFlight = 0;
  #isDue = false;

  /** @param lanes how many tasks the threads take at once. */
  constructor(lanes: Lanes, run: (task: HashTask) => Promise<HashAnswer>) {
    this.#lanes = lanes;
    this.#run = run;
  }

  /** An outcome for each piece, in order. Rejects as `run` does. @param pieces that came together, at most VERIFY_BATCH_MAX. */
  store(pieces: readonly PieceToStore[]): Promise<readonly PieceOutcome[]> {
    assert(pieces.length > 0 && pieces.length <= VERIFY_BATCH_MAX, 'a group fits into one task');
    const outcomes = deferred<readonly PieceOutcome[]>();
    this.#waiting.push({ pieces, outcomes });
    this.#pieces += pieces.length;
    // Pieces of one turn go together.
    if (!this.#isDue) queueMicrotask(() => this.#pump());
    this.#isDue = true;
    return outcomes.promise;
  }

  #pump(): void {
    this.#isDue = false;
    const nowMs = performance.now();
    const lanes = this.#lanes.count(nowMs);
    while (this.#inFlight < lanes && this.#waiting.length > 0) {
      const share = Math.ceil(this.#pieces / (lanes - this.#inFlight));
      void this.#perform(this.#take(Math.min(VERIFY_BATCH_MAX, share)));
    }
    this.#lanes.filled(this.#waiting.length > 0, nowMs);
  }

  /** The groups that have waited longest: one, and as many more as make `count` pieces together. */
  #take(count: number): readonly Group[] {
    let groups = 0;
    let taken = 0;
    for (const { pieces } of this.#waiting) {
      if (groups > 0 && taken + pieces.length > count) break;
      groups += 1;
      taken += pieces.length;
    }
    this.#pieces -= taken;
    return this.#waiting.splice(0, groups);
  }

  async #perform(batch: readonly Group[]): Promise<void> {
    this.#inFlight += 1;
    try {
      const all = batch.flatMap(({ pieces }) => pieces);
      const answer = await this.#run({ kind: 'storePieces', pieces: all });
      assert(answer.kind === 'stored' && answer.outcomes.length === all.length, 'a thread answers what it was asked');
      let at = 0;
      for (const { pieces, outcomes } of batch) {
        outcomes.resolve(answer.outcomes.slice(at, at + pieces.length));
        at += pieces.length;
      }
    } catch (error) {
      for (const { outcomes } of batch) outcomes.reject(error);
    } finally {
      this.#inFlight -= 1;
      this.#pump();
    }
  }
}
