// What a pattern such as `*.json` or `docs/` means for the paths of a folder; the only door to picomatch. A pattern
// without `/` is about the last part of a path, one that ends in `/` about everything below that folder, and any other
// about the whole path. Pure.

import picomatch from 'picomatch';
import { MiniTorrentError } from '../../base/errors.js';
import { printable } from '../names.js';
import { GLOB_BYTES_MAX, GLOBS_MAX } from './limits.js';

const LITERAL = { dot: true, noextglob: true, nonegate: true, windows: false };

/** Whether a path is meant. */
export type PathMatch = (path: string) => boolean;

/**
 * Whether at least one of `patterns` means a path. `*` and `?` stand for characters of one part, `**` for any number of
 * parts, `[a-z]` for one character, `{a,b}` for one of several texts; `\` takes the next character as it is. Throws
 * INVALID_ARGUMENTS for a pattern that is too long or can mean nothing.
 */
export function pathMatch(patterns: readonly string[]): PathMatch {
  if (patterns.length > GLOBS_MAX) {
    throw new MiniTorrentError('INVALID_ARGUMENTS', `${patterns.length} patterns are too many; at most ${GLOBS_MAX}`);
  }
  const matches = patterns.map(matchOf);
  return (path) => matches.some((match) => match(path));
}

function matchOf(pattern: string): PathMatch {
  if (pattern === '' || Buffer.byteLength(pattern) > GLOB_BYTES_MAX) {
    throw refused(pattern, `needs 1 to ${GLOB_BYTES_MAX} bytes`);
  }
  if (pattern.startsWith('/')) throw refused(pattern, 'begins with "/", but paths are those within the folder');
  const text = withoutRegularExpressions(pattern.endsWith('/') ? `${pattern}**` : pattern);
  const regex = picomatch.makeRe(text, { ...LITERAL, maxLength: 2 * GLOB_BYTES_MAX });
  // Picomatch makes this of what it cannot read.
  if (regex.source === '$^') throw refused(pattern, 'has a "[" or "{" without its end, or ends with "\\"');
  if (pattern.includes('/')) return (path) => regex.test(path);
  return (path) => regex.test(path.slice(path.lastIndexOf('/') + 1));
}

/** With everything escaped that picomatch would pass on to the regular expression; sets never match a `/`. */
function withoutRegularExpressions(pattern: string): string {
  let text = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    const end = character === '[' ? pattern.indexOf(']', at + 2) : -1;
    if (end > 0) {
      text += setOf(pattern.slice(at + 1, end));
      at = end;
    } else if (character === '\\') {
      text += pattern.slice(at, at + 2);
      at += 1;
    } else {
      text += /[[\]()|+^$@!"]/.test(character) ? `\\${character}` : character;
    }
  }
  return text;
}

/** @param members what stands between the brackets. */
function setOf(members: string): string {
  const isNegated = /^[!^]/.test(members);
  const kept = (isNegated ? members.slice(1) : members).replace(/[[\]\\^/]/g, '\\$&');
  return isNegated ? `[^\\/${kept}]` : `[${kept}]`;
}

function refused(pattern: string, why: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_ARGUMENTS', `the pattern "${printable(pattern.slice(0, 80))}" ${why}`);
}
