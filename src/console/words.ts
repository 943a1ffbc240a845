// Splits a console line into words as a shell user expects: spaces, '…', "…", backslash, and a leading ~ for the home
// directory. No variables, no globs, no substitution: a line can name files and nothing else. Pure.

export type Words =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'unclosed'; readonly quote: string };

export function splitWords(line: string, home: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  let homeHere = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && '"\\'.includes(line[at + 1] ?? ' '))
        word = (word ?? '') + (line[++at] ?? '');
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (character === '\\') {
      at += 1;
      if (at === line.length) return { kind: 'unclosed', quote: '\\' };
      word = (word ?? '') + (line[at] ?? '');
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(homeHere ? expand(word, home) : word);
      word = undefined;
      homeHere = false;
    } else {
      // Only an unquoted ~ at the front of a word means home.
      if (word === undefined && character === '~') homeHere = true;
      word = (word ?? '') + character;
    }
  }
  if (quote !== '') return { kind: 'unclosed', quote };
  if (word !== undefined) words.push(homeHere ? expand(word, home) : word);
  return { kind: 'words', words };
}

/** `~` and `~/x`; another user's `~name` stays as it is. */
function expand(word: string, home: string): string {
  return word === '~' || word.startsWith('~/') ? home + word.slice(1) : word;
}
