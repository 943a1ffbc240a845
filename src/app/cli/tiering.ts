// Makes V8's optimizing compiler start later than by default: every thread compiles its own code, and a single download
// does not run long enough to gain that time back (docs/decisions/017). For the program only; users of the library
// choose for themselves.

import v8 from 'node:v8';
import { OPTIMIZE_BUDGET_BYTES } from './limits.js';

/** The major version of V8, that of Node 20, on which it was measured. Other versions may not know the flag. */
export const MEASURED_ENGINE = 11;

/**
 * For this process and all its threads. Call it after all threads have started, those of the hash pool as well: a
 * changed flag makes V8 reject its code cache in each thread that starts later (docs/decisions/020).
 */
export function optimizeLater(): void {
  if (Number.parseInt(process.versions.v8, 10) !== MEASURED_ENGINE) return;
  v8.setFlagsFromString(`--interrupt-budget=${OPTIMIZE_BUDGET_BYTES}`);
}
