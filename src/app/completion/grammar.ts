// Arranges the list of commands as a tree, with what a shell offers at each place; every completion script is written
// from it. Names are checked, because they become words of a script. Pure.

import { assert } from '../../foundation/base/assert.js';
import { isSettingName, settingOf } from '../settings/table.js';
import type { Offers as VerbOffers } from '../verbs/arguments.js';
import { placesOf } from '../verbs/places.js';
import { verbNamed } from '../verbs/table.js';
import type { CommandEntry, FlagEntry, PositionalEntry } from './command-table.js';

/**
 * Words, or names on the disk; 'mtorrents' are `.mtorrent` files, and the directories that may hold them; 'entries' are
 * the paths of the folder that the `.mtorrent` of the line describes.
 */
export type Offers = readonly string[] | 'files' | 'directories' | 'mtorrents' | 'entries' | 'nothing';

/**
 * A program for awk that prints the paths of a `.mtorrent` that begin with $P, each up to the folder that comes next.
 * So Tab starts no client, and a list of any size is read at once.
 */
export const ENTRIES_AWK = [
  '/^(file|exec): / {',
  'sub(/^[a-z]+: [^ ]* /, "");',
  'p = ENVIRON["P"];',
  'if (index($0, p) == 1) {',
  'rest = substr($0, length(p) + 1); slash = index(rest, "/");',
  'path = slash ? p substr(rest, 1, slash) : $0;',
  'if (!(path in seen)) { seen[path] = 1; print path }',
  '} }',
].join(' ');

export interface FlagRule {
  /** With their dashes, the long one first. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes no value. */
  readonly offers: Offers | undefined;
}

export interface PlaceRule {
  readonly name: string;
  readonly offers: Offers;
  readonly isRequired: boolean;
  readonly repeats: boolean;
}

export interface CommandRule {
  /** Its last word; '' for the program. */
  readonly word: string;
  /** All its words: 'config show'. */
  readonly words: string;
  /** Accepted instead of `word`, but not offered. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly flags: readonly FlagRule[];
  readonly places: readonly PlaceRule[];
  readonly commands: readonly CommandRule[];
}

/** Arguments that are not settings, by name. Any other argument is offered files, which is harmless and often right. */
const OFFERS: Readonly<Record<string, Offers>> = {
  address: 'nothing',
  tracker: 'nothing',
  tracker1: 'nothing',
  tracker2: 'nothing',
  own: 'nothing',
  other: 'nothing',
  cluster: 'nothing',
  name: 'nothing',
  size: 'nothing',
  seeders: 'nothing',
  timeout: 'nothing',
  mtorrent: 'mtorrents',
  only: 'entries',
  except: 'entries',
  exclude: 'nothing',
};

const EVERYWHERE: readonly FlagRule[] = [
  { names: ['--help', '-h'], description: 'Show help', offers: undefined },
  { names: ['--version', '-V'], description: 'Show version number', offers: undefined },
];

/** The program with every command below it. */
export function grammarOf(table: readonly CommandEntry[]): CommandRule {
  const root = table.find(({ words }) => words === '');
  return ruleOf(root ?? { words: '', aliases: [], description: '', positionals: [], flags: [] }, table);
}

/** A command and all below it. */
export function everyRule(rule: CommandRule): readonly CommandRule[] {
  return [rule, ...rule.commands.flatMap(everyRule)];
}

function ruleOf(entry: CommandEntry, table: readonly CommandEntry[]): CommandRule {
  const { words, description, aliases } = entry;
  const lastOf = (all: string): string => checked(all.split(' ').at(-1) ?? '');
  const below = table.filter((other) => other.words !== '' && parentOf(other.words) === words);
  return {
    word: words === '' ? '' : lastOf(words),
    words,
    aliases: aliases.filter((alias) => alias !== '$0').map(lastOf),
    description,
    flags: [...entry.flags.map(flagRule), ...EVERYWHERE],
    places: entry.positionals.map((positional) => placeRule(positional, verbOffers(words, positional.name))),
    commands: below.map((other) => ruleOf(other, table)),
  };
}

function parentOf(words: string): string {
  return words.split(' ').slice(0, -1).join(' ');
}

function flagRule({ name, aliases, takesValue, choices, description }: FlagEntry): FlagRule {
  const names = [name, ...aliases].map((each) => (each.length === 1 ? `-${each}` : `--${checked(each)}`));
  return { names, description, offers: takesValue ? offersOf(name, choices) : undefined };
}

function placeRule({ name, isRequired, repeats, choices }: PositionalEntry, ofVerb: Offers | undefined): PlaceRule {
  return { name, offers: ofVerb ?? offersOf(name, choices), isRequired, repeats };
}

/** Undefined: the command is not a verb of a running client. */
function verbOffers(command: string, place: string): Offers | undefined {
  const verb = verbNamed(command);
  if (verb?.shell === undefined) return undefined;
  const found = placesOf(verb).find(({ name }) => name === place);
  return found === undefined ? undefined : inShell(found.offers);
}

/** Tab in a shell asks no client, so it does not know the client's files. */
function inShell(offers: VerbOffers): Offers {
  switch (offers.kind) {
    case 'words':
      return offers.words.map(checked);
    case 'paths':
      return offers.only === 'mtorrent' ? 'mtorrents' : offers.only === 'directories' ? 'directories' : 'files';
    case 'newMtorrent':
      return 'files';
    default:
      return 'nothing';
  }
}

function offersOf(name: string, choices: readonly string[]): Offers {
  if (choices.length > 0) return choices.map(checked);
  if (isSettingName(name)) return settingOf(name).kind.offers;
  return OFFERS[name] ?? 'files';
}

function checked(word: string): string {
  assert(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(word), 'a word of a script needs no quotes in any shell');
  return word;
}
