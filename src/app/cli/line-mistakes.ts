// What is wrong with the words of a command line, as one sentence: an option that the command has not, a value or an
// argument that is missing, a word too many. Found before the parser reads them, which would name other causes. Pure.

import { nearest } from '../../foundation/base/nearest.js';
import { command } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';
import type { CommandEntry, FlagEntry, PositionalEntry } from '../completion/command-table.js';
import { STANDARD_STREAM } from './standard-stream.js';

const END_OF_OPTIONS = '--';
const ANYWHERE: readonly string[] = ['help', 'h', 'version', 'V'];
const NEGATIVE_NUMBER = /^-(\d+(\.\d+)?|\.\d+)$/;

/** Undefined when each word has its place. @param words as they were typed. */
export function lineMistake(words: readonly string[], table: readonly CommandEntry[]): string | undefined {
  const { entry, rest } = commandIn(words, table);
  if (entry === undefined) return undefined;
  const read = readWords(rest, entry);
  if (read.asksHelp) return undefined;
  const early = read.mistake ?? tooEarly(words.slice(0, leadingOptions(words, table)), entry, table);
  return early ?? twice(read.given) ?? strangeChoice(read, entry) ?? misplaced(read.operands, entry);
}

/** The longest command that the first words behind leading options name; that without a name when none does. */
function commandIn(
  words: readonly string[],
  table: readonly CommandEntry[],
): { readonly entry: CommandEntry | undefined; readonly rest: readonly string[] } {
  const from = leadingOptions(words, table);
  for (const length of [3, 2, 1]) {
    const typed = words.slice(from, from + length).join(' ');
    const entry =
      words.length < from + length
        ? undefined
        : table.find((each) => each.words === typed || each.aliases.includes(typed));
    if (entry !== undefined && entry.words !== '')
      return { entry, rest: [...words.slice(0, from), ...words.slice(from + length)] };
  }
  return { entry: table.find((each) => each.words === ''), rest: words };
}

/** How many words before the command are options and their values: options may stand before it. */
function leadingOptions(words: readonly string[], table: readonly CommandEntry[]): number {
  const flags = table.flatMap((entry) => entry.flags);
  let at = 0;
  for (let word = words[at]; word !== undefined && !isOperand(word) && word !== END_OF_OPTIONS; word = words[at]) {
    const name = word.replace(/^--?/, '');
    const flag = flags.find(({ name: full, aliases }) => full === name || aliases.includes(name));
    at += flag?.takesValue === true ? 2 : 1;
  }
  return at;
}

/** Before a command the parser knows only the options of `mtorrent` alone. */
function tooEarly(leading: readonly string[], entry: CommandEntry, table: readonly CommandEntry[]): string | undefined {
  const home = table.find(({ words }) => words === '');
  if (home === undefined || entry === home) return undefined;
  const word = leading.find((each) => !isOperand(each) && typeof flagsIn(each, home) === 'string');
  return word === undefined ? undefined : `${printable(word)} belongs behind ${nameOf(entry)} (${helpOf(entry)})`;
}

interface Given {
  readonly flag: FlagEntry;
  /** As it was written: `--timeout` or `-o`. */
  readonly shown: string;
  readonly value: string | undefined;
}

interface Read {
  readonly given: readonly Given[];
  readonly operands: readonly string[];
  readonly asksHelp: boolean;
  /** Of the first flag that is wrong. */
  readonly mistake: string | undefined;
}

function readWords(words: readonly string[], entry: CommandEntry): Read {
  const given: Given[] = [];
  const operands: string[] = [];
  let [asksHelp, mistake]: [boolean, string | undefined] = [false, undefined];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === END_OF_OPTIONS) {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (isOperand(word)) {
      operands.push(word);
      continue;
    }
    const flags = flagsIn(word, entry);
    asksHelp ||= flags === 'help';
    if (flags === 'help') continue;
    if (typeof flags === 'string') {
      mistake ??= flags;
      continue;
    }
    const next = words[at + 1];
    const last = flags.at(-1);
    if (last === undefined) continue;
    given.push(...flags.slice(0, -1));
    if (last.value !== undefined || !last.flag.takesValue) {
      if (last.value === '') mistake ??= emptyValue(last, entry);
      if (!last.flag.takesValue && (next === 'true' || next === 'false')) at += 1;
      given.push(last);
    } else if (next === undefined || (!isOperand(next) && next !== STANDARD_STREAM)) {
      mistake ??= withoutValue(last, next, entry);
    } else {
      at += 1;
      if (next === '') mistake ??= emptyValue(last, entry);
      given.push({ ...last, value: next });
    }
  }
  return { given, operands, asksHelp, mistake };
}

function isOperand(word: string): boolean {
  return !word.startsWith('-') || word === STANDARD_STREAM || NEGATIVE_NUMBER.test(word);
}

