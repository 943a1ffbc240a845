// The word `-`, which stands for standard input or output. Yargs takes it for an option without a name, so it travels
// through it as a word that nobody can type: no argument of a program contains a NUL. Pure.

export const STANDARD_STREAM = '-';
const HIDDEN = '\0-';

/** A word of a command line, as yargs may see it. */
export function hideDash(word: string): string {
  return word === STANDARD_STREAM ? HIDDEN : word;
}

/** What the user wrote. */
export function showDash(word: string): string {
  return word === HIDDEN ? STANDARD_STREAM : word;
}
