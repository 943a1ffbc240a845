// The terminal of a person: a prompt with line editing, and lines printed above it without disturbing what is being typed.

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { LineEvents, LineSource } from './session.js';

const PROMPT = 'mtorrent> ';

export class Screen implements LineSource {
  readonly #stdout: Writable;
  readonly #lines: Interface;
  #isClosed = false;

  constructor(input: Readable, stdout: Writable) {
    this.#stdout = stdout;
    this.#lines = createInterface({ input, output: stdout, prompt: PROMPT, terminal: true });
  }

  open({ onLine, onEnd }: LineEvents): void {
    this.#lines.on('line', onLine);
    // It only repeats the error of its input, which whoever owns that deals with.
    this.#lines.on('error', () => undefined);
    // A person's Ctrl-D or Ctrl-C means now, whatever is being waited for.
    this.#lines.on('close', () => {
      if (!this.#isClosed) onEnd(true);
    });
    this.#lines.on('SIGINT', () => {
      if (this.#lines.line === '') this.#lines.close();
      else this.#lines.write(null, { ctrl: true, name: 'u' });
    });
    this.#lines.prompt();
  }

  ready(): void {
    this.#lines.prompt();
  }

  close(): void {
    this.#isClosed = true;
    this.#lines.close();
  }

  /** Above the prompt, which keeps what has been typed. */
  print(text: string): void {
    this.#stdout.write(`\r\u001b[K${text}\n`);
    if (!this.#isClosed) this.#lines.prompt(true);
  }
}
