// A terminal that cannot move its cursor (TERM=dumb): a prompt, and lines as the system's own line editing hands them over.
// No control codes, and nothing is ever drawn again. Ctrl-C is a signal there, which whoever started us deals with.

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { LineEvents, LineSource } from './session.js';

const PROMPT = 'mtorrent> ';

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
