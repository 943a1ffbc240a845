// Polls the client for running downloads and hashing, and has them drawn: four times a second while any runs, rarely
// while none does. Sends no request before the last answer has arrived, so a slow client is not overloaded.

import { systemClock } from '../../../foundation/base/clock.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { DOWNLOAD_LOOK_MS } from '../../../foundation/base/limits.js';
import type { Overview } from '../../library/views.js';
import { type FileView, isRunning } from '../../library/views.js';
import { IDLE_POLL_MS } from '../limits.js';
import type { TerminalAbilities } from './abilities.js';
import type { Draw } from './footer.js';
import { paintOf } from './paint.js';
import type { Sample } from './progress.js';

export interface OverviewSource {
  overview(): Promise<Overview>;
}

export class LiveProgress {
  readonly #client: OverviewSource;
  readonly #abilities: TerminalAbilities;
  readonly #show: (draw: Draw | undefined) => void;
  #shown: readonly FileView[] = [];
  #sample: Sample | undefined;
  #isPolling = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: OverviewSource, abilities: TerminalAbilities, show: (draw: Draw | undefined) => void) {
    this.#client = client;
    this.#abilities = abilities;
    this.#show = show;
  }

  /** Running downloads at the last poll. */
  get runningCount(): number {
    return this.#shown.filter(isRunning).length;
  }

  /** Polls now, because something may have changed. */
  poll(): void {
    if (this.#isClosed || this.#isPolling) return;
    clearTimeout(this.#timer);
    this.#isPolling = true;
    void this.#poll();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #poll(): Promise<void> {
    try {
      const { files } = await this.#client.overview();
      this.#shown = files.filter((file) => isRunning(file) || file.state === 'hashing');
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      // The client has ended, and the console is about to notice.
      this.#shown = [];
      this.close();
    }
    await this.#draw();
    this.#isPolling = false;
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.poll(), this.#shown.length > 0 ? DOWNLOAD_LOOK_MS : IDLE_POLL_MS);
  }

  async #draw(): Promise<void> {
    const shown = this.#shown;
    if (shown.length === 0) {
      this.#sample = undefined;
      this.#show(undefined);
      return;
    }
    // Loaded with the first download: the code that measures text is slow to load.
    const { progressLines, sampleOf } = await import('./progress.js');
    if (this.#isClosed) return;
    const sample = sampleOf(shown, this.#sample, systemClock.nowMs());
    this.#sample = sample;
    const { unicode, colour } = this.#abilities;
    const paint = paintOf(colour);
    this.#show((columns, rows) => progressLines(shown, sample, { columns, rows, unicode, paint }));
  }
}
