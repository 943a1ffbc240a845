// Keeps a running download's resume data on the disk, one write after another, so that an older record never replaces a
// newer one. Only pieces that were written before a flush began count as flushed. A record that cannot be saved costs
// hashing after a crash, never the download.

import type { Log } from '../../foundation/base/log.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { leftAs, saveResume } from '../storage/part/resume.js';
import { loadTotals, saveTotals, sumOf, type Totals } from '../storage/part/totals.js';
import type { Storage } from '../storage/storage.js';

export interface ResumeWriterOptions {
  readonly swarm: SwarmKey;
  readonly size: number;
  /** Pieces that are on disk. Grows meanwhile; what it has at the start is flushed. */
  readonly done: Bitfield;
  readonly storage: Storage;
  readonly resumePath: string;
  /** Since it was opened. */
  readonly totals: () => Totals;
  readonly log: Log;
}

export class ResumeWriter {
  readonly #options: ResumeWriterOptions;
  #synced: Bitfield;
  #last: Promise<void> = Promise.resolve();
  #isQueued = false;
  /** Of earlier runs, and of this one before it was opened again. */
  #former: Totals | undefined;

  constructor(options: ResumeWriterOptions) {
    this.#options = options;
    this.#synced = copyOf(options.done);
  }

  /** Settles when everything requested so far is done or has failed. */
  get settled(): Promise<void> {
    return this.#last;
  }

  /** Saves soon, with the pieces that are had by then. */
  save(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#queue(async () => {
      this.#isQueued = false;
      await this.#write(false);
    });
  }

  /** Flushes what is written so far, and records that. */
  sync(): void {
    this.#queue(async () => {
      const written = copyOf(this.#options.done);
      await this.#options.storage.flush();
      this.#synced = written;
      await this.#write(true);
    });
  }

  /** Records how the file was left: while it stays like this, no piece needs checking at the next start. */
  async close(): Promise<void> {
    const { storage, done } = this.#options;
    await this.#last;
    await storage.flush();
    this.#synced = copyOf(done);
    await this.#write(true, true);
  }

  /** @param isLast the download has stopped, and nothing is written to its storage any more. */
  async #write(durable: boolean, isLast = false): Promise<void> {
    const { swarm, size, done, storage, resumePath, totals } = this.#options;
    const left = leftAs(await storage.stamp(), isLast, isLast ? await storage.times() : undefined);
    const have = copyOf(done);
    // Before the pieces, so that a crash between the two leaves no piece that is not counted.
    await this.#saveTotals(totals());
    await saveResume(resumePath, { swarm, size, have, synced: this.#synced, left }, { durable });
  }

  async #saveTotals(sinceOpened: Totals): Promise<void> {
    const { resumePath, log } = this.#options;
    try {
      this.#former ??= await loadTotals(resumePath);
      await saveTotals(resumePath, sumOf(this.#former, sinceOpened));
    } catch (error) {
      log.warn({ err: error }, 'totals could not be saved: after a restart, the download counts what it received anew');
    }
  }

  #queue(work: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      try {
        await work();
      } catch (error) {
        this.#options.log.warn(
          { err: error },
          'resume data could not be saved: after a crash, pieces are hashed or fetched again',
        );
      }
    });
  }
}

function copyOf({ pieceCount, bytes }: Bitfield): Bitfield {
  return new Bitfield(pieceCount, new Uint8Array(bytes));
}
