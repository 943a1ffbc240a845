// The way to the terminal for everything that is drawn: what is written `together` leaves in one piece, so that nothing
// flickers, and the terminal's size is as it was when it was last measured, so that what is on the screen can be reckoned.

import { Writable } from 'node:stream';

/** A terminal, or what stands for one in a test. */
export type TerminalStream = Writable & {
  readonly columns?: number;
  readonly rows?: number;
};

/** What a terminal has that does not say. */
const COLUMNS = 80;
const ROWS = 24;

export class TerminalOutput extends Writable {
  readonly #stdout: TerminalStream;
  #held: string[] | undefined;
  columns = COLUMNS;
  rows = ROWS;

  constructor(stdout: TerminalStream) {
    super({ decodeStrings: false });
    this.#stdout = stdout;
    this.measure();
    // By default Node stops the whole thread while a terminal takes nothing, as one does whose connection hangs; here
    // lives a client. `_handle` is Node's own and may change: then it is as without.
    (stdout as { _handle?: { setBlocking?: (blocking: boolean) => void } })._handle?.setBlocking?.(false);
  }

  /** The terminal takes no more for now: what can be drawn later is drawn later. */
  get isCongested(): boolean {
    return this.#stdout.writableNeedDrain;
  }

  measure(): void {
    const { columns, rows } = this.#stdout;
    this.columns = columns !== undefined && columns > 0 ? columns : COLUMNS;
    this.rows = rows !== undefined && rows > 0 ? rows : ROWS;
  }

  together(work: () => void): void {
    if (this.#held !== undefined) {
      work();
      return;
    }
    const held: string[] = [];
    this.#held = held;
    try {
      work();
    } finally {
      this.#held = undefined;
      if (held.length > 0) this.#stdout.write(held.join(''));
    }
  }

  override _write(text: string | Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    const written = typeof text === 'string' ? text : Buffer.from(text).toString();
    if (this.#held === undefined) this.#stdout.write(written);
    else this.#held.push(written);
    done();
  }
}
