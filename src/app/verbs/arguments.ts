// The kinds of arguments that verbs take: how a word is read, how it appears in a usage, and what completion offers for
// it. Paths become absolute against the directory that is passed in; the disk is never touched. Pure.

import { isAbsolute, resolve } from 'node:path';
import { NAME_BYTES_MAX, REUSE_PATHS_MAX } from '../../foundation/base/limits.js';
import type { LogLevel } from '../../foundation/base/log.js';
import { type PathWord, readMtorrentWord, readPathWord } from '../../foundation/base/path-word.js';
import { formatAddress, parseNamedAddress } from '../../foundation/torrent/address.js';
import { GLOB_BYTES_MAX, GLOBS_MAX } from '../../foundation/torrent/folder/limits.js';
import { isLink } from '../../foundation/torrent/link.js';
import { printable } from '../../foundation/torrent/names.js';
import type { FileView } from '../library/views.js';
import { rate as rateSetting } from '../settings/kinds.js';
import { parseRate, rateSentence } from '../settings/rates.js';
import { LOG_LEVEL_CHOICES } from '../settings/table.js';

/** What the paths of a line start from. Both are absolute. */
/** Where relative paths start. */
export type Base = Pick<PathContext, 'directory'>;

export interface PathContext {
  readonly directory: string;
  readonly home: string;
}

/** What completion offers at the place of an argument. */
export type Offers =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** The names of all verbs. */
  | { readonly kind: 'verbs' }
  /** Files of the client. */
  | { readonly kind: 'clientFiles'; readonly fits: (file: FileView) => boolean }
  /** Names on the disk. */
  | { readonly kind: 'paths'; readonly only: 'any' | 'mtorrent' | 'directories' }
  /** Paths of files inside the folder that the .mtorrent before describes. */
  | { readonly kind: 'inMtorrent' }
  /** A path, or the name of the file in the argument before, with `.mtorrent` appended. */
  | { readonly kind: 'newMtorrent' };

export interface Argument<T> {
  /** In a usage: `<rate>`, or `[command]` for an optional one. */
  readonly shown: string;
  readonly description: string;
  readonly isOptional: boolean;
  /** It is written behind this flag, without its dashes, anywhere on the line; absent: at its place. */
  readonly flag?: string;
  /** With its flag it may be written this many times, and its value is a list; absent: once. */
  readonly times?: number;
  readonly offers: Offers;
  /** Undefined when the word is not such a value. */
  readonly read: (word: string, at: Base) => T | undefined;
  /**
   * Why a word is not such a value; without it, the usage is shown. @param next what is written at the next place.
   */
  readonly mistake?: (word: string, next: string | undefined) => string | undefined;
}

export type Arguments = Readonly<Record<string, Argument<unknown>>>;
/** The values of a line, by the names of the arguments. */
export type Values = Readonly<Record<string, unknown>>;
export type ValuesOf<A extends Arguments> = {
  readonly [N in keyof A]: A[N] extends Repeated<infer T> ? readonly T[] : A[N] extends Argument<infer T> ? T : never;
};
/** Its value is an empty list where it is not written. */
export interface Repeated<T> extends Argument<T> {
  readonly flag: string;
  readonly times: number;
}

/** An empty word, such as an unset variable in a script, is not the current directory. */
function absolute(word: string, at: Base): string | undefined {
  return absoluteOf(readPathWord(word), at);
}

function absoluteOf(read: PathWord, at: Base): string | undefined {
  if (!('path' in read)) return undefined;
  return isAbsolute(read.path) ? resolve(read.path) : resolve(at.directory, read.path);
}

function mistakeIn(read: PathWord): string | undefined {
  return 'path' in read ? undefined : read.mistake;
}

/** How every path is read. */
const PATH = { read: absolute, mistake: (word: string) => mistakeIn(readPathWord(word)) };

export const localFile: Argument<string> = {
  shown: '<file>',
  description: 'the file to share',
  isOptional: false,
  offers: { kind: 'paths', only: 'any' },
  ...PATH,
};

export const newMtorrent: Argument<string> = {
  shown: '<name>.mtorrent',
  description: 'the .mtorrent to write',
  isOptional: false,
  offers: { kind: 'newMtorrent' },
  ...PATH,
};

export const mtorrent: Argument<string> = {
  shown: '<name>.mtorrent',
  description: 'the .mtorrent of the file, or a link',
  isOptional: false,
  offers: { kind: 'paths', only: 'mtorrent' },
  read: (word, at) => (isLink(word) ? word.trim() : absoluteOf(readMtorrentWord(word), at)),
  mistake: (word, next) => mistakeIn(readMtorrentWord(word, next)),
};

