// Why no form of a verb takes the words behind it, in one sentence that ends with what it takes. Pure.

import { nearest } from '../../foundation/base/nearest.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Argument, Base } from './arguments.js';
import { usageOf } from './help.js';
import type { Form, Verb } from './verb.js';
import { withoutFlags } from './words.js';

const AT_ROOT: Base = { directory: '/' };

/** @param words fit no form of `verb`. */
export function usageMistake(verb: Verb, words: readonly string[]): string {
  const { plain, given } = withoutFlags(words, verb);
  const topical = verb.forms.filter(({ topic }) => topic !== '' && topic === plain[0]);
  const forms = topical.length > 0 ? topical : verb.forms;
  const usage = `usage: ${forms.map((form) => usageOf(verb, form)).join(' | ')}`;
  const places = topical.length > 0 ? plain.slice(1) : plain;
  const cause =
    strangeFlag(verb, plain) ??
    emptyValue(given) ??
    strangeTopic(verb, plain) ??
    misplaced(forms, places) ??
    unreadable(forms, places);
  return cause === undefined ? usage : `${cause}; ${usage}`;
}

function strangeFlag({ name, forms }: Verb, plain: readonly string[]): string | undefined {
  const stranger = plain.find((word) => /^--\w/.test(word));
  if (stranger === undefined) return undefined;
  const known = forms.flatMap(({ flag, takes }) => [
    ...(flag === undefined ? [] : [flag.name]),
    ...Object.values(takes).flatMap((argument) => argument.flag ?? []),
  ]);
  const near = nearest(stranger.slice(2), known);
  return `${name} has no option ${printable(stranger)}${near === undefined ? '' : `; did you mean --${near}?`}`;
}

function strangeTopic({ name, forms }: Verb, [word]: readonly string[]): string | undefined {
  const topics = forms.map(({ topic }) => topic).filter((topic) => topic !== '');
  const isPlace = forms.some(({ topic, takes }) => topic === '' && Object.keys(takes).length > 0);
  if (word === undefined || topics.length === 0 || isPlace || topics.includes(word)) return undefined;
  const near = nearest(word, topics);
  return `${name} has no "${printable(word)}"${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** The argument that every form needs, or the word that none has a place for. */
function misplaced(forms: readonly Form[], words: readonly string[]): string | undefined {
  const placed = forms.map(({ takes }) => placedOf(takes));
  const lacking = placed.map((all) => all.filter(({ isOptional }) => !isOptional)[words.length]?.shown);
  if (lacking[0] !== undefined && !lacking.includes(undefined)) return `${lacking[0]} is missing`;
  const extra = words[Math.max(...placed.map(({ length }) => length))];
  return extra === undefined ? undefined : `"${printable(extra)}" is one word too many`;
}

function emptyValue(given: ReadonlyMap<string, readonly string[]>): string | undefined {
  for (const [flag, values] of given)
    if (values.includes('')) return `the value of --${flag} is empty; write one, or leave --${flag} out`;
  return undefined;
}

/** A word at the place of an argument that says no more than what it takes. */
function unreadable(forms: readonly Form[], words: readonly string[]): string | undefined {
  for (const { takes } of forms)
    for (const [at, { description, mistake, read }] of placedOf(takes).entries()) {
      const word = words[at];
      if (word !== undefined && mistake === undefined && read(word, AT_ROOT) === undefined)
        return `"${printable(word)}" is not ${description}`;
    }
  return undefined;
}

function placedOf(takes: Form['takes']): readonly Argument<unknown>[] {
  return Object.values(takes).filter(({ flag }) => flag === undefined);
}
