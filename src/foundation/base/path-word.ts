// What a person writes where a path of this machine is expected, and what stands there by mistake: nothing, a stream,
// an address of the web. One sentence for each, wherever it was written. Pure.

import { command, pathWord, shellLine } from './shell-line.js';

/** A path, absolute or not; or why the word is none, as a sentence. */
export type PathWord = { readonly path: string } | { readonly mistake: string };

/** What curl fetches without an account. */
const FETCHED_BY_CURL = ['http', 'https', 'ftp'];

export function readPathWord(word: string): PathWord {
  if (word === '') return { mistake: 'a path is empty; name a file or directory, or set the variable that names it' };
  if (word === '-')
    return {
      mistake: '- stands for standard input or output, which cannot be used here; name a file, or ./- if it is one',
    };
  const scheme = schemeOf(word);
  if (scheme === undefined) return { path: word };
  if (scheme === 'file') return pathOfUri(word);
  const advice = FETCHED_BY_CURL.includes(scheme)
    ? `let curl fetch it: ${shellLine('curl', '-fsSLO', word)}`
    : 'copy it to this machine first';
  return { mistake: `${word} is no file of this machine; ${advice}` };
}

/** The same where a .mtorrent is expected, and no link. @param destination where the file is to go; for suggestions. */
export function readMtorrentWord(word: string, destination = '.'): PathWord {
  if (/^https?:\/\//i.test(word)) {
    const line = `${shellLine('curl', '-fsS', word)} | ${command('get', '-', pathWord(destination))}`;
    return { mistake: `mtorrent does not speak HTTP; let curl fetch the file: ${line}` };
  }
  if (/^magnet:/i.test(word))
    return {
      mistake:
        'a magnet link is one of BitTorrent, which mtorrent does not speak; ask for a link that begins with mtorrent:',
    };
  return readPathWord(word);
}

/** In small letters; undefined for a path. */
function schemeOf(word: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(word)?.[1]?.toLowerCase();
}

/** As file managers hand out a path that is dragged or copied. */
function pathOfUri(uri: string): PathWord {
  const [, encoded = ''] = /^file:\/\/(?:localhost)?(\/[^?#]*)/i.exec(uri) ?? [];
  try {
    const path = /%2f|%00/i.test(encoded) ? '' : decodeURIComponent(encoded);
    if (path !== '') return { path };
  } catch {
    // Bytes that are no text name no file either.
  }
  return { mistake: `${uri} names no file of this machine; name its path` };
}
