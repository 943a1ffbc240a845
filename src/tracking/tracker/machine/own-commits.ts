// What a tracker commits of its own accord, for nobody who waits for an answer. Pure.

import type { Change } from '../../registry/changes.js';
import type { Registry } from '../../registry/registry.js';
import type { Commit, Refusal } from '../../store/contract.js';

export class OwnCommits {
  readonly #registry: Registry;
  readonly #commit: (commit: Commit) => void;
  #waiting = 0;

  constructor(registry: Registry, commit: (commit: Commit) => void) {
    this.#registry = registry;
    this.#commit = commit;
  }

  get areWaiting(): boolean {
    return this.#waiting > 0;
  }

  push(changes: readonly Change[], weight = changes.length): void {
    if (changes.length === 0) return;
    this.#waiting += 1;
    const settled = (refusal: Refusal | undefined, nowMs: number): void => {
      this.#waiting -= 1;
      if (refusal === undefined) return;
      // A client that is gone is not listed for want of disk space; the file follows when its next change is written.
      for (const change of changes) if (change.kind === 'expire') this.#registry.apply(change, nowMs, nowMs, 0);
    };
    this.#commit({ changes, weight, settled });
  }

  /** The list says that this tracker runs. */
  mark(): void {
    this.#waiting += 1;
    const settled = (): void => {
      this.#waiting -= 1;
    };
    this.#commit({ changes: [], weight: 1, settled });
  }
}
