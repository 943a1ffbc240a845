// When V8 compiles what runs often a second time, with its optimising compiler: later than it would by itself. Every thread compiles its own
// code, and one download of a gigabyte ran it often enough for 0.65 s of processor in the receiver alone and too seldom to gain that back
// (docs/decisions/017). What runs for long is optimised as ever. For the program only: who embeds the library chooses for himself.

import v8 from 'node:v8';
import { OPTIMIZE_BUDGET_BYTES } from '../base/limits.js';

/** Major versions of V8 that are known to have the flag, Node 20 to 24; others are left as they are. */
const KNOWN = { from: 11, to: 13 };

/** For this process and threads that it starts from now on. */
export function optimizeLater(): void {
  const major = Number.parseInt(process.versions.v8, 10);
  if (major < KNOWN.from || major > KNOWN.to) return;
  v8.setFlagsFromString(`--interrupt-budget=${OPTIMIZE_BUDGET_BYTES}`);
}
