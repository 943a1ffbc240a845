// Where a bench leaves what it measured: one JSON file and one SVG plot, of the bench's name, in a directory that git
// ignores unless told otherwise.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const OUT_DEFAULT = 'bench-results';

/** Answers the paths written. */
export function saveResults(directory: string, name: string, facts: object, svg: string): readonly string[] {
  mkdirSync(directory, { recursive: true });
  const texts = { json: `${JSON.stringify(facts, undefined, 1)}\n`, svg };
  return Object.entries(texts).map(([ending, text]) => {
    const path = join(directory, `${name}.${ending}`);
    writeFileSync(path, text);
    return path;
  });
}
