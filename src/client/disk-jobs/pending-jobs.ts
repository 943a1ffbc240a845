// The jobs that wait for a disk at the moment, and the paths that they are about.

import { type Deferred, deferred } from '../../foundation/base/deferred.js';
import type { ClientEffect } from '../effects.js';

export class PendingJobs {
  readonly #jobs = new Set<ClientEffect>();
  #hanging: readonly string[] = [];
  #none: Deferred<void> | undefined;

  begun(effect: ClientEffect): void {
    this.#jobs.add(effect);
  }

  ended(effect: ClientEffect): void {
    this.#jobs.delete(effect);
    if (this.#jobs.size === 0) this.#none?.resolve();
  }

  /** Settles when there is none. */
  async allEnded(): Promise<void> {
    if (this.#jobs.size === 0) return;
    this.#none = deferred();
    await this.#none.promise;
  }

  /** The jobs of this moment do not end. */
  noteHanging(): void {
    this.#hanging = [...new Set([...this.#jobs].flatMap((job) => pathOf(job) ?? []))];
  }

  /** Their paths, each once. */
  get hanging(): readonly string[] {
    return this.#hanging;
  }
}

function pathOf(effect: ClientEffect): string | undefined {
  if ('entry' in effect) return effect.entry.path;
  if ('path' in effect) return effect.path;
  return 'destination' in effect ? effect.destination : undefined;
}

/** The paths that somebody who waits for an answer has named. */
export function pathsAsked(effect: ClientEffect): readonly string[] {
  if (!('ask' in effect)) return [];
  const named: readonly (string | undefined)[] = [
    pathOf(effect),
    'entry' in effect ? effect.entry.mtorrentPath : undefined,
    'mtorrentPath' in effect ? effect.mtorrentPath : undefined,
  ];
  return named.filter((path) => path !== undefined);
}
