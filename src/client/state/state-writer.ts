// Writes the client's state as it changes: one save after the other, and what changes while one waits goes with it, so that
// the newest state is the last one written. A disk that refuses is told to the user; the client goes on.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import type { Entry } from '../files/record.js';
import { type Identity, type StatePaths, saveIdentity, saveLibrary } from './library.js';

export interface StateWriterOptions {
  readonly paths: StatePaths;
  readonly log: Log;
  readonly onTrouble: (sentence: string) => void;
  /** A bug of ours, not the disk's word. */
  readonly onFatal: (error: unknown) => void;
}

export class StateWriter {
  readonly #options: StateWriterOptions;
  #saving: Promise<void> = Promise.resolve();
  /** What the save that waits will write. */
  #unsaved: readonly Entry[] | undefined;

  constructor(options: StateWriterOptions) {
    this.#options = options;
  }

  /** Settles when everything said so far is on the disk, or was refused and told. */
  get saved(): Promise<void> {
    return this.#saving;
  }

  saveLibrary(entries: readonly Entry[]): void {
    const isQueued = this.#unsaved !== undefined;
    this.#unsaved = entries;
    if (isQueued) return;
    this.#queue(async () => {
      const newest = this.#unsaved ?? entries;
      this.#unsaved = undefined;
      await saveLibrary(this.#options.paths.library, newest);
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
        onTrouble(`what this client shares could not be recorded: ${error.message}`);
      }
    });
  }
}
