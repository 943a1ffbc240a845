// The bottom of the terminal: progress lines, and below them the prompt with what is being typed; everything else
// scrolls above. Tracks the cursor by arithmetic (readline's row, plus the lines drawn) and never queries the terminal.
// Erases what it drew, and never what was printed.

import type { Interface } from 'node:readline';
import type { LiveLine } from './progress.js';
import type { TerminalOutput } from './terminal-output.js';

/** Renders progress as at most `rows` lines of at most `columns` columns. */
export type Draw = (columns: number, rows: number) => readonly LiveLine[];

const nothing: Draw = () => [];
/** A line that is too wide for this terminal after all is cut instead of wrapped. */
const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';
const CLEAR_BELOW = '\u001b[J';

const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

export class Footer {
  readonly #output: TerminalOutput;
  readonly #lines: Interface;
  readonly #rowsMax: number;
  #draw = nothing;
  /** Width in columns of each progress line on the screen. */
  #drawn: readonly number[] = [];
  #drawnText = '';
  #isShown = false;

  /** @param lines a readline interface in terminal mode that writes to `output` only. */
  constructor(output: TerminalOutput, lines: Interface, rowsMax: number) {
    this.#output = output;
    this.#lines = lines;
    this.#rowsMax = rowsMax;
  }

  /** It is on the screen, so typed characters are visible. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /** Draws it, or redraws it. */
  show(): void {
    this.#output.together(() => this.#stand(this.#erase()));
  }

  /** Prints whole lines above the footer. */
  print(text: string): void {
    this.#output.together(() => {
      const wasShown = this.#isShown;
      const row = this.#erase();
      this.#output.write(`${text}\n`);
      if (wasShown) this.#stand(row);
    });
  }

  /** Replaces the progress lines. */
  progress(draw: Draw | undefined): void {
    this.#draw = draw ?? nothing;
    if (!this.#isShown || this.#output.isCongested) return;
    if (textOf(this.#current()) !== this.#drawnText) this.show();
  }

  /** Before Enter: the typed line becomes part of the scrolling text, and the progress above it is erased. */
  freeze(): void {
    this.#output.together(() => this.#refresh(this.#erase()));
  }

  /** Erases a queued line, which takes up `rows` rows above the cursor. Only while the footer is hidden. */
  unprint(rows: number): void {
    this.#output.write(`\r${up(rows)}${CLEAR_BELOW}`);
  }

  /** Removes it for good and prints `last` in its place. */
  end(last: string): void {
    this.#output.together(() => {
      this.#erase();
      this.#output.write(last);
    });
  }

  /** Another program has cleared the screen or written to it. */
  forget(): void {
    this.#drawn = [];
    this.#drawnText = '';
  }

  /** The terminal was resized; most terminals have re-wrapped the lines that became too long. */
  resize(): void {
    const before = this.#row;
    this.#output.measure();
    if (!this.#isShown) return;
    const { columns } = this.#output;
    const wrapped = this.#drawn.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0);
    // Terminals differ in the cursor's row: leaving a stale line is better than erasing printed text.
    const above = wrapped + Math.min(before, this.#row);
    this.#output.together(() => {
      this.#output.write(`\r${up(above)}${CLEAR_BELOW}`);
      this.#stand(before);
    });
  }

  /** The cursor's row, counted from the prompt's first row. */
  get #row(): number {
    return this.#lines.getCursorPos().rows;
  }

  /** Erases it and leaves the cursor at its first row. Returns the row in which readline assumes the cursor to be. */
  #erase(): number {
    const row = this.#isShown ? this.#row : 0;
    this.#output.write(`\r${up(row + this.#drawn.length)}${CLEAR_BELOW}`);
    this.#isShown = false;
    this.forget();
    return row;
  }

  #stand(row: number): void {
    const lines = this.#current();
    if (lines.length > 0) this.#output.write(`${WRAP_OFF}${lines.map(({ text }) => `${text}\n`).join('')}${WRAP_ON}`);
    this.#drawn = lines.map(({ width }) => width);
    this.#drawnText = textOf(lines);
    this.#isShown = true;
    this.#refresh(row);
  }

  #refresh(row: number): void {
    // Readline moves up by that many rows before it draws.
    this.#output.write('\n'.repeat(row));
    this.#lines.prompt(true);
  }

  #current(): readonly LiveLine[] {
    const { columns, rows } = this.#output;
    // A character takes at most two columns; one row is kept for printed text.
    const typed = Math.ceil((this.#lines.getPrompt().length + 2 * this.#lines.line.length + 1) / columns);
    return this.#draw(columns - 1, Math.min(this.#rowsMax, rows - typed - 1));
  }
}

function textOf(lines: readonly LiveLine[]): string {
  return lines.map(({ text }) => text).join('\n');
}