/** The flags of one word: one, or several letters behind one dash. A text: what is wrong with it. */
function flagsIn(word: string, entry: CommandEntry): readonly Given[] | 'help' | string {
  const [, dashes = '', name = '', , value] = /^(--?)([^=]*)(=(.*))?$/s.exec(word) ?? [];
  if (dashes === '--') return longFlag(name, value, entry);
  const letters = [...name];
  if (letters.some((letter) => ANYWHERE.includes(letter))) return 'help';
  const flags = letters.map((letter) => entry.flags.find(({ aliases }) => aliases.includes(letter)));
  const [first] = flags;
  if (first?.takesValue === true && letters.length > 1)
    return `-${letters[0]} needs a space before its value: -${letters[0]} ${printable(word.slice(2))}`;
  const unknown = letters.find((_, at) => flags[at] === undefined);
  if (unknown !== undefined || letters.length === 0) return unknownFlag(word, `-${unknown ?? ''}`, entry);
  return flags.flatMap((flag, at) =>
    flag === undefined ? [] : [{ flag, shown: `-${letters[at]}`, value: at === flags.length - 1 ? value : undefined }],
  );
}

function longFlag(name: string, value: string | undefined, entry: CommandEntry): readonly Given[] | 'help' | string {
  if (ANYWHERE.includes(name)) return 'help';
  const known = entry.flags.flatMap(({ name: full, aliases }) => [full, ...aliases]);
  const dashed = known.includes(name) ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const isNegated = dashed.startsWith('no-') && !known.includes(dashed);
  const positive = isNegated ? dashed.slice('no-'.length) : dashed;
  const flag = entry.flags.find(({ name: full, aliases }) => full === positive || aliases.includes(positive));
  if (flag === undefined) return unknownFlag(`--${name}`, `--${name}`, entry);
  return isNegated ? [] : [{ flag, shown: `--${positive}`, value }];
}

function unknownFlag(word: string, shown: string, entry: CommandEntry): string {
  const known = entry.flags.flatMap(({ name, aliases }) => [name, ...aliases.filter((alias) => alias.length > 1)]);
  const near = word.startsWith('--') ? nearest(word.slice(2), known) : undefined;
  const hint = near === undefined ? '' : `; did you mean --${near}?`;
  return `${nameOf(entry)} has no option ${printable(shown)}${hint} (${helpOf(entry)})`;
}

function withoutValue({ shown }: Given, next: string | undefined, entry: CommandEntry): string {
  const found = next === undefined ? 'nothing' : `"${printable(next)}"`;
  return `${shown} needs a value, and ${found} stands behind it (${helpOf(entry)})`;
}

function emptyValue({ shown }: Given, entry: CommandEntry): string {
  return `the value of ${shown} is empty; write one, or leave ${shown} out (${helpOf(entry)})`;
}

function twice(given: readonly Given[]): string | undefined {
  for (const { flag, shown } of given) {
    const times = given.filter((other) => other.flag === flag).length;
    if (times > 1 && !flag.repeats) return `${shown} was given ${times} times; give it once`;
  }
  return undefined;
}

/** Of a flag; of a positional, what stands at its place. */
function strangeChoice({ given, operands }: Read, { positionals }: CommandEntry): string | undefined {
  const placed = positionals.map(({ name, choices }, at) => ({ shown: `<${name}>`, choices, value: operands[at] }));
  const flagged = given.map(({ flag, shown, value }) => ({ shown, choices: flag.choices, value }));
  for (const { shown, choices, value } of [...flagged, ...placed]) {
    if (value === undefined || choices.length === 0 || choices.includes(value)) continue;
    const near = nearest(value, choices);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return `${shown}: "${printable(value)}" is not one of ${choices.join(', ')}${hint}`;
  }
  return undefined;
}

function misplaced(operands: readonly string[], entry: CommandEntry): string | undefined {
  const { positionals } = entry;
  const usage = command(...entry.words.split(' ').filter((word) => word !== ''));
  const line = [usage, ...positionals.map(placeText)].join(' ');
  const missing = positionals.find(({ isRequired }, at) => isRequired && operands[at] === undefined);
  if (missing !== undefined) return `<${missing.name}> is missing: ${line}`;
  if (positionals.some(({ repeats }) => repeats)) return undefined;
  const [extra, ...more] = operands.slice(positionals.length);
  if (extra === undefined) return undefined;
  const others = more.length === 0 ? 'is one word' : `and ${more.length} more are words`;
  return `"${printable(extra)}" ${others} too many: ${line}`;
}

function placeText({ name, isRequired, repeats }: PositionalEntry): string {
  const text = repeats ? `${name}..` : name;
  return isRequired ? `<${text}>` : `[${text}]`;
}

function nameOf({ words }: CommandEntry): string {
  return words === '' ? 'mtorrent' : words;
}

function helpOf({ words }: CommandEntry): string {
  return command(...words.split(' ').filter((word) => word !== ''), '--help');
}
