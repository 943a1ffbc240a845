// The words of a command line that begin with a dash and are no options: `-`, which stands for standard input or
// output, and whatever comes behind `--`. Yargs takes both for options, so they travel through it behind a NUL, which
// nobody can type. Pure.

export const STANDARD_STREAM = '-';
/** Ends the options of a command. */
const END_OF_OPTIONS = '--';
const HIDING = '\0';

/** The words of a command line, as yargs may see them. */
export function hideDashes(words: readonly string[]): string[] {
  const end = words.indexOf(END_OF_OPTIONS);
  const [options, operands] = end < 0 ? [words, []] : [words.slice(0, end), words.slice(end + 1)];
  return [
    ...options.map((word) => (word === STANDARD_STREAM ? hidden(word) : word)),
    ...operands.map((word) => (word.startsWith('-') ? hidden(word) : word)),
  ];
}

/** What the user wrote. */
export function showDash(word: string): string {
  return word.startsWith(HIDING) ? word.slice(HIDING.length) : word;
}

/** The same of every argument that yargs has read. */
export function showDashes(read: Record<string, unknown>): void {
  const shown = (value: unknown): unknown => (typeof value === 'string' ? showDash(value) : value);
  for (const [name, value] of Object.entries(read)) read[name] = Array.isArray(value) ? value.map(shown) : shown(value);
}

function hidden(word: string): string {
  return `${HIDING}${word}`;
}
