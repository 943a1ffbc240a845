// The stream to the terminal for everything that is drawn. What is written inside `together` leaves in one write, so
// that nothing flickers. The size stays as last measured, so that the rows on the screen can be computed.

import { Writable } from 'node:stream';

/** A terminal, or a test's stand-in. */
export type TerminalStream = Writable & {
  readonly columns?: number;
  readonly rows?: number;
};

/** Assumed when the terminal does not report its size. */
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
    // By default Node blocks the whole thread, and the client on it, while a terminal accepts no data, as over a
    // hanging connection. `_handle` is internal to Node: should it change, the default applies.
    (stdout as { _handle?: { setBlocking?: (blocking: boolean) => void } })._handle?.setBlocking?.(false);
  }

  /** The terminal accepts no more data for now; drawing that can wait should wait. */
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
