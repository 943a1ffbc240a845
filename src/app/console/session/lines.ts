// Where the lines of a console come from: the interface that a session expects, and the two sources that draw nothing, for
// a script's pipe and for a terminal that cannot move its cursor.

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Where lines come from. */
export interface LineSource {
  open(heard: LineEvents): void;
  /** A line has been dealt with: the next one may be typed. */
  ready(): void;
  close(): void;
}

export interface LineEvents {
  onLine(line: string): void;
  /** `atOnce`: by a person, now; else when all lines before it are done. */
  onEnd(atOnce: boolean): void;
  /** The line that is being dealt with is not waited for any longer; what comes of it is shown when it comes. */
  onLetGo(): void;
}

/** The lines of a script, from a pipe or a file: no prompt, no echo. The end of the input comes after all lines. */
export class PipedLines implements LineSource {
  readonly #lines: Interface;
  #isClosed = false;

  constructor(input: Readable) {
    this.#lines = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  }

  open({ onLine, onEnd }: LineEvents): void {
    this.#lines.on('line', onLine);
    // It only repeats the error of its input, which whoever owns that deals with.
    this.#lines.on('error', () => undefined);
    this.#lines.on('close', () => {
      if (!this.#isClosed) onEnd(false);
    });
  }

  ready(): void {
    // A script writes its next line whenever it likes.
  }

  close(): void {
    this.#isClosed = true;
    this.#lines.close();
  }
}

const PROMPT = 'mtorrent> ';

/**
 * A terminal with TERM=dumb: a prompt, and lines as the system's own line editing delivers them. No control codes, nothing is
 * redrawn. Ctrl-C is a signal there, which the owner of this process handles.
 */
export class PlainPrompt implements LineSource {
  readonly #stdout: Writable;
  readonly #lines: Interface;
  #isPrompting = false;
  #isClosed = false;

  constructor(input: Readable, stdout: Writable) {
    this.#stdout = stdout;
    this.#lines = createInterface({ input, terminal: false });
  }

  open({ onLine, onEnd }: LineEvents): void {
    this.#lines.on('line', (line) => {
      this.#isPrompting = false;
      onLine(line);
    });
    // It only repeats the error of its input, which whoever owns that deals with.
    this.#lines.on('error', () => undefined);
    this.#lines.on('close', () => {
      if (!this.#isClosed) onEnd(true);
    });
    this.ready();
  }

  ready(): void {
    this.#isPrompting = true;
    this.#stdout.write(PROMPT);
  }

  close(): void {
    this.#isClosed = true;
    this.#lines.close();
  }

  /** On a line of its own; then the prompt again. */
  print(text: string): void {
    if (this.#isPrompting && !this.#isClosed) this.#stdout.write(`\n${text}\n${PROMPT}`);
    else this.#stdout.write(`${text}\n`);
  }
}
