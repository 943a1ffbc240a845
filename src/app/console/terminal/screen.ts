// A person's terminal: a prompt with line editing, history and completion, progress above it, and all other text
// scrolling above that. Lines typed while a command runs are queued, and later look as if typed at their own prompt.

import { createInterface, emitKeypressEvents, type Interface, type Key } from 'node:readline';
import type { Readable } from 'node:stream';
import { systemClock } from '../../../foundation/base/clock.js';
import type { Completion } from '../language/completion.js';
import { BUSY_SHOWN_MS, HISTORY_LINES_MAX, LIVE_LINES_MAX, QUIT_ASKED_MS, TYPED_AHEAD_MAX } from '../limits.js';
import type { LineEvents, LineSource } from '../session/lines.js';
import { type Draw, Footer } from './footer.js';
import { History } from './history.js';
import { type Paint, paintOf } from './paint.js';
import { TerminalOutput, type TerminalStream } from './terminal-output.js';

export const PROMPT = 'mtorrent> ';
/** Shown while a command runs; as wide as PROMPT. */
const BUSY_PROMPT = '  (busy)> ';

export interface ScreenOptions {
  /** Completes `head`, the line to the left of the cursor. */
  readonly complete: (head: string) => Promise<Completion>;
  /** The candidates as lines of at most `columns` columns. */
  readonly list: (candidates: readonly string[], columns: number) => Promise<string>;
  /** Number of running downloads. */
  readonly runningCount: () => number;
  readonly historyPath: string | undefined;
  readonly paint: Paint;
}

const PLAIN_OPTIONS: ScreenOptions = {
  complete: async (head) => ({ head, candidates: [] }),
  list: async (candidates) => candidates.join('\n'),
  runningCount: () => 0,
  historyPath: undefined,
  paint: paintOf(false),
};

interface OpenScreen {
  readonly lines: Interface;
  readonly footer: Footer;
  readonly events: LineEvents;
}

export class Screen implements LineSource {
  readonly #input: Readable;
  readonly #stdout: TerminalStream;
  readonly #output: TerminalOutput;
  readonly #options: ScreenOptions;
  readonly #history: History;
  /** Set from the first prompt until the last. */
  #open: OpenScreen | undefined;
  #isClosed = false;
  #isBusy = false;
  #busyTimer: NodeJS.Timeout | undefined;
  readonly #typedAhead: string[] = [];
  /** Between Enter and readline's `line` event: the rows that the line takes up on the screen. */
  #entering: number | undefined;
  #enteredRows = 0;
  /** When the first Ctrl-C was pressed. */
  #interruptedMs = Number.NEGATIVE_INFINITY;
  #draw: Draw | undefined;
  readonly #undo: (() => void)[] = [];

  constructor(input: Readable, stdout: TerminalStream, options: Partial<ScreenOptions> = {}) {
    this.#input = input;
    this.#stdout = stdout;
    this.#output = new TerminalOutput(stdout);
    this.#options = { ...PLAIN_OPTIONS, ...options };
    this.#history = new History(this.#options.historyPath, (sentence) => this.print(sentence));
  }

