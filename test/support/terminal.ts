// A program in a real pseudo-terminal, and what a person would see there: bytes go through a terminal emulator, and
// tests wait for what is on its screen. Ends with its test.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { IPty } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { type Deferred, deferred, within } from '../../src/foundation/base/deferred.js';
import { lacksPlace } from './needs.js';
import { PATIENCE_MS } from './patience.js';

const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;
const STOP_MS = 8_000;
const PIECE_CHARACTERS = 7;

type Spawn = typeof import('@lydell/node-pty').spawn;

/** Undefined, and the test skipped, where there is no pseudo-terminal for this platform. */
export async function pseudoTerminals(t: TestContext): Promise<Spawn | undefined> {
  try {
    return (await import('@lydell/node-pty')).spawn;
  } catch (error) {
    lacksPlace(t, `no pseudo-terminal here: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

export interface TerminalOptions {
  readonly directory: string;
  readonly columns?: number;
  readonly rows?: number;
  /** Beside a plain environment of UTF-8. */
  readonly env?: Readonly<Record<string, string>>;
  /** What runs instead of `mtorrent`; its words follow. */
  readonly program?: readonly [string, ...string[]];
}

interface Waiting {
  readonly fits: (screen: readonly string[]) => boolean;
  readonly seen: Deferred<readonly string[]>;
}

export class TerminalProcess {
  readonly #pty: IPty;
  readonly #emulator: InstanceType<typeof headless.Terminal>;
  readonly #waiting = new Set<Waiting>();
  readonly #exit = deferred<number>();
  #ending: Promise<void> | undefined;
  /** Every byte so far. */
  raw = '';

  /** `mtorrent`, or another program, with these words. */
  constructor(t: TestContext, spawn: Spawn, words: readonly string[], options: TerminalOptions) {
    const { directory, columns: cols = 100, rows = 30, env, program = [process.execPath, PROGRAM] } = options;
    const [command, ...before] = program;
    this.#emulator = new headless.Terminal({ cols, rows, scrollback: 5_000, allowProposedApi: true });
    const plain = { PATH: process.env['PATH'] ?? '', HOME: directory, TERM: 'xterm-256color', LANG: 'C.UTF-8' };
    this.#pty = spawn(command, [...before, ...words], { cols, rows, cwd: directory, env: { ...plain, ...env } });
    this.#pty.onData((text) => {
      this.raw += text;
      // A terminal reads one picture in as many pieces as it likes: no test may lean on its coming whole.
      for (let at = 0; at < text.length; at += PIECE_CHARACTERS)
        this.#emulator.write(text.slice(at, at + PIECE_CHARACTERS), () => this.#look());
    });
    this.#pty.onExit(({ exitCode, signal }) => {
      // All that it wrote is on the screen by then.
      this.#emulator.write('', () => this.#exit.resolve(signal ? 128 + signal : exitCode));
    });
    t.after(() => this.end());
  }

  get exited(): Promise<number> {
    return within(this.#exit.promise, PATIENCE_MS, () => assert.fail(`it has not ended; screen:\n${this.#dump()}`));
  }

  /** Its exit code, and everything that it has shown. */
  async outcome(): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
    const code = await this.exited;
    return { code, lines: this.lines };
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Keys as a terminal sends them. */
  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Nobody reads what the program writes, as when a connection hangs. */
  freeze(): void {
    this.#pty.pause();
  }

  thaw(): void {
    this.#pty.resume();
  }

  kill(signal: string): void {
    this.#pty.kill(signal);
  }

  /** Everything from the first line that scrolled away to the last row that is not empty. */
  get lines(): readonly string[] {
    const { active } = this.#emulator.buffer;
    const lines = Array.from({ length: active.length }, (_, at) =>
      (active.getLine(at)?.translateToString(true) ?? '').trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** Rows on the screen. */
  get screen(): readonly string[] {
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, at) =>
      (active.getLine(active.viewportY + at)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  /** The row of the cursor and its column. */
  get cursor(): { readonly row: string; readonly column: number } {
    const { active } = this.#emulator.buffer;
    return {
      row: active.getLine(active.baseY + active.cursorY)?.translateToString(true) ?? '',
      column: active.cursorX,
    };
  }

  get title(): Promise<string> {
    return new Promise((resolve) => this.#emulator.onTitleChange(resolve));
  }

  /** Waits until everything together `fits`; answers the lines. */
  async until(
    fits: RegExp | ((lines: readonly string[]) => boolean),
    what = String(fits),
    deadlineMs = PATIENCE_MS,
  ): Promise<readonly string[]> {
    const waiting: Waiting = {
      fits: fits instanceof RegExp ? (lines) => fits.test(lines.join('\n')) : fits,
      seen: deferred(),
    };
    this.#waiting.add(waiting);
    this.#look();
    try {
      return await within(waiting.seen.promise, deadlineMs, () =>
        assert.fail(`not on the screen within ${deadlineMs} ms: ${what}; there is:\n${this.#dump()}`),
      );
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** The prompt with this text is the last row, and the cursor behind it. */
  async prompts(typed = ''): Promise<readonly string[]> {
    return this.until(
      (lines) => lines.at(-1) === `mtorrent> ${typed}`.trimEnd() && this.cursor.column === 10 + typed.length,
      `the prompt with "${typed}"`,
    );
  }

  #look(): void {
    if (this.#waiting.size === 0) return;
    const { lines } = this;
    for (const { fits, seen } of [...this.#waiting]) if (fits(lines)) seen.resolve(lines);
  }

  #dump(): string {
    return this.lines.map((line) => `| ${line}`).join('\n');
  }

  /** To be awaited before its directory is removed. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.thaw();
    const gone = await within<number | undefined>(this.#ended(), STOP_MS, () => undefined);
    if (gone === undefined) this.#pty.kill('SIGKILL');
    this.#emulator.dispose();
  }

  async #ended(): Promise<number> {
    try {
      this.#pty.kill('SIGTERM');
    } catch {
      // It has ended already.
    }
    return this.#exit.promise;
  }
}
