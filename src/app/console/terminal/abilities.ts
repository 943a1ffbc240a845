// What the terminal of a person can do, from the environment and the setting `color`: colours, characters beyond ASCII, a cursor that can be moved.
// Pure: both are passed in.

export interface TerminalAbilities {
  /** The cursor can be moved: lines are edited here, and progress is drawn below what scrolls. */
  readonly cursor: boolean;
  readonly colour: boolean;
  /** Characters beyond ASCII are shown. */
  readonly unicode: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The setting `color`. */
export type ColourWish = 'auto' | 'always' | 'never';

/** @param wish a person's own word, which counts before the environment's. */
export function abilitiesOf(
  env: Environment,
  isTTY: boolean,
  platform: NodeJS.Platform,
  wish: ColourWish = 'auto',
): TerminalAbilities {
  const cursor = isTTY && env['TERM'] !== 'dumb';
  const colour = wish === 'auto' ? hasColour(env, cursor) : wish === 'always';
  return { cursor, colour, unicode: hasUnicode(env, platform) };
}

/** FORCE_COLOR as Node and most tools read it, and it wins; then NO_COLOR as no-color.org has it: set, and not empty. */
function hasColour(env: Environment, cursor: boolean): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return cursor && (env['NO_COLOR'] ?? '') === '';
}

/** By the locale's character set, in the order in which the C library looks at them. */
function hasUnicode(env: Environment, platform: NodeJS.Platform): boolean {
  // The font of Linux's own console has 512 characters.
  if (env['TERM'] === 'linux') return false;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((one) => one !== undefined && one !== '');
  if (locale !== undefined) return /utf-?8/i.test(locale);
  // Both show it whether or not a locale is set.
  return platform === 'darwin' || platform === 'win32';
}

const SPELLINGS: Readonly<Record<string, string>> = { '…': '...', '×': 'x', '–': '-', '—': '-', '’': "'" };

/** For terminals without Unicode: our own characters get an ASCII spelling, all others are escaped as `printable` does. */
export function asciiOnly(text: string): string {
  return text.replace(
    /\P{ASCII}/gu,
    (character) => SPELLINGS[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
