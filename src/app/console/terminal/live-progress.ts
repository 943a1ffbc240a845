// Watches the downloads of a client, and what it hashes, for whoever draws them: looks four times a second while one runs, and
// now and then whether one runs again. Asks only when the last answer has come, so a client that is slow is not asked more.

import { systemClock } from '../../../foundation/base/clock.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { DOWNLOAD_LOOK_MS } from '../../../foundation/base/limits.js';
import type { Overview } from '../../library/views.js';
import { type FileView, isRunning } from '../../library/views.js';
import { IDLE_LOOK_MS } from '../limits.js';
import type { TerminalAbilities } from './abilities.js';
import type { Draw } from './footer.js';
import { paintOf } from './paint.js';
import type { Sample } from './progress.js';

export interface Watched {
  overview(): Promise<Overview>;
}

export class LiveProgress {
  readonly #client: Watched;
  readonly #abilities: TerminalAbilities;
  readonly #show: (draw: Draw | undefined) => void;
  #shown: readonly FileView[] = [];
  #sample: Sample | undefined;
  #isAsking = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Watched, abilities: TerminalAbilities, show: (draw: Draw | undefined) => void) {
    this.#client = client;
    this.#abilities = abilities;
    this.#show = show;
  }

  /** Downloads, when it was last looked. */
  get runningCount(): number {
    return this.#shown.filter(isRunning).length;
  }

  /** Now: something may have changed. */
  look(): void {
    if (this.#isClosed || this.#isAsking) return;
    clearTimeout(this.#timer);
    this.#isAsking = true;
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const { files } = await this.#client.overview();
      this.#shown = files.filter((file) => isRunning(file) || file.state === 'hashing');
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      // Nobody is there to be asked any more; the console is about to hear of it.
      this.#shown = [];
      this.close();
    }
    await this.#draw();
    this.#isAsking = false;
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.look(), this.#shown.length > 0 ? DOWNLOAD_LOOK_MS : IDLE_LOOK_MS);
  }

  async #draw(): Promise<void> {
    const shown = this.#shown;
    if (shown.length === 0) {
      this.#sample = undefined;
      this.#show(undefined);
      return;
    }
    // Loaded with the first download: measuring text takes longer to load than anything else here.
    const { progressLines, sampleOf } = await import('./progress.js');
    if (this.#isClosed) return;
    const sample = sampleOf(shown, this.#sample, systemClock.nowMs());
    this.#sample = sample;
    const { unicode, colour } = this.#abilities;
    const paint = paintOf(colour);
    this.#show((columns, rows) => progressLines(shown, sample, { columns, rows, unicode, paint }));
  }
}
