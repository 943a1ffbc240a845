// What Tab means at a place of a line: which words could stand there, and the line with the one that fits, or with what all
// that fit have in common. Knows the commands; files and directories are looked up by whoever asks. Pure.

import { resolve } from 'node:path';
import { unreachable } from '../../../foundation/base/assert.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { FileView } from '../../library/views.js';
import type { Offers, PathContext } from '../../verbs/arguments.js';
import { offersAfter } from '../../verbs/places.js';
import { VERB_NAMES, verbNamed } from '../../verbs/table.js';
import { expanded, quoteWord, scanLine, type Word } from './line.js';

export interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What could stand at the cursor. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Files of the client. */
  | { readonly kind: 'files'; readonly fits: (file: FileView) => boolean }
  /** Entries of `directory` whose name continues what is typed. */
  | { readonly kind: 'entries'; readonly directory: string; readonly only: 'any' | 'mtorrent' | 'directories' }
  | { readonly kind: 'nothing' };

export interface Place {
  readonly wanted: Wanted;
  /** The word at the cursor, empty where none has begun. */
  readonly word: Word;
  readonly style: '' | '"' | "'";
}

export interface Completed {
  /** Everything left of the cursor. */
  readonly head: string;
  /** To be shown when the head did not grow: safe for a terminal. */
  readonly candidates: readonly string[];
}

/** @param head the line up to the cursor. */
export function placeOf(head: string, at: PathContext): Place {
  const { words, isOpen, unclosed } = scanLine(head);
  const word = isOpen ? words.at(-1) : undefined;
  const before = words.slice(0, isOpen ? -1 : words.length).map((one) => expanded(one, at.home));
  const here = word ?? { begin: head.length, text: '', isHome: false };
  const quote = head[here.begin];
  const style = quote === '"' || quote === "'" ? quote : '';
  // A backslash with nothing behind it: what it escapes is yet to come.
  const wanted: Wanted = unclosed === '\\' ? { kind: 'nothing' } : wantedAt(before, here, at);
  return { wanted, word: here, style };
}

const NOTHING: Wanted = { kind: 'nothing' };

function wantedAt(before: readonly string[], word: Word, at: PathContext): Wanted {
  const [name, ...words] = before;
  if (name === undefined) return { kind: 'words', words: VERB_NAMES };
  const verb = verbNamed(name);
  const offers = verb === undefined ? undefined : offersAfter(verb, words, word.text);
  return offers === undefined ? NOTHING : wantedOf(offers, words.at(-1), word, at);
}

/** @param last the argument before this one. */
function wantedOf(offers: Offers, last: string | undefined, word: Word, at: PathContext): Wanted {
  const entries = (only: 'any' | 'mtorrent' | 'directories'): Wanted => ({
    kind: 'entries',
    directory: directoryOf(word, at),
    only,
  });
  switch (offers.kind) {
    case 'words':
      return offers;
    case 'verbs':
      return { kind: 'words', words: VERB_NAMES };
    case 'paths':
      return entries(offers.only);
    case 'newMtorrent':
      if (word.text !== '' || last === undefined) return entries('any');
      return { kind: 'words', words: [`${last.slice(last.lastIndexOf('/') + 1)}.mtorrent`] };
    case 'clientFiles':
      return word.text.includes('/') ? entries('mtorrent') : { kind: 'files', fits: offers.fits };
    default:
      return unreachable(offers);
  }
}

/** Where the entries are that a half-written path means. */
function directoryOf(word: Word, { directory, home }: PathContext): string {
  const { text, isHome } = word;
  const slash = text.lastIndexOf('/');
  if (slash < 0) return directory;
  const parent = expanded({ ...word, text: text.slice(0, slash + 1), isHome }, home);
  return resolve(directory, parent);
}

interface Candidate {
  /** The whole word. */
  readonly text: string;
  readonly shown: string;
  /** Nothing more belongs to the word. */
  readonly isWhole: boolean;
}

export interface Known {
  readonly files: readonly FileView[];
  readonly entries: readonly Entry[];
}

