// Decides what Tab does at a place of a line: which candidates fit there, and how the line continues with the only one,
// or with the prefix that they share. Reads no directory and asks no client: the caller looks up what `Expected` names.
// Pure.

import { resolve } from 'node:path';
import { unreachable } from '../../../foundation/base/assert.js';
import { isLink } from '../../../foundation/torrent/link.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { FileView } from '../../library/views.js';
import type { Offers, PathContext } from '../../verbs/arguments.js';
import { offersAfter } from '../../verbs/places.js';
import { VERB_NAMES, verbNamed } from '../../verbs/table.js';
import { withoutFlags } from '../../verbs/words.js';
import { expanded, quoteWord, scanLine, type Word } from './line.js';

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What can stand at the cursor. */
export type Expected =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Files of the client. */
  | { readonly kind: 'files'; readonly fits: (file: FileView) => boolean }
  /** Entries of `directory` whose names begin with what is typed. */
  | { readonly kind: 'entries'; readonly directory: string; readonly only: 'any' | 'mtorrent' | 'directories' }
  /** What lies in `directory`, '' or with a slash at its end, of the folder that this .mtorrent describes. */
  | {
      readonly kind: 'inMtorrent';
      readonly mtorrentPath: string;
      readonly directory: string;
      /** The beginning of its name. */
      readonly start: string;
    }
  | { readonly kind: 'nothing' };

export interface CursorPlace {
  readonly expected: Expected;
  /** The word at the cursor; empty between words. */
  readonly word: Word;
  readonly style: '' | '"' | "'";
}

export interface Completion {
  /** The line to the left of the cursor. */
  readonly head: string;
  /** To be listed when the head did not grow. Safe for a terminal. */
  readonly candidates: readonly string[];
}

/** @param head the line up to the cursor. */
export function placeOf(head: string, at: PathContext): CursorPlace {
  const { words, isOpen, unclosed } = scanLine(head);
  const word = isOpen ? words.at(-1) : undefined;
  const before = words.slice(0, isOpen ? -1 : words.length).map((one) => expanded(one, at.home));
  const here = word ?? { begin: head.length, text: '', isHome: false };
  const quote = head[here.begin];
  const style = quote === '"' || quote === "'" ? quote : '';
  // What the backslash escapes is still to come.
  const expected: Expected = unclosed === '\\' ? { kind: 'nothing' } : expectedAt(before, here, at);
  return { expected, word: here, style };
}

const NOTHING: Expected = { kind: 'nothing' };

function expectedAt(before: readonly string[], word: Word, at: PathContext): Expected {
  const [name, ...words] = before;
  if (name === undefined) return { kind: 'words', words: VERB_NAMES };
  const verb = verbNamed(name);
  const offers = verb === undefined ? undefined : offersAfter(verb, words, word.text);
  if (verb === undefined || offers === undefined) return NOTHING;
  if (offers.kind !== 'inMtorrent') return expectedOf(offers, words.at(-1), word, at);
  const [mtorrent] = withoutFlags(words, verb).plain;
  const path = pathOf(word.text);
  if (mtorrent === undefined || isLink(mtorrent) || path === undefined) return NOTHING;
  const slash = path.lastIndexOf('/') + 1;
  const [directory, start] = [path.slice(0, slash), path.slice(slash)];
  return { kind: 'inMtorrent', mtorrentPath: resolve(at.directory, mtorrent), directory, start };
}

/** A pattern for this text alone. */
function patternOf(text: string): string {
  return text.replace(/[*?[\]{}]/g, '\\$&');
}

/** What a pattern stands for; undefined when that is more than one text. */
function pathOf(pattern: string): string | undefined {
  const path = pattern.replace(/\\(.)/gu, '$1');
  return patternOf(path) === pattern ? path : undefined;
}

