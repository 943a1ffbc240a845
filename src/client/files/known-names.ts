// Which files a word means that a user typed: the path or file name of a .mtorrent, the name of a file, the name it was
// saved under, or its path. A path matches only itself: a file of the same name elsewhere must never be removed in its
// place. Pure.

import { namesOf } from './names.js';
import type { FileRecord, Name } from './record.js';

/** What a word that a user typed means. `names`: those of its names that the word fits. */
export type Match =
  | { readonly kind: 'file'; readonly record: FileRecord; readonly names: readonly Name[] }
  | { readonly kind: 'several'; readonly records: readonly FileRecord[] }
  | { readonly kind: 'none' };

interface Rule {
  readonly keyOf: (name: Name) => string;
  /** Whether words with a slash, or without one, may match; undefined: both. */
  readonly isPath: boolean | undefined;
}

const BY_PATH: Rule = { keyOf: ({ path }) => path, isPath: true };
/** The first rule that fits any file decides. */
const RULES: readonly Rule[] = [
  { keyOf: ({ mtorrentPath }) => mtorrentPath, isPath: true },
  { keyOf: ({ mtorrentPath }) => lastPart(mtorrentPath), isPath: false },
  { keyOf: ({ name }) => name, isPath: undefined },
  { keyOf: ({ path }) => lastPart(path), isPath: false },
  BY_PATH,
];

export class KnownNames {
  readonly #byRule = new Map<Rule, Map<string, Set<FileRecord>>>(RULES.map((rule) => [rule, new Map()]));

  add(record: FileRecord): void {
    this.#each(record, (files, key) => {
      const there = files.get(key);
      if (there === undefined) files.set(key, new Set([record]));
      else there.add(record);
    });
  }

  remove(record: FileRecord): void {
    this.#each(record, (files, key) => {
      const there = files.get(key);
      there?.delete(record);
      if (there?.size === 0) files.delete(key);
    });
  }

  ofPath(path: string): readonly FileRecord[] {
    return [...(this.#byRule.get(BY_PATH)?.get(path) ?? [])];
  }

  match(word: string): Match {
    const isPath = word.includes('/');
    for (const rule of RULES) {
      if (rule.isPath !== undefined && rule.isPath !== isPath) continue;
      const found = [...(this.#byRule.get(rule)?.get(word) ?? [])];
      const record = found.length > 1 && isPath ? newest(found) : found[0];
      if (record === undefined) continue;
      if (found.length > 1 && !isPath) return { kind: 'several', records: found };
      return { kind: 'file', record, names: namesOf(record.entry).filter((name) => rule.keyOf(name) === word) };
    }
    return { kind: 'none' };
  }

  #each({ entry }: FileRecord, visit: (files: Map<string, Set<FileRecord>>, key: string) => void): void {
    for (const [rule, files] of this.#byRule) for (const name of namesOf(entry)) visit(files, rule.keyOf(name));
  }
}

/** Several contents had one path, one after the other: what is there now is meant, or what was there last. */
function newest(records: readonly FileRecord[]): FileRecord | undefined {
  const present = records.filter(({ phase }) => phase.at !== 'missing');
  return (present.length > 0 ? present : records).reduce((one, other) => (other.file > one.file ? other : one));
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