export function complete(head: string, place: Place, known: Known): Completed {
  const { word, style } = place;
  const all = candidatesOf(place, known);
  const candidates = all.filter(({ text }) => text.startsWith(word.text));
  const [only, ...others] = candidates;
  if (only === undefined) return { head, candidates: [] };
  const front = head.slice(0, word.begin);
  const shown = candidates.map((one) => one.shown);
  if (others.length === 0 && printable(only.text) === only.text) {
    const written = quoteWord(only.text, style, word.isHome);
    if (only.isWhole) return { head: `${front}${written} `, candidates: shown };
    // A quote stays open for what follows.
    return { head: front + opened(written, only.text, style), candidates: shown };
  }
  const common = harmless(commonStart(candidates.map(({ text }) => text)));
  if (common.length <= word.text.length) return { head, candidates: shown };
  return { head: front + opened(quoteWord(common, style, word.isHome), common, style), candidates: shown };
}

/** Without the closing quote, where the word was written with one. */
function opened(written: string, text: string, style: Place['style']): string {
  return style !== '' && !(style === "'" && text.includes("'")) ? written.slice(0, -1) : written;
}

function candidatesOf({ wanted, word }: Place, { files, entries }: Known): readonly Candidate[] {
  switch (wanted.kind) {
    case 'words':
      return wanted.words.map(whole);
    case 'files':
      return filesOf(files.filter(wanted.fits), word.text).map(whole);
    case 'entries':
      if (word.isHome && word.text === '~') return [{ text: '~/', shown: '~/', isWhole: false }];
      return entriesOf(entries, wanted.only, word.text);
    default:
      return [];
  }
}

const whole = (text: string): Candidate => ({ text, shown: printable(text), isWhole: true });

/** By the file's name; by that of the .mtorrent where two files have the same, or what is typed fits no file. */
function filesOf(files: readonly FileView[], typed: string): readonly string[] {
  const count = new Map<string, number>();
  for (const { name } of files) count.set(name, (count.get(name) ?? 0) + 1);
  const mtorrentOf = ({ mtorrentPath }: FileView): string => mtorrentPath.slice(mtorrentPath.lastIndexOf('/') + 1);
  const names = files.map((file) => (count.get(file.name) === 1 ? file.name : mtorrentOf(file)));
  const fitting = names.some((name) => name.startsWith(typed)) ? names : files.map(mtorrentOf);
  return [...new Set(fitting)].sort();
}

const byName = (a: Candidate, b: Candidate): number => (a.text < b.text ? -1 : 1);

/** A .mtorrent stands before directories where one is wanted. Hidden entries are for those who type their dot. */
function entriesOf(
  entries: readonly Entry[],
  only: 'any' | 'mtorrent' | 'directories',
  typed: string,
): readonly Candidate[] {
  const slash = typed.lastIndexOf('/') + 1;
  const [parent, start] = [typed.slice(0, slash), typed.slice(slash)];
  const visible = entries.filter(({ name }) => !name.startsWith('.') || start.startsWith('.'));
  const candidate = ({ name, isDirectory }: Entry): Candidate => ({
    text: parent + name + (isDirectory ? '/' : ''),
    shown: printable(name) + (isDirectory ? '/' : ''),
    isWhole: !isDirectory,
  });
  const directories = visible.filter(({ isDirectory }) => isDirectory);
  const files = visible.filter(
    ({ name, isDirectory }) => !isDirectory && (only !== 'mtorrent' || name.endsWith('.mtorrent')),
  );
  if (only === 'any') return visible.map(candidate).sort(byName);
  if (only === 'directories') return directories.map(candidate).sort(byName);
  return [...files.map(candidate).sort(byName), ...directories.map(candidate).sort(byName)];
}

function commonStart(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const other of others) {
    let same = 0;
    while (same < length && same < other.length && first[same] === other[same]) same += 1;
    length = same;
  }
  // Never half of a character.
  return /[\ud800-\udbff]$/.test(first.slice(0, length)) ? first.slice(0, length - 1) : first.slice(0, length);
}

/** As much of it as can be typed and shown as it is. */
function harmless(text: string): string {
  let end = 0;
  for (const character of text) {
    if (printable(character) !== character) break;
    end += character.length;
  }
  return text.slice(0, end);
}
