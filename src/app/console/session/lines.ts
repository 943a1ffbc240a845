// Where a console's lines come from: the interface that a session expects, and the two sources that draw nothing, one
// for a script's pipe and one for a terminal that cannot move its cursor.

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface LineSource {
  open(events: LineEvents): void;
  /** The last line is done; the next one may come. */
  ready(): void;
  /** No line is asked for any more; the last words are printed, then it is closed. */
  leaving?(): void;
  close(): void;
}

export interface LineEvents {
  onLine(line: string): void;
  /** @param atOnce true: now, because a person said so; false: once all earlier lines are done. */
  onEnd(atOnce: boolean): void;
  /** Stop waiting for the current line; its result is shown whenever it arrives. */
  onStopWaiting(): void;
}

/** The lines of a script, from a pipe or a file: no prompt, no echo. The end of input follows the last line. */
export class PipedLines implements LineSource {
  readonly #lines: Interface;
  #isClosed = false;

  constructor(input: Readable) {
    this.#lines = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  }

  open({ onLine, onEnd }: LineEvents): void {
    this.#lines.on('line', onLine);
    // Repeats the input's error, which the owner of the input handles.
    this.#lines.on('error', () => undefined);
    this.#lines.on('close', () => {
      if (!this.#isClosed) onEnd(false);
    });
  }

  ready(): void {
    // A script does not wait for a prompt.
  }

  close(): void {
    this.#isClosed = true;
    this.#lines.close();
  }
}

const PROMPT = 'mtorrent> ';

/**
 * A terminal with TERM=dumb: a prompt, and lines as the system's own line editing delivers them. No control codes,
 * nothing is redrawn. Ctrl-C is a signal there, which the owner of this process handles.
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
    // Repeats the input's error, which the owner of the input handles.
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

  leaving(): void {
    if (this.#isPrompting) this.#stdout.write('\n');
    this.#isPrompting = false;
  }

  close(): void {
    this.#isClosed = true;
    this.#lines.close();
  }

  /** Prints on a line of its own, then repeats the prompt. */
  print(text: string): void {
    if (this.#isPrompting && !this.#isClosed) this.#stdout.write(`\n${text}\n${PROMPT}`);
    else this.#stdout.write(`${text}\n`);
  }
}
