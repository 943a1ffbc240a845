// Saves the client's state as it changes, one save at a time. Changes made while a save waits go with it, so the newest
// state is written last. A failed save is told to the user, and the client continues.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { LibraryChange } from '../files/file-table.js';
import type { Entry } from '../files/record.js';
import { type Identity, type StatePaths, saveIdentity, saveLibrary } from './library.js';

export interface StateWriterOptions {
  readonly paths: StatePaths;
  readonly log: Log;
  readonly onTrouble: (sentence: string) => void;
  /** A bug, not an error of the disk. */
  readonly onFatal: (error: unknown) => void;
}

export class StateWriter {
  readonly #options: StateWriterOptions;
  #saving: Promise<void> = Promise.resolve();
  /** The library as it should be on the disk. */
  readonly #entries: Map<SwarmKey, Entry>;
  #isQueued = false;

  constructor(options: StateWriterOptions, entries: readonly Entry[]) {
    this.#options = options;
    this.#entries = new Map(entries.map((entry) => [entry.swarm, entry]));
  }

  /** Settles when every save so far is on disk, or has failed and was told. */
  get saved(): Promise<void> {
    return this.#saving;
  }

  saveLibrary(changes: readonly LibraryChange[]): void {
    for (const { swarm, entry } of changes) {
      if (entry === undefined) this.#entries.delete(swarm);
      else this.#entries.set(swarm, entry);
    }
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#queue(async () => {
      this.#isQueued = false;
      await saveLibrary(this.#options.paths.library, [...this.#entries.values()]);
    });
  }

  saveIdentity(identity: Identity): void {
    this.#queue(() => saveIdentity(this.#options.paths.identity, identity));
  }

  #queue(save: () => Promise<void>): void {
    const { log, onTrouble, onFatal } = this.#options;
    this.#saving = this.#saving.then(async () => {
      try {
        await save();
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) return onFatal(error);
        log.error({ err: error }, 'the state could not be saved');
        onTrouble(`the list of this client's files could not be saved: ${error.message}`);
      }
    });
  }
}
