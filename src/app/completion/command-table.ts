// Lists every command by recording the declarations that the parser receives, so that suggestions, completion and the
// manual need no second list. Runs no command and loads no parser. Pure.

import type { Argv, Options } from 'yargs';

export interface PositionalEntry {
  readonly name: string;
  readonly isRequired: boolean;
  /** It takes all remaining words. */
  readonly repeats: boolean;
  readonly choices: readonly string[];
  readonly description: string;
}

export interface FlagEntry {
  /** Without its dashes. */
  readonly name: string;
  /** Short and other names, without their dashes. */
  readonly aliases: readonly string[];
  readonly takesValue: boolean;
  /** It may be written more than once. */
  readonly repeats: boolean;
  readonly choices: readonly string[];
  readonly description: string;
}

export interface CommandEntry {
  /** As it is typed: 'create', or 'config show'. '' is the program without a command. */
  readonly words: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly positionals: readonly PositionalEntry[];
  readonly flags: readonly FlagEntry[];
}

/** A function, or an object of options. */
type Builder = ((args: Argv) => unknown) | Readonly<Record<string, unknown>> | undefined;

/** Commands and flags in the order of declaration; a command with subcommands precedes them. */
export function commandTable(declare: (parser: Argv) => void): readonly CommandEntry[] {
  const table: CommandEntry[] = [];
  declare(recorder(table, '', { positionals: new Map(), flags: [] }));
  return table;
}

interface Recorded {
  /** Options by name; the usage says which positionals there are, and in which order. */
  readonly positionals: Map<string, unknown>;
  readonly flags: FlagEntry[];
}

/** Stands in for the parser and records what is declared. */
function recorder(table: CommandEntry[], above: string, recorded: Recorded): Argv {
  const record = (name: string, words: readonly unknown[]): void => {
    if (name === 'command') recordCommand(table, above, words);
    else if (name === 'positional') recorded.positionals.set(String(words[0]), words[1]);
    else if (name === 'option') recordFlag(recorded, String(words[0]), words[1]);
    else if (name === 'options') {
      for (const [flag, options] of Object.entries(words[0] ?? {})) recordFlag(recorded, flag, options);
    }
  };
  const self: Argv = new Proxy({} as Argv, {
    get:
      (_, name) =>
      (...words: readonly unknown[]) => {
        record(String(name), words);
        return self;
      },
  });
  return self;
}

/** The last declaration of a name counts, as it does for the parser. A hidden one is nobody's to write. */
function recordFlag({ flags }: Recorded, name: string, declared: unknown): void {
  if ((declared as { readonly hidden?: boolean } | undefined)?.hidden === true) return;
  const at = flags.findIndex((flag) => flag.name === name);
  flags.splice(at < 0 ? flags.length : at, 1, flagOf(name, declared));
}

function recordCommand(table: CommandEntry[], above: string, declared: readonly unknown[]): void {
  const [shape, description, builder] = declared as [string | readonly string[], string | false, Builder];
  const [usage = '', ...aliases] = typeof shape === 'string' ? [shape] : shape;
  const [first = '', ...places] = usage.split(' ');
  const words = first === '$0' ? '' : `${above} ${first}`.trim();
  const recorded: Recorded = { positionals: new Map(), flags: [] };
  const below: CommandEntry[] = [];
  const own = recorder(below, words, recorded);
  if (typeof builder === 'function') builder(own);
  else own.options((builder ?? {}) as Record<string, Options>);
  table.push({
    words,
    aliases: aliases.map((alias) => `${above} ${alias.split(' ')[0]}`.trim()),
    description: description === false ? '' : description,
    positionals: places.map((place) => positionalOf(place, recorded.positionals)),
    flags: recorded.flags,
  });
  table.push(...below);
}

/** '<file>', '[name]' or '[files..]'. */
function positionalOf(place: string, declared: ReadonlyMap<string, unknown>): PositionalEntry {
  const name = place.slice(1, -1).replace(/\.\.$/, '');
  return {
    name,
    isRequired: place.startsWith('<'),
    repeats: place.slice(0, -1).endsWith('..'),
    ...saidOf(declared.get(name)),
  };
}

function flagOf(name: string, declared: unknown): FlagEntry {
  const { alias, type, array } = (declared ?? {}) as {
    readonly alias?: string | readonly string[];
    readonly type?: string;
    readonly array?: boolean;
  };
  const aliases = alias === undefined ? [] : typeof alias === 'string' ? [alias] : alias;
  const takesValue = type !== 'boolean' && type !== 'count';
  const repeats = !takesValue || type === 'array' || array === true;
  return { name, aliases, takesValue, repeats, ...saidOf(declared) };
}

function saidOf(declared: unknown): { readonly choices: readonly string[]; readonly description: string } {
  const { choices, describe } = (declared ?? {}) as {
    readonly choices?: readonly string[];
    readonly describe?: string;
  };
  return { choices: choices ?? [], description: describe ?? '' };
}