/** @param last the argument before this one. */
function expectedOf(
  offers: Exclude<Offers, { readonly kind: 'inMtorrent' }>,
  last: string | undefined,
  word: Word,
  at: PathContext,
): Expected {
  const entries = (only: 'any' | 'mtorrent' | 'directories'): Expected => ({
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

/** The directory that a half-typed path leads to. */
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
  /** The word is finished: a space follows. */
  readonly isWhole: boolean;
}

export interface Found {
  readonly files: readonly FileView[];
  readonly entries: readonly DirectoryEntry[];
}

export function complete(head: string, place: CursorPlace, found: Found): Completion {
  const { word, style } = place;
  const all = candidatesOf(place, found);
  const candidates = all.filter(({ text }) => text.startsWith(word.text));
  const [only, ...others] = candidates;
  if (only === undefined) return { head, candidates: [] };
  const front = head.slice(0, word.begin);
  const shown = candidates.map((one) => one.shown);
  if (others.length === 0 && printable(only.text) === only.text) {
    const written = quoteWord(only.text, style, word.isHome);
    if (only.isWhole) return { head: `${front}${written} `, candidates: shown };
    // The quote stays open for the rest.
    return { head: front + opened(written, only.text, style), candidates: shown };
  }
  const common = harmless(commonStart(candidates.map(({ text }) => text)));
  if (common.length <= word.text.length) return { head, candidates: shown };
  return { head: front + opened(quoteWord(common, style, word.isHome), common, style), candidates: shown };
}

/** Drops the closing quote of a quoted word. */
function opened(written: string, text: string, style: CursorPlace['style']): string {
  return style !== '' && !(style === "'" && text.includes("'")) ? written.slice(0, -1) : written;
}

function candidatesOf({ expected, word }: CursorPlace, { files, entries }: Found): readonly Candidate[] {
  switch (expected.kind) {
    case 'words':
      return expected.words.map(whole);
    case 'files':
      return filesOf(files.filter(expected.fits), word.text).map(whole);
    case 'entries':
      if (word.isHome && word.text === '~') return [{ text: '~/', shown: '~/', isWhole: false }];
      return entriesOf(entries, expected.only, word.text);
    case 'inMtorrent':
      return entriesOf(
        entries.map(({ name, isDirectory }) => ({ name: patternOf(name), isDirectory })),
        'any',
        word.text,
      );
    default:
      return [];
  }
}

const whole = (text: string): Candidate => ({ text, shown: printable(text), isWhole: true });

/** The file's name; the name of its .mtorrent where two files share a name, or none begins with `typed`. */
function filesOf(files: readonly FileView[], typed: string): readonly string[] {
  const count = new Map<string, number>();
  for (const { name } of files) count.set(name, (count.get(name) ?? 0) + 1);
  const mtorrentOf = ({ mtorrentPath }: FileView): string => mtorrentPath.slice(mtorrentPath.lastIndexOf('/') + 1);
  const names = files.map((file) => (count.get(file.name) === 1 ? file.name : mtorrentOf(file)));
  const fitting = names.some((name) => name.startsWith(typed)) ? names : files.map(mtorrentOf);
  return [...new Set(fitting)].sort();
}

const byName = (a: Candidate, b: Candidate): number => (a.text < b.text ? -1 : 1);

/** Where a .mtorrent is expected, those come before directories. Hidden entries need their dot typed. */
function entriesOf(
  entries: readonly DirectoryEntry[],
  only: 'any' | 'mtorrent' | 'directories',
  typed: string,
): readonly Candidate[] {
  const slash = typed.lastIndexOf('/') + 1;
  const [parent, start] = [typed.slice(0, slash), typed.slice(slash)];
  const visible = entries.filter(({ name }) => !name.startsWith('.') || start.startsWith('.'));
  const candidate = ({ name, isDirectory }: DirectoryEntry): Candidate => ({
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
  // Never half a surrogate pair.
  return /[\ud800-\udbff]$/.test(first.slice(0, length)) ? first.slice(0, length - 1) : first.slice(0, length);
}

/** The longest prefix that is safe to type and to show. */
function harmless(text: string): string {
  let end = 0;
  for (const character of text) {
    if (printable(character) !== character) break;
    end += character.length;
  }
  return text.slice(0, end);
}
