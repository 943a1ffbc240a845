// A shell in a real pseudo-terminal, its screen as a person sees it. Every wait has a deadline.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { PATIENCE_MS } from './patience.js';

const COLUMNS = 120;
const ROWS = 30;

export interface ShellTerminal {
  type(text: string): void;
  /** The line with the cursor, up to it, as soon as it is `wanted`. */
  lineBecomes(wanted: string): Promise<void>;
}

export function openShell(t: TestContext, words: readonly [string, ...string[]], directory: string): ShellTerminal {
  const [program, ...args] = words;
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
  const screen = new headless.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const shell = spawn(program, args, { name: 'xterm', cols: COLUMNS, rows: ROWS, cwd: directory, env });
  const lookers = new Set<() => void>();
  shell.onData((text) => screen.write(text, () => lookers.forEach((look) => void look())));
  screen.onData((answer) => shell.write(answer));
  t.after(() => {
    shell.kill('SIGKILL');
    screen.dispose();
  });
  const line = (): string => {
    const { active } = screen.buffer;
    const text = active.getLine(active.baseY + active.cursorY)?.translateToString() ?? '';
    return text.slice(0, active.cursorX);
  };
  const lineBecomes = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(new assert.AssertionError({ actual: line(), expected: wanted })), PATIENCE_MS);
      const look = (): void => {
        if (line() === wanted) end();
      };
      const end = (error?: Error): void => {
        clearTimeout(timer);
        lookers.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      lookers.add(look);
      look();
    });
  return { type: (text) => shell.write(text), lineBecomes };
}
