// Writes a command as a person can paste it into a POSIX shell, whatever a stranger named his file. Every command that
// a sentence suggests is written here, which test/tidy.test.ts checks. Pure.

/**
 * No shell gives these a meaning. A `=` at the beginning has one in zsh; a `~` has one in bash behind a `=`, and may be
 * a part of a pattern in zsh.
 */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;
/** Control, format and line characters: they act on a terminal, or deceive the eye. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** In a format of printf(1) between single quotes, all but these are written as bytes. */
const BYTES_IN_FORMAT = /^-|[^\p{L}\p{N} _@+=:,./~-]/gu;
const BYTES_IN_QUOTES = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\']/gu;

/** `mtorrent <words>`, each word quoted where a shell needs it. */
export function command(...words: readonly string[]): string {
  return shellLine('mtorrent', ...words);
}

/** Any other command line. */
export function shellLine(...words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** A path as an argument that no program takes for an option; `-` stays what it is, a stream. */
export function pathWord(path: string): string {
  return path.startsWith('-') && path !== '-' ? `./${path}` : path;
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  if (!UNPRINTABLE.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  // A substitution drops line ends, which some shells can then not be given at all: bash, zsh, ksh and BusyBox can.
  if (word.endsWith('\n')) return `$'${word.replace(BYTES_IN_QUOTES, bytesOf)}'`;
  return `"$(printf '${word.replace(BYTES_IN_FORMAT, bytesOf)}')"`;
}

/** In octal, byte for byte. */
function bytesOf(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
