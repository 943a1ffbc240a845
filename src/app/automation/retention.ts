// Has the client follow the rules of retention: at the start, from time to time, and when a download has ended.

import { alarm } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type LogFile, type LogTarget, openLog } from '../../foundation/base/log.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { RetentionRules } from '../library/views.js';
import { RETENTION_AGAIN_MS, RETENTION_ROUND_MS, RETENTION_SOON_MS } from './limits.js';

export class RetentionRounds {
  readonly #client: SwarmClient;
  readonly #rules: RetentionRules;
  readonly #logFile: LogFile;
  readonly #unlisten: () => void;
  /** Undefined while a round runs, unless a download has ended meanwhile. */
  #next: { cancel(): void } | undefined;
  #isRunning = false;
  #isClosed = false;

  constructor(client: SwarmClient, rules: RetentionRules, log: LogTarget) {
    this.#client = client;
    this.#rules = rules;
    this.#logFile = openLog(log, 'retention');
    this.#unlisten = client.listen(({ kind }) => {
      if (kind === 'completed') this.#after(RETENTION_SOON_MS);
    });
    this.#after(RETENTION_SOON_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#unlisten();
    this.#next?.cancel();
    this.#logFile.close();
  }

  #after(ms: number): void {
    if (this.#isClosed) return;
    this.#next?.cancel();
    this.#next = alarm(ms, () => void this.#round());
  }

  async #round(): Promise<void> {
    // A disk that hangs keeps one round waiting, not many.
    if (this.#isRunning) return this.#after(RETENTION_AGAIN_MS);
    this.#isRunning = true;
    this.#next = undefined;
    let pauseMs = RETENTION_ROUND_MS;
    try {
      const { going, freed, bytes, downloads } = await this.#client.retain(this.#rules);
      if (!this.#isClosed)
        this.#logFile.log.info({ downloads, going, freed, bytes }, 'the rules of retention were applied');
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      if (!this.#isClosed) this.#logFile.log.info({}, `the rules of retention wait: ${error.message}`);
      pauseMs = RETENTION_AGAIN_MS;
    } finally {
      this.#isRunning = false;
    }
    // What ended during the round was not part of it.
    if (this.#next === undefined) this.#after(pauseMs);
  }
}
