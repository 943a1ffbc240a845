// What every declaration of a command ends in: its work, which answers the exit code, and the terminal that it speaks to.

import type { CommandOutput } from '../base/output.js';

/** Runs the work of the command that was named; its answer is the exit code. */
export type Ends = (work: () => Promise<number>) => Promise<void>;

export function terminal(): CommandOutput {
  return {
    stdout: (line) => void process.stdout.write(`${line}\n`),
    stderr: (line) => void process.stderr.write(`${line}\n`),
    progress: process.stderr.isTTY === true ? (text) => void process.stderr.write(`\r\u001b[K${text}`) : undefined,
  };
}
