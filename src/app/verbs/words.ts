// Sorts the words behind a verb: those at places, flags, and the values that follow flags. Pure.

import type { Verb } from './verb.js';

export interface Words {
  readonly flags: readonly string[];
  readonly plain: readonly string[];
  /** The words behind flags that take one, by flag. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

/** A word counts as a flag only if a form of the verb has that flag. */
export function withoutFlags(words: readonly string[], { forms }: Verb): Words {
  const isFlag = (word: string): boolean => forms.some(({ flag }) => flag !== undefined && word === `--${flag.name}`);
  const flagged = forms.flatMap(({ takes }) => Object.values(takes).flatMap(({ flag }) => flag ?? []));
  const [flags, plain, given]: [string[], string[], Map<string, string[]>] = [[], [], new Map()];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const flag = flagged.find((name) => word === `--${name}`);
    if (flag !== undefined) {
      at += 1;
      given.set(flag, [...(given.get(flag) ?? []), words[at] ?? '']);
    } else (isFlag(word) ? flags : plain).push(word);
  }
  return { flags, plain, given };
}