export const destination: Argument<string> = {
  shown: '<destination>',
  description: 'a directory, or a file name',
  isOptional: false,
  offers: { kind: 'paths', only: 'directories' },
  read: (word, at) => {
    // resolve() drops the slash that says "a directory".
    const slash = word.endsWith('/') && word !== '/' ? '/' : '';
    const path = absolute(word, at);
    return path === undefined ? undefined : path + slash;
  },
  mistake: PATH.mistake,
};

/**
 * A file of the client: a path if the word has a slash, a name if not. @param fits the files that completion offers.
 */
export function clientFile(
  shown: '<name>' | '<name>.mtorrent',
  fits = (_: FileView): boolean => true,
): Argument<string> {
  return {
    shown,
    description: 'name of the file or of its .mtorrent, or a path',
    isOptional: false,
    offers: { kind: 'clientFiles', fits },
    read: (word, at) => (word === '' ? undefined : word.includes('/') ? absolute(word, at) : word),
    mistake: (word) => (word === '' ? 'a name is empty; `show downloads` lists them' : PATH.mistake(word)),
  };
}

export const movedPath: Argument<string> = {
  shown: '<new-path>',
  description: 'where the file or folder lies now',
  isOptional: false,
  offers: { kind: 'paths', only: 'any' },
  ...PATH,
};

/** A directory that is written behind its flag. */
export function movedDirectory(flag: 'from' | 'to', description: string): Argument<string> {
  return {
    shown: `--${flag} <directory>`,
    description,
    isOptional: false,
    flag,
    offers: { kind: 'paths', only: 'directories' },
    ...PATH,
  };
}

/** Which files of a folder are wanted. */
export function pattern(flag: 'only' | 'except', description: string): Repeated<string> {
  return {
    shown: `[--${flag} <glob>]`,
    description,
    isOptional: true,
    flag,
    times: GLOBS_MAX,
    offers: { kind: 'inMtorrent' },
    read: (word) => (word !== '' && Buffer.byteLength(word) <= GLOB_BYTES_MAX ? word : undefined),
  };
}

export const olderVersion: Repeated<string> = {
  shown: '[--reuse <path>]',
  description: 'a file or folder that may have bytes of it',
  isOptional: true,
  flag: 'reuse',
  times: REUSE_PATHS_MAX,
  offers: { kind: 'paths', only: 'any' },
  ...PATH,
};

/** Bytes a second; 0 for no limit. */
export const rate: Argument<number> = {
  shown: '<rate>',
  description: '500K, 10M, 1.5MiB, or off',
  isOptional: false,
  offers: { kind: 'words', words: Array.isArray(rateSetting.offers) ? rateSetting.offers : [] },
  read: parseRate,
  mistake: (word) => rateSentence(word),
};

/** A tracker, as ip:port in the one way in which addresses are compared. */
export function trackerAddress(shown: '<old>' | '<new>'): Argument<string> {
  return {
    shown,
    description: 'ip:port or name:port of a tracker',
    isOptional: false,
    offers: { kind: 'words', words: [] },
    read: (word) => {
      const address = parseNamedAddress(word);
      return address === undefined ? undefined : formatAddress(address);
    },
    mistake: (word) =>
      `"${printable(word)}" is not the address of a tracker; write ip:port, such as 192.0.2.1:7001, or name:port`,
  };
}

export const logLevel: Argument<LogLevel> = {
  shown: '<level>',
  description: 'trace, debug, info, warn or error',
  isOptional: false,
  offers: { kind: 'words', words: LOG_LEVEL_CHOICES },
  read: (word) => LOG_LEVEL_CHOICES.find((level) => level === word),
};

/** Takes any word: help for an unknown command lists all commands. */
export const verbName: Argument<string> = {
  shown: '<command>',
  description: 'a command of the console',
  isOptional: false,
  offers: { kind: 'verbs' },
  read: (word) => word,
};

export const partOfName: Argument<string> = {
  shown: '<text>',
  description: 'a part of its name',
  isOptional: false,
  offers: { kind: 'words', words: [] },
  read: (word) => (Buffer.byteLength(word) <= NAME_BYTES_MAX ? word : undefined),
};

export function optional<T>(argument: Argument<T>): Argument<T | undefined> {
  return { ...argument, shown: argument.shown.replace(/^<(.*)>$/, '[$1]'), isOptional: true };
}
