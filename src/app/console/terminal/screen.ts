// The terminal of a person: a prompt with line editing, history and completion, progress of what runs above the prompt, and
// everything else above that. Lines that are typed while a command runs wait for their turn, and look then as if typed at
// their prompt.

import { createInterface, emitKeypressEvents, type Interface, type Key } from 'node:readline';
import type { Readable } from 'node:stream';
import { systemClock } from '../../../foundation/base/clock.js';
import type { Completed } from '../language/completion.js';
import { BUSY_SHOWN_MS, HISTORY_LINES_MAX, LIVE_LINES_MAX, QUIT_ASKED_MS, TYPED_AHEAD_MAX } from '../limits.js';
import type { LineEvents, LineSource } from '../session/lines.js';
import { type Draw, Footer } from './footer.js';
import { History } from './history.js';
import { type Paint, paintOf } from './paint.js';
import { TerminalOutput, type TerminalStream } from './terminal-output.js';

export const PROMPT = 'mtorrent> ';
/** As wide: a command is under way. */
const BUSY_PROMPT = '  (busy)> ';

export interface ScreenUses {
  /** What Tab does; `head` is the line up to the cursor. */
  readonly complete: (head: string) => Promise<Completed>;
  /** Words that could be meant, as lines of at most `columns`. */
  readonly listed: (candidates: readonly string[], columns: number) => Promise<string>;
  /** Downloads that run now. */
  readonly runningCount: () => number;
  readonly historyPath: string | undefined;
  readonly paint: Paint;
}

const PLAIN_USES: ScreenUses = {
  complete: async (head) => ({ head, candidates: [] }),
  listed: async (candidates) => candidates.join('\n'),
  runningCount: () => 0,
  historyPath: undefined,
  paint: paintOf(false),
};

interface Open {
  readonly lines: Interface;
  readonly footer: Footer;
  readonly heard: LineEvents;
}

