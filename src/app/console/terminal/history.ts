// The lines of former runs: in one file, the oldest first, each line appended when it is typed, so that two consoles at once
// keep what both were told. The file is a convenience: whatever is wrong with it costs the history and nothing else.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { within } from '../../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import { printable } from '../../../foundation/torrent/names.js';
import { atomicWriteFile } from '../../../transfer/storage/state-file.js';
import { HISTORY_BYTES_MAX, HISTORY_DEADLINE_MS, HISTORY_LINE_MAX, HISTORY_LINES_MAX } from '../limits.js';

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
/** Only its owner reads it: lines name files. */
const MODE = 0o600;

export class History {
  readonly #path: string | undefined;
  readonly #lost: (sentence: string) => void;
  #last = '';
  /** Lines in the file, about: other consoles add theirs. */
  #lineCount = 0;
  /** The file ends in the midst of a line. */
  #isTorn = false;
  #isLost = false;
  #writes: Promise<void> = Promise.resolve();

  /** @param path undefined: nothing is remembered across runs. @param lost told once, when the file cannot be used. */
  constructor(path: string | undefined, lost: (sentence: string) => void) {
    this.#path = path;
    this.#lost = lost;
  }

  /** The newest first, as readline wants them. Empty when there are none, or the file does not answer in time. */
  async load(): Promise<readonly string[]> {
    const path = this.#path;
    if (path === undefined) return [];
    return within(
      this.#attempt(path, () => this.#load(path)).then((lines) => lines ?? []),
      HISTORY_DEADLINE_MS,
      () => [],
    );
  }

  /** Not what begins with a space, as shells have it, nor the same line twice in a row. */
  remember(line: string): void {
    const path = this.#path;
    if (path === undefined || !isWorthIt(line) || line === this.#last) return;
    this.#last = line;
    this.#writes = this.#writes.then(async () => {
      if (!this.#isLost) await this.#attempt(path, () => this.#append(path, line));
    });
  }

  /** When everything so far is in the file. */
  async written(): Promise<void> {
    await this.#writes;
  }

  async #load(path: string): Promise<readonly string[]> {
    const lines = await this.#read(path);
    this.#last = lines.at(-1) ?? '';
    this.#lineCount = lines.length;
    return lines.slice(-HISTORY_LINES_MAX).reverse();
  }

  /** The oldest first; of a large file its end. */
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
      // A large file's first line is half a line.
      return (begin > 0 ? lines.slice(1) : lines).filter(isWorthIt);
    } finally {
      await handle.close();
    }
  }

  async #append(path: string, line: string): Promise<void> {
    // A single small write behind the end: another console's line stays whole.
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

/** Neither blank, hidden by its typist, too long, nor unsafe to show: the file may be damaged. */
function isWorthIt(line: string): boolean {
  return (
    line !== '' &&
    !/^\s/.test(line) &&
    line.length <= HISTORY_LINE_MAX &&
    printable(line) === line &&
    !line.includes('\ufffd')
  );
}
