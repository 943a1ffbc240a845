// Writes a command as a person can paste it into a POSIX shell, whatever a stranger named his file. Every command that
// a sentence suggests is written here, which test/tidy.test.ts checks. Pure.

/** No shell gives these a meaning. A `~` counts at the beginning only. */
const PLAIN = /^[\w@%+=:,./-][\w@%+=:,./~-]*$/;
/** Control, format and line characters: they act on a terminal, or deceive the eye. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const ESCAPED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\']/gu;

/** `mtorrent <words>`, each word quoted where a shell needs it. */
export function command(...words: readonly string[]): string {
  return shellLine('mtorrent', ...words);
}

/** Any other command line. */
export function shellLine(...words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** A path as an argument that no program takes for an option. */
export function pathWord(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  if (!UNPRINTABLE.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${word.replace(ESCAPED, escaped)}'`;
}

/** In octal, byte for byte: `$'…'` of POSIX.1-2024, bash, zsh, ksh and BusyBox. */
function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
