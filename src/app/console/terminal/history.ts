// The command history of former runs: one file, oldest line first, appended to with every line, so that two consoles at
// once keep the lines of both. A convenience: whatever is wrong with the file costs the history and nothing else.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { within } from '../../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import { printable } from '../../../foundation/torrent/names.js';
import { atomicWriteFile } from '../../../transfer/storage/disk/state-file.js';
import { HISTORY_BYTES_MAX, HISTORY_DEADLINE_MS, HISTORY_LINE_MAX, HISTORY_LINES_MAX } from '../limits.js';

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
/** For its owner only, because lines name files. */
const MODE = 0o600;

export class History {
  readonly #path: string | undefined;
  readonly #lost: (sentence: string) => void;
  #last = '';
  /** Approximate number of lines in the file: other consoles append as well. */
  #lineCount = 0;
  /** The file does not end with a line feed. */
  #isTorn = false;
  #isLost = false;
  #writes: Promise<void> = Promise.resolve();

  /** @param path undefined: nothing is kept. @param lost called once, with a sentence, when the file cannot be used. */
  constructor(path: string | undefined, lost: (sentence: string) => void) {
    this.#path = path;
    this.#lost = lost;
  }

  /** Newest first, as readline wants them. Empty when there are none, or the disk does not respond in time. */
  async load(): Promise<readonly string[]> {
    const path = this.#path;
    if (path === undefined) return [];
    return within(
      this.#attempt(path, () => this.#load(path)).then((lines) => lines ?? []),
      HISTORY_DEADLINE_MS,
      () => [],
    );
  }

  /** Ignores a line that begins with a space, as shells do, and a repetition of the last line. */
  remember(line: string): void {
    const path = this.#path;
    if (path === undefined || !isWorthKeeping(line) || line === this.#last) return;
    this.#last = line;
    this.#writes = this.#writes.then(async () => {
      if (!this.#isLost) await this.#attempt(path, () => this.#append(path, line));
    });
  }

  /** Settles when all lines so far are in the file. */
  async written(): Promise<void> {
    await this.#writes;
  }

  async #load(path: string): Promise<readonly string[]> {
    const lines = await this.#read(path);
    this.#last = lines.at(-1) ?? '';
    this.#lineCount = lines.length;
    return lines.slice(-HISTORY_LINES_MAX).reverse();
  }

  /** Oldest first; only the end of a large file. */
  async #read(path: string): Promise<readonly string[]> {
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    const handle = await open(path, O_RDONLY | O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${path} is not a regular file; move or delete it`);
      const begin = Math.max(0, found.size - HISTORY_BYTES_MAX);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(found.size - begin), 0, found.size - begin, begin);
      const text = buffer.toString('utf8', 0, bytesRead);
      this.#isTorn = text !== '' && !text.endsWith('\n');
      const lines = text.split('\n');
      // Reading a large file begins in the middle of a line.
      return (begin > 0 ? lines.slice(1) : lines).filter(isWorthKeeping);
    } finally {
      await handle.close();
    }
  }

  async #append(path: string, line: string): Promise<void> {
    // A single small append cannot tear another console's line.
    const handle = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, MODE);
    try {
      await handle.write(`${this.#isTorn ? '\n' : ''}${line}\n`);
    } finally {
      await handle.close();
    }
    this.#isTorn = false;
    this.#lineCount += 1;
    if (this.#lineCount < 2 * HISTORY_LINES_MAX) return;
    const kept = (await this.#read(path)).slice(-HISTORY_LINES_MAX);
    await atomicWriteFile(path, Buffer.from(kept.map((one) => `${one}\n`).join('')), MODE, false);
    this.#lineCount = kept.length;
  }

  async #attempt<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      // The first run has no file yet.
      if (errnoOf(error) === 'ENOENT') return undefined;
      if (errnoOf(error) === undefined && !(error instanceof MiniTorrentError)) throw error;
      this.#lose(
        `the history of this console is not being saved: ${path}: ${error instanceof Error ? error.message : ''}`,
      );
      return undefined;
    }
  }

  #lose(sentence: string): void {
    if (!this.#isLost) this.#lost(sentence);
    this.#isLost = true;
  }
}

/** Not blank, not hidden by a leading space, not too long, and safe to show even if the file is damaged. */
function isWorthKeeping(line: string): boolean {
  return (
    line !== '' &&
    !/^\s/.test(line) &&
    line.length <= HISTORY_LINE_MAX &&
    printable(line) === line &&
    !line.includes('\ufffd')
  );
}
