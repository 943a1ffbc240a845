// Saves the client's state as it changes, one save at a time. Changes made while a save waits go with it, so the newest
// state is written last. A failed save is told to the user, and tried again until it succeeds.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { LibraryChange } from '../files/file-table.js';
import type { Entry } from '../files/record.js';
import { LOOK_AGAIN_MS } from '../limits.js';
import type { Journal } from './journal.js';
import { type Identity, saveIdentity } from './library.js';

export interface StateWriterOptions {
  readonly identityPath: string;
  readonly journal: Journal;
  /** What the journal holds. */
  readonly entries: readonly Entry[];
  readonly log: Log;
  readonly onNotice: (level: 'good' | 'bad', sentence: string) => void;
  /** A bug, not an error of the disk. */
  readonly onFatal: (error: unknown) => void;
}

type Outcome = MiniTorrentError | undefined;

export class StateWriter {
  readonly #options: StateWriterOptions;
  #saving: Promise<unknown> = Promise.resolve();
  #recorded: Promise<Outcome> = Promise.resolve(undefined);
  /** The library as it should be on the disk. */
  readonly #entries: Map<SwarmKey, Entry>;
  #unsaved: LibraryChange[] = [];
  #isQueued = false;
  #hasFailed = false;
  #retry: Timer | undefined;

  constructor(options: StateWriterOptions) {
    this.#options = options;
    this.#entries = new Map(options.entries.map((entry) => [entry.swarm, entry]));
  }

  /** Settles when every save so far is on disk, or has failed and was told. */
  get saved(): Promise<unknown> {
    return this.#saving;
  }

  /** Why the library as it is now could not be saved; undefined once it is on the disk. */
  get recorded(): Promise<MiniTorrentError | undefined> {
    return this.#recorded;
  }

  saveLibrary(changes: readonly LibraryChange[]): void {
    for (const { swarm, entry } of changes) {
      if (entry === undefined) this.#entries.delete(swarm);
      else this.#entries.set(swarm, entry);
    }
    this.#unsaved.push(...changes);
    if (this.#unsaved.length > 0) this.#saveSoon();
  }

  saveIdentity(identity: Identity): void {
    void this.#queue(() => saveIdentity(this.#options.identityPath, identity), "this client's identity");
  }

  /** Writes what releases before the journal read, and closes it. */
  async close(): Promise<void> {
    this.#retry?.cancel();
    await this.#queue(() => this.#options.journal.mirror(this.#entries), "the list of this client's files");
    await this.#options.journal.close();
  }

  #saveSoon(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#recorded = this.#queue(async () => {
      this.#isQueued = false;
      const changes = this.#unsaved;
      this.#unsaved = [];
      await this.#options.journal.record(changes, this.#entries);
    }, "the list of this client's files").then((failure) => this.#outcome(failure));
  }

  #outcome(failure: Outcome): Outcome {
    const { onNotice } = this.#options;
    if (failure === undefined && this.#hasFailed) onNotice('good', "the list of this client's files is saved again");
    this.#hasFailed = failure !== undefined;
    this.#retry?.cancel();
    if (failure !== undefined)
      this.#retry = systemTimers.at(systemTimers.nowMs() + LOOK_AGAIN_MS, () => this.#saveSoon());
    return failure;
  }

  #queue(save: () => Promise<void>, what: string): Promise<Outcome> {
    const { log, onNotice, onFatal } = this.#options;
    const done = this.#saving.then(async () => {
      try {
        await save();
        return undefined;
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) {
          onFatal(error);
          return undefined;
        }
        log.error({ err: error }, 'the state could not be saved');
        if (!this.#hasFailed) onNotice('bad', `${what} could not be saved: ${error.message}`);
        return error;
      }
    });
    this.#saving = done;
    return done;
  }
}
