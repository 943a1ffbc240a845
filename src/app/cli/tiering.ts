// When V8 compiles what runs often a second time, with its optimising compiler: later than it would by itself. Every thread compiles its own
// code, and one download of a gigabyte ran it often enough for half a second of processor in the receiver alone and too seldom to gain that back
// (docs/decisions/017). What runs for long is optimised as ever. For the program only: who embeds the library chooses for himself.

import v8 from 'node:v8';
import { OPTIMIZE_BUDGET_BYTES } from './limits.js';

/** The major version of V8, that of Node 20, on which it was measured. Others may not know the flag, or tier otherwise: they are left as they are. */
export const MEASURED_ENGINE = 11;

/**
 * For this process and all its threads, from now on. Not before they are started, those of the hash pool as well: a changed flag makes V8
 * refuse every form that was compiled in advance, Node's own modules' as well, in each thread that starts after it (decision 020).
 */
export function optimizeLater(): void {
  if (Number.parseInt(process.versions.v8, 10) !== MEASURED_ENGINE) return;
  v8.setFlagsFromString(`--interrupt-budget=${OPTIMIZE_BUDGET_BYTES}`);
}
