// What every declaration of a command ends in: its work, which answers the exit code, and the terminal that it speaks to.

import type { CommandOutput } from '../../foundation/base/output.js';

/** Names the work of the command that was typed; its answer is the exit code. It is done when there is nothing left to parse. */
export type Ends = (work: () => Promise<number>) => void;

export function terminal(): CommandOutput {
  return {
    stdout: (line) => void process.stdout.write(`${line}\n`),
    stderr: (line) => void process.stderr.write(`${line}\n`),
    progress: process.stderr.isTTY === true ? (text) => void process.stderr.write(`\r\u001b[K${text}`) : undefined,
  };
}