export class Screen implements LineSource {
  readonly #input: Readable;
  readonly #stdout: TerminalStream;
  readonly #output: TerminalOutput;
  readonly #uses: ScreenUses;
  readonly #history: History;
  /** From the first prompt to the last. */
  #open: Open | undefined;
  #isClosed = false;
  #isBusy = false;
  #busyTimer: NodeJS.Timeout | undefined;
  readonly #typedAhead: string[] = [];
  /** Enter was pressed and readline has not said yet which line that makes; rows of it on the screen. */
  #entering: number | undefined;
  #enteredRows = 0;
  /** When Ctrl-C asked whether to quit. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #draw: Draw | undefined;
  readonly #undo: (() => void)[] = [];

  constructor(input: Readable, stdout: TerminalStream, uses: Partial<ScreenUses> = {}) {
    this.#input = input;
    this.#stdout = stdout;
    this.#output = new TerminalOutput(stdout);
    this.#uses = { ...PLAIN_USES, ...uses };
    this.#history = new History(this.#uses.historyPath, (sentence) => this.print(sentence));
  }

  open(heard: LineEvents): void {
    void this.#history.load().then((history) => {
      if (!this.#isClosed) this.#begin(heard, [...history]);
    });
  }

  /** A line has been dealt with. */
  ready(): void {
    const { lines, footer } = this.#open ?? {};
    if (lines === undefined || footer === undefined) return;
    const next = this.#typedAhead.shift();
    if (next === undefined) {
      this.#setBusy(false);
      lines.setPrompt(this.#uses.paint.prompt(PROMPT));
      footer.show();
    } else {
      footer.print(this.#uses.paint.prompt(PROMPT) + next);
      this.#run(next);
    }
  }

  close(): void {
    this.#isClosed = true;
    const { lines } = this.#open ?? {};
    this.#end('');
    lines?.close();
  }

  /** Above the prompt, which keeps what has been typed. Safe for a terminal. */
  print(text: string): void {
    if (this.#open === undefined) this.#output.write(`${text}\n`);
    else this.#open.footer.print(text);
  }

  /** What is under way, drawn between what scrolls and the prompt; undefined: nothing. */
  progress(draw: Draw | undefined): void {
    this.#draw = draw;
    this.#open?.footer.progress(draw);
  }

  #begin(heard: LineEvents, history: string[]): void {
    // Before readline asks for keys itself: otherwise it takes what is pasted for typed at the end of the line.
    emitKeypressEvents(this.#input);
    this.#listen(this.#input, 'keypress', (_text: string | undefined, key: Key) => this.#keyComes(key));
    const lines = createInterface({
      input: this.#input,
      output: this.#output,
      prompt: this.#uses.paint.prompt(PROMPT),
      terminal: true,
      history,
      historySize: HISTORY_LINES_MAX,
      removeHistoryDuplicates: true,
      completer: (head: string, done: (error: null, found: [string[], string]) => void) => {
        // Readline's own listing would take a terminal's width for granted.
        void this.#complete(head).then(() => {
          if (this.#open !== undefined) done(null, [[], head]);
        });
      },
    });
    this.#listen(this.#input, 'keypress', (_text: string | undefined, key: Key) => this.#keyDone(key));
    this.#listen(this.#stdout, 'resize', () => this.#open?.footer.resize());
    lines.on('line', (line) => this.#entered(line));
    lines.on('history', (all) => this.#remember(all));
    // It only repeats the error of its input, which whoever owns that deals with.
    lines.on('error', () => undefined);
    lines.on('SIGINT', () => this.#interrupted());
    lines.on('SIGCONT', () => this.#continued());
    // A person's Ctrl-D, or second Ctrl-C, means now, whatever is being waited for.
    lines.on('close', () => {
      if (this.#isClosed) return;
      this.#end(`${this.#uses.paint.prompt(PROMPT)}quit\n`);
      heard.onEnd(true);
    });
    this.#open = { lines, footer: new Footer(this.#output, lines, LIVE_LINES_MAX), heard };
    this.#open.footer.progress(this.#draw);
    this.#open.footer.show();
  }

  #listen(emitter: NodeJS.EventEmitter, event: string, listener: (...values: never[]) => void): void {
    emitter.on(event, listener as () => void);
    this.#undo.push(() => emitter.off(event, listener as () => void));
  }

  /** No prompt any more; what is printed from now on follows `last`. */
  #end(last: string): void {
    this.#open?.footer.end(last);
    this.#open = undefined;
    clearTimeout(this.#busyTimer);
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** Before readline has the key. */
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
    // The second half of a CR LF enters nothing; a cleared screen has its prompt back, and nothing above.
    const isIncomplete = this.#entering !== undefined || (ctrl === true && name === 'l');
    this.#entering = undefined;
    if (isIncomplete) this.#open?.footer.show();
  }

  #entered(line: string): void {
    this.#enteredRows = this.#entering ?? 1;
    this.#entering = undefined;
    this.#askedMs = Number.NEGATIVE_INFINITY;
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
    this.#open?.heard.onLine(line);
  }

  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    clearTimeout(this.#busyTimer);
    if (isBusy) this.#busyTimer = setTimeout(() => this.#showBusy(), BUSY_SHOWN_MS);
  }

  #showBusy(): void {
    const { lines, footer } = this.#open ?? {};
    if (this.#isBusy) lines?.setPrompt(this.#uses.paint.faint(BUSY_PROMPT));
    footer?.show();
  }

  /** @param all the newest first; what is taken out of it is forgotten. */
  #remember(all: string[]): void {
    if (all[0]?.startsWith(' ')) all.shift();
    else if (all[0] !== undefined) this.#history.remember(all[0]);
  }

  #interrupted(): void {
    const { lines, heard } = this.#open ?? {};
    if (lines === undefined || heard === undefined) return;
    if (lines.line !== '') {
      this.#askedMs = Number.NEGATIVE_INFINITY;
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
    } else if (this.#isBusy) {
      this.#typedAhead.length = 0;
      heard.onLetGo();
    } else this.#askOrQuit(lines);
  }

  #askOrQuit(lines: Interface): void {
    const nowMs = systemClock.nowMs();
    if (nowMs - this.#askedMs < QUIT_ASKED_MS) {
      lines.close();
      return;
    }
    this.#askedMs = nowMs;
    const count = this.#uses.runningCount();
    const what = count === 0 ? '' : count === 1 ? '1 download is running; ' : `${count} downloads are running; `;
    this.print(`${what}press Ctrl-C again to quit`);
  }

  /** After Ctrl-Z and `fg`: the shell has written below what we drew. */
  #continued(): void {
    this.#open?.footer.forget();
    this.#open?.footer.show();
  }

  async #complete(head: string): Promise<void> {
    const found = await this.#uses.complete(head);
    const { lines } = this.#open ?? {};
    // Typed on meanwhile: what was found is for another line.
    if (lines === undefined || lines.line.slice(0, lines.cursor) !== head) return;
    if (found.head !== head) this.#replace(lines, head, found.head);
    else if (found.candidates.length > 1)
      this.print(await this.#uses.listed(found.candidates, this.#output.columns - 1));
  }

  /** Types what differs. */
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
