// What the client's machine is told when a job of its disk was refused, by what the job was for. Pure.

import type { ClientInput, Refusal } from '../effects.js';
import type { Entry } from '../files/record.js';

export function prepareFailed({ ask }: { readonly ask: number }, refusal: Refusal): ClientInput {
  return { kind: 'prepareFailed', ask, refusal };
}

/** It was prepared before, and is known. */
export function preparedFailed(
  { ask, entry }: { readonly ask: number; readonly entry: Entry },
  refusal: Refusal,
): ClientInput {
  return { kind: 'prepareFailed', ask, refusal, ...(entry.folder === undefined ? {} : { swarm: entry.swarm }) };
}

export function removalFailed({ ask }: { readonly ask: number }, refusal: Refusal): ClientInput {
  return { kind: 'removed', ask, refusal };
}

export function partFailed({ file }: { readonly file: number }, refusal: Refusal): ClientInput {
  return { kind: 'partFailed', file, refusal };
}
