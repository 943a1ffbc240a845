// Reads a line of the console: splits it into words as a shell does (quotes, backslashes, a leading ~), then looks them
// up in the table of verbs. There are no variables, globs or substitutions: a line can name files and nothing else.
// Pure.

import type { PathContext } from '../../verbs/arguments.js';
import { type Parsed, parseWords } from '../../verbs/calls.js';

export function parseLine(line: string, at: PathContext): Parsed {
  const split = splitWords(line, at.home);
  if (split.kind === 'unclosed') {
    const sentence = `the ${split.quote} is not closed; add the closing one, or escape it with a backslash`;
    return { kind: 'mistake', sentence };
  }
  return split.words[0]?.startsWith('#') ? { kind: 'nothing' } : parseWords(split.words, at);
}

export type Words =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'unclosed'; readonly quote: string };

/** One word of a line. */
export interface Word {
  /** Index of its first character, which may be a quote. */
  readonly begin: number;
  /** Without quotes and backslashes; a leading ~ is not expanded. */
  readonly text: string;
  /** It begins with a ~ that may mean the home directory. */
  readonly isHome: boolean;
}

export interface Scan {
  readonly words: readonly Word[];
  /** The last word is not finished: no space follows it, or a quote is open. */
  readonly isOpen: boolean;
  /** The quote left open, or a backslash at the end; '' for neither. */
  readonly unclosed: string;
}

export function scanLine(line: string): Scan {
  const words: Word[] = [];
  let begin = 0;
  let word: string | undefined;
  let quote = '';
  let isHome = false;
  const more = (at: number, text: string): void => {
    if (word === undefined) begin = at;
    word = (word ?? '') + text;
  };
  const end = (): void => {
    if (word !== undefined) words.push({ begin, text: word, isHome });
    word = undefined;
    isHome = false;
  };
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && '"\\'.includes(line[at + 1] ?? ' ')) more(at, line[++at] ?? '');
      else more(at, character);
    } else if (character === '"' || character === "'") {
      quote = character;
      more(at, '');
    } else if (character === '\\') {
      more(at, line[at + 1] ?? '');
      at += 1;
      if (at === line.length) quote = '\\';
    } else if (/\s/.test(character)) {
      end();
    } else {
      // Only an unquoted ~ at the start of a word means home.
      if (word === undefined && character === '~') isHome = true;
      more(at, character);
    }
  }
  const isOpen = word !== undefined;
  end();
  return { words, isOpen, unclosed: quote };
}

export function splitWords(line: string, home: string): Words {
  const { words, unclosed } = scanLine(line);
  if (unclosed !== '') return { kind: 'unclosed', quote: unclosed };
  return { kind: 'words', words: words.map((word) => expanded(word, home)) };
}

/** `~` and `~/x`; another user's `~name` stays as it is. */
export function expanded({ text, isHome }: Word, home: string): string {
  return isHome && (text === '~' || text.startsWith('~/')) ? home + text.slice(1) : text;
}

/** Writes `text` as one word. @param style the quote to use; '' to escape with backslashes where needed. */
export function quoteWord(text: string, style: '' | '"' | "'", isHome = false): string {
  if (style === '"') return `"${text.replace(/["\\]/g, '\\$&')}"`;
  // Nothing can be escaped inside single quotes.
  if (style === "'" && !text.includes("'")) return `'${text}'`;
  if (text === '') return '';
  const escaped = text.replace(/[\s"'\\]/g, '\\$&');
  return escaped.startsWith('~') && !isHome ? `\\${escaped}` : escaped;
}
