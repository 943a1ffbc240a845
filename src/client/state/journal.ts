// The library on disk: a journal that grows with each change and is written anew when most of it is history, and
// library.json, which the releases before it read, written at a clean stop. Invariant: whatever instant a crash takes,
// what was acknowledged is read back.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { errnoOf, fileError } from '../../foundation/base/errors.js';
import { atomicWriteFile, readIfThere } from '../../transfer/storage/disk/state-file.js';
import type { LibraryChange } from '../files/file-table.js';
import type { Entry } from '../files/record.js';
import { JOURNAL_BYTES_MAX, JOURNAL_HISTORY_BYTES_MIN, JOURNAL_HISTORY_TIMES, LIBRARY_BYTES_MAX } from '../limits.js';
import { formatChanges, formatJournal, formatMirror, parseJournal } from './journal-lines.js';
import { formatLibrary, parseLibrary, type StatePaths, withFolders } from './library.js';

export interface LoadedLibrary {
  readonly entries: readonly Entry[];
  readonly journal: Journal;
}

/**
 * Rejects with STATE_DAMAGED when what is there cannot be trusted. The caller holds the lock of the directory, or only
 * reads the entries: they are then those of some instant during the call.
 */
export async function loadLibrary(paths: StatePaths): Promise<LoadedLibrary> {
  const json = await readIfThere(paths.library, LIBRARY_BYTES_MAX);
  const mirror = json === undefined ? '' : digestOf(json);
  const lines = await readIfThere(paths.journal, JOURNAL_BYTES_MAX);
  const reading = lines === undefined ? undefined : parseJournal(paths.journal, Buffer.from(lines).toString('utf8'));
  // Another library.json than the one that was written here last: an older release has run since, and knows better.
  const isJournalNewest = reading !== undefined && (json === undefined || reading.mirror === mirror);
  if (!isJournalNewest) {
    const read = json === undefined ? [] : parseLibrary(paths.library, json);
    const entries = withFolders(read, reading?.entries ?? []);
    return { entries, journal: new Journal(paths, { mirror, bytes: undefined }) };
  }
  const bytes = reading.isTorn ? undefined : lines?.length;
  return { entries: reading.entries, journal: new Journal(paths, { mirror: reading.mirror, bytes }) };
}

interface JournalState {
  readonly mirror: string;
  /** Bytes of the journal; undefined: it must be written anew before it grows. */
  readonly bytes: number | undefined;
}

/** One call at a time. All methods reject with MiniTorrentError. */
export class Journal {
  readonly #paths: StatePaths;
  #mirror: string;
  #bytes: number | undefined;
  /** Of the journal when it was last written anew. */
  #freshBytes: number;
  #handle: FileHandle | undefined;
  #isMirrored: boolean;

  constructor(paths: StatePaths, { mirror, bytes }: JournalState) {
    this.#paths = paths;
    this.#mirror = mirror;
    this.#bytes = bytes;
    this.#freshBytes = bytes ?? 0;
    this.#isMirrored = mirror !== '' && bytes === undefined;
  }

  /** @param entries all of the library, the changes included. */
  async record(changes: readonly LibraryChange[], entries: ReadonlyMap<unknown, Entry>): Promise<void> {
    this.#isMirrored = false;
    const history = (this.#bytes ?? 0) - this.#freshBytes;
    const isLong = history > Math.max(JOURNAL_HISTORY_BYTES_MIN, JOURNAL_HISTORY_TIMES * this.#freshBytes);
    if (this.#bytes === undefined || isLong || !(await this.#isInPlace())) await this.#writeAnew(entries);
    else await this.#append(formatChanges(changes));
  }

  /** Writes library.json, for the releases that read nothing else, unless it says the same already. */
  async mirror(entries: ReadonlyMap<unknown, Entry>): Promise<void> {
    if (this.#isMirrored) return;
    const json = Buffer.from(formatLibrary([...entries.values()]));
    await atomicWriteFile(this.#paths.library, json);
    this.#mirror = digestOf(json);
    // A crash before the next line costs nothing: library.json counts then, and says the same.
    if (this.#bytes === undefined || !(await this.#isInPlace())) await this.#writeAnew(entries);
    else await this.#append(formatMirror(this.#mirror));
    this.#isMirrored = true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #writeAnew(entries: ReadonlyMap<unknown, Entry>): Promise<void> {
    this.#bytes = undefined;
    await this.close();
    const text = Buffer.from(formatJournal([...entries.values()], this.#mirror));
    await atomicWriteFile(this.#paths.journal, text);
    this.#bytes = text.length;
    this.#freshBytes = text.length;
  }

  async #append(line: string): Promise<void> {
    const before = this.#bytes ?? 0;
    const bytes = Buffer.from(line);
    // Until it is flushed the end of the file is not known: a failure leads to a journal that is written anew.
    this.#bytes = undefined;
    try {
      this.#handle ??= await open(this.#paths.journal, constants.O_WRONLY | constants.O_APPEND);
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at, bytes.length - at)).bytesWritten;
      await this.#handle.datasync();
    } catch (error) {
      throw fileError(error, this.#paths.journal);
    }
    this.#bytes = before + bytes.length;
  }

  /** False when the file was moved away or replaced: what is appended to it would be lost. */
  async #isInPlace(): Promise<boolean> {
    try {
      const found = await stat(this.#paths.journal);
      const ours = await this.#handle?.stat();
      return found.size === this.#bytes && (ours === undefined || ours.ino === found.ino);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw fileError(error, this.#paths.journal);
    }
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
