// Decides what a person's terminal can do (colours, Unicode, moving the cursor) from the environment and the setting
// `color`, and spells text in ASCII for terminals without Unicode. Pure.

export interface TerminalAbilities {
  /** The cursor can be moved, so the console edits lines itself and draws progress below the scrolling text. */
  readonly cursor: boolean;
  readonly colour: boolean;
  /** It shows characters beyond ASCII. */
  readonly unicode: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The setting `color`. */
export type ColourSetting = 'auto' | 'always' | 'never';

/** @param wish the setting, which overrules the environment. */
export function abilitiesOf(
  env: Environment,
  isTTY: boolean,
  platform: NodeJS.Platform,
  wish: ColourSetting = 'auto',
): TerminalAbilities {
  const cursor = isTTY && env['TERM'] !== 'dumb';
  const colour = wish === 'auto' ? hasColour(env, cursor) : wish === 'always';
  return { cursor, colour, unicode: hasUnicode(env, platform) };
}

/** FORCE_COLOR wins, read as Node and most tools do; then NO_COLOR, as no-color.org defines it: set and not empty. */
function hasColour(env: Environment, cursor: boolean): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return cursor && (env['NO_COLOR'] ?? '') === '';
}

/** Reads the locale's character set, in the C library's order of precedence. */
function hasUnicode(env: Environment, platform: NodeJS.Platform): boolean {
  // The font of the Linux console has 512 characters.
  if (env['TERM'] === 'linux') return false;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((one) => one !== undefined && one !== '');
  if (locale !== undefined) return /utf-?8/i.test(locale);
  // Their terminals show Unicode whether or not a locale is set.
  return platform === 'darwin' || platform === 'win32';
}

const SPELLINGS: Readonly<Record<string, string>> = { '…': '...', '×': 'x', '–': '-', '—': '-', '’': "'" };

/** Our own characters get an ASCII spelling; all others are escaped as `printable` does. */
export function asciiOnly(text: string): string {
  return text.replace(
    /\P{ASCII}/gu,
    (character) => SPELLINGS[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
