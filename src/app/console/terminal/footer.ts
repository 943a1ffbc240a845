// What stands at the bottom of a terminal: lines of progress, below them the prompt with what is being typed. Everything else
// scrolls away above it. Knows where the cursor is by reckoning, never by asking: readline says in which row of the
// prompt it is, and how many lines are above is what was drawn. Takes away what it drew, and nothing that was printed.

import type { Interface } from 'node:readline';
import type { LiveLine } from './progress.js';
import type { TerminalOutput } from './terminal-output.js';

/** Draws what is under way, at most `rows` lines of `columns`. */
export type Draw = (columns: number, rows: number) => readonly LiveLine[];

const nothing: Draw = () => [];
/** Lines that are too long after all, by this terminal's reckoning, are cut by it instead of wrapped. */
const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';
const CLEAR_BELOW = '\u001b[J';

const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

export class Footer {
  readonly #output: TerminalOutput;
  readonly #lines: Interface;
  readonly #rowsMax: number;
  #draw = nothing;
  /** Columns of each line of progress that is on the screen. */
  #drawn: readonly number[] = [];
  #drawnText = '';
  #isShown = false;

  /** @param lines a terminal interface of readline that writes to `output`, and to nothing else. */
  constructor(output: TerminalOutput, lines: Interface, rowsMax: number) {
    this.#output = output;
    this.#lines = lines;
    this.#rowsMax = rowsMax;
  }

  /** It is on the screen: what is typed is seen. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /** Shows it, or draws it again. */
  show(): void {
    this.#output.together(() => this.#stand(this.#erase()));
  }

  /** Above the footer; whole lines. */
  print(text: string): void {
    this.#output.together(() => {
      const wasShown = this.#isShown;
      const row = this.#erase();
      this.#output.write(`${text}\n`);
      if (wasShown) this.#stand(row);
    });
  }

  /** From now on this is under way. */
  progress(draw: Draw | undefined): void {
    this.#draw = draw ?? nothing;
    if (!this.#isShown || this.#output.isCongested) return;
    if (textOf(this.#current()) !== this.#drawnText) this.show();
  }

  /** The line is about to be entered: it stays on the screen as the last of what scrolls, without progress above. */
  freeze(): void {
    this.#output.together(() => this.#refresh(this.#erase()));
  }

  /** Takes away a line that was entered before its turn, `rows` rows above. Not while it is shown. */
  unprint(rows: number): void {
    this.#output.write(`\r${up(rows)}${CLEAR_BELOW}`);
  }

  /** It goes for good; `last` stays in its place. */
  end(last: string): void {
    this.#output.together(() => {
      this.#erase();
      this.#output.write(last);
    });
  }

  /** Whoever else has the screen has cleared it, or has written to it. */
  forget(): void {
    this.#drawn = [];
    this.#drawnText = '';
  }

  /** The terminal has another size; most of them have wrapped again what was too long for it. */
  resize(): void {
    const before = this.#row;
    this.#output.measure();
    if (!this.#isShown) return;
    const { columns } = this.#output;
    const wrapped = this.#drawn.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0);
    // Where terminals differ (the row of the cursor), rather something is left over than something printed is gone.
    const above = wrapped + Math.min(before, this.#row);
    this.#output.together(() => {
      this.#output.write(`\r${up(above)}${CLEAR_BELOW}`);
      this.#stand(before);
    });
  }

  /** The row of the cursor, counted from that of the prompt. */
  get #row(): number {
    return this.#lines.getCursorPos().rows;
  }

  /** Nothing is left of it; the cursor is where it began. Answers the row in which readline believes the cursor to be. */
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
    // Readline goes up that far before it draws.
    this.#output.write('\n'.repeat(row));
    this.#lines.prompt(true);
  }

  #current(): readonly LiveLine[] {
    const { columns, rows } = this.#output;
    // At most two columns a character; the last row is for what is printed.
    const typed = Math.ceil((this.#lines.getPrompt().length + 2 * this.#lines.line.length + 1) / columns);
    return this.#draw(columns - 1, Math.min(this.#rowsMax, rows - typed - 1));
  }
}

function textOf(lines: readonly LiveLine[]): string {
  return lines.map(({ text }) => text).join('\n');
}