  open(events: LineEvents): void {
    void this.#history.load().then((history) => {
      if (!this.#isClosed) this.#begin(events, [...history]);
    });
  }

  /** The last line is done. */
  ready(): void {
    const { lines, footer } = this.#open ?? {};
    if (lines === undefined || footer === undefined) return;
    const next = this.#typedAhead.shift();
    if (next === undefined) {
      this.#setBusy(false);
      lines.setPrompt(this.#options.paint.prompt(PROMPT));
      footer.show();
    } else {
      footer.print(this.#options.paint.prompt(PROMPT) + next);
      this.#run(next);
    }
  }

  close(): void {
    this.#isClosed = true;
    const { lines } = this.#open ?? {};
    this.#end('');
    lines?.close();
  }

  /** Prints above the prompt, which keeps what has been typed. @param text safe for a terminal. */
  print(text: string): void {
    if (this.#open === undefined) this.#output.write(`${text}\n`);
    else this.#open.footer.print(text);
  }

  /** Draws progress between the scrolling text and the prompt; undefined: none. */
  progress(draw: Draw | undefined): void {
    this.#draw = draw;
    this.#open?.footer.progress(draw);
  }

  #begin(events: LineEvents, history: string[]): void {
    // Before readline subscribes to keys: otherwise it treats pasted text as typed at the end of the line.
    emitKeypressEvents(this.#input);
    this.#listen(this.#input, 'keypress', (_text: string | undefined, key: Key) => this.#keyComes(key));
    const lines = createInterface({
      input: this.#input,
      output: this.#output,
      prompt: this.#options.paint.prompt(PROMPT),
      terminal: true,
      history,
      historySize: HISTORY_LINES_MAX,
      removeHistoryDuplicates: true,
      completer: (head: string, done: (error: null, found: [string[], string]) => void) => {
        // Readline's own listing ignores the terminal's width.
        void this.#complete(head).then(() => {
          if (this.#open !== undefined) done(null, [[], head]);
        });
      },
    });
    this.#listen(this.#input, 'keypress', (_text: string | undefined, key: Key) => this.#keyDone(key));
    this.#listen(this.#stdout, 'resize', () => this.#open?.footer.resize());
    lines.on('line', (line) => this.#entered(line));
    lines.on('history', (all) => this.#remember(all));
    // Repeats the input's error, which the owner of the input handles.
    lines.on('error', () => undefined);
    lines.on('SIGINT', () => this.#interrupted());
    lines.on('SIGCONT', () => this.#continued());
    // Ctrl-D, or a second Ctrl-C, quits at once, even while a command runs.
    lines.on('close', () => {
      if (this.#isClosed) return;
      this.#end(`${this.#options.paint.prompt(PROMPT)}quit\n`);
      events.onEnd(true);
    });
    this.#open = { lines, footer: new Footer(this.#output, lines, LIVE_LINES_MAX), events };
    this.#open.footer.progress(this.#draw);
    this.#open.footer.show();
  }

  #listen(emitter: NodeJS.EventEmitter, event: string, listener: (...values: never[]) => void): void {
    emitter.on(event, listener as () => void);
    this.#undo.push(() => emitter.off(event, listener as () => void));
  }

  /** Removes the prompt and prints `last` in its place. */
  #end(last: string): void {
    this.#open?.footer.end(last);
    this.#open = undefined;
    clearTimeout(this.#busyTimer);
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** Before readline handles the key. */
  #keyComes({ name, ctrl }: Key): void {
    const { lines, footer } = this.#open ?? {};
    if (lines === undefined || footer === undefined) return;
    if (!footer.isShown) this.#showBusy();
    if (name === 'return' || name === 'enter') {
      lines.write(null, { ctrl: true, name: 'e' });
      this.#entering = lines.getCursorPos().rows + 1;
      footer.freeze();
    } else if (ctrl === true && name === 'l') footer.forget();
  }

  #keyDone({ name, ctrl }: Key): void {
    // The LF of a CR LF enters no line. After a cleared screen the prompt is back, with nothing above it.
    const isIncomplete = this.#entering !== undefined || (ctrl === true && name === 'l');
    this.#entering = undefined;
    if (isIncomplete) this.#open?.footer.show();
  }

  #entered(line: string): void {
    this.#enteredRows = this.#entering ?? 1;
    this.#entering = undefined;
    this.#interruptedMs = Number.NEGATIVE_INFINITY;
    if (!this.#isBusy) {
      this.#run(line);
      return;
    }
    this.#open?.footer.unprint(this.#enteredRows);
    if (line.trim() === '') return;
    if (this.#typedAhead.length < TYPED_AHEAD_MAX) this.#typedAhead.push(line);
    else this.print(`${TYPED_AHEAD_MAX} lines are already waiting; this one was ignored`);
  }

  #run(line: string): void {
    this.#setBusy(true);
    this.#open?.events.onLine(line);
  }

  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    clearTimeout(this.#busyTimer);
    if (isBusy) this.#busyTimer = setTimeout(() => this.#showBusy(), BUSY_SHOWN_MS);
  }

  #showBusy(): void {
    const { lines, footer } = this.#open ?? {};
    if (this.#isBusy) lines?.setPrompt(this.#options.paint.faint(BUSY_PROMPT));
    footer?.show();
  }

  /** @param all newest first; readline forgets what is removed from it. */
  #remember(all: string[]): void {
    if (all[0]?.startsWith(' ')) all.shift();
    else if (all[0] !== undefined) this.#history.remember(all[0]);
  }

  #interrupted(): void {
    const { lines, events } = this.#open ?? {};
    if (lines === undefined || events === undefined) return;
    if (lines.line !== '') {
      this.#interruptedMs = Number.NEGATIVE_INFINITY;
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
    } else if (this.#isBusy) {
      this.#typedAhead.length = 0;
      events.onStopWaiting();
    } else this.#askOrQuit(lines);
  }

  #askOrQuit(lines: Interface): void {
    const nowMs = systemClock.nowMs();
    if (nowMs - this.#interruptedMs < QUIT_ASKED_MS) {
      lines.close();
      return;
    }
    this.#interruptedMs = nowMs;
    const count = this.#options.runningCount();
    const what = count === 0 ? '' : count === 1 ? '1 download is running; ' : `${count} downloads are running; `;
    this.print(`${what}press Ctrl-C again to quit`);
  }

  /** After Ctrl-Z and `fg`: the shell has written below the footer. */
  #continued(): void {
    this.#open?.footer.forget();
    this.#open?.footer.show();
  }

  async #complete(head: string): Promise<void> {
    const found = await this.#options.complete(head);
    const { lines } = this.#open ?? {};
    // The person has typed on, so the result is for an old line.
    if (lines === undefined || lines.line.slice(0, lines.cursor) !== head) return;
    if (found.head !== head) this.#replace(lines, head, found.head);
    else if (found.candidates.length > 1)
      this.print(await this.#options.list(found.candidates, this.#output.columns - 1));
  }

  /** Types the difference, so that readline redraws once. */
  #replace(lines: Interface, old: string, head: string): void {
    const [before, after] = [[...old], [...head]];
    const differs = before.findIndex((character, at) => character !== after[at]);
    const same = differs < 0 ? before.length : differs;
    this.#output.together(() => {
      for (let at = same; at < before.length; at += 1) lines.write(null, { name: 'backspace' });
      lines.write(after.slice(same).join(''));
    });
  }
}
