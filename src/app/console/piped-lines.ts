// Lines of a script: from a pipe or a file, without prompt or echo. The end of input comes after all lines.

import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { LineEvents, LineSource } from './session.js';

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
