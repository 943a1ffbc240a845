// Decides which form of which verb a list of words means, or what is wrong with it, and performs the call on a client.
// Pure.

import { nearest } from '../../foundation/base/nearest.js';
import { printable } from '../../foundation/torrent/names.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Argument, Base, Values } from './arguments.js';
import type { Result } from './results.js';
import { VERB_NAMES, verbNamed } from './table.js';
import { usageMistake } from './usage-mistakes.js';
import type { Action, Form, Verb } from './verb.js';
import { type Words, withoutFlags } from './words.js';

/** A form that the client answers, and the values of its arguments. */
export interface Call {
  readonly kind: 'call';
  readonly form: Form & { readonly action: Extract<Action, { readonly kind: 'ask' }> };
  readonly values: Values;
}

interface Mistake {
  readonly kind: 'mistake';
  readonly sentence: string;
}

export type Parsed =
  | Call
  | Mistake
  | { readonly kind: 'help'; readonly verb: string | undefined }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' };

/** @param at read only for a relative path: reading its directory may throw. */
export function parseWords([name, ...words]: readonly string[], at: Base): Parsed {
  if (name === undefined) return { kind: 'nothing' };
  const verb = verbNamed(name);
  if (verb === undefined) return mistake(unknown(name));
  for (const form of verb.forms) {
    const rest = argumentsOf(form, words, verb);
    const parsed = rest === undefined ? undefined : parseForm(form, rest, at);
    if (parsed !== undefined) return parsed;
  }
  return mistake(usageMistake(verb, words));
}

/** Rejects with MiniTorrentError when the client refuses. @param ascii use only ASCII characters in drawings. */
export async function perform({ form, values }: Call, client: SwarmClient, ascii: boolean): Promise<Result> {
  const { ask, show } = form.action;
  return show(await ask(client, values), values, ascii);
}

function mistake(sentence: string): Mistake {
  return { kind: 'mistake', sentence };
}

function unknown(name: string): string {
  const near = nearest(name, VERB_NAMES);
  const hint = near === undefined ? 'type help for a list' : `did you mean ${near}?`;
  return `unknown command "${printable(name)}"; ${hint}`;
}

/** The words for the arguments of this form; undefined when the flags or the topic do not match it. */
function argumentsOf(form: Form, words: readonly string[], verb: Verb): Words | undefined {
  const all = withoutFlags(words, verb);
  const { flags, plain, given } = all;
  if (flags.join() !== (form.flag === undefined ? '' : `--${form.flag.name}`)) return undefined;
  const flagged = Object.values(form.takes).filter(({ flag }) => flag !== undefined);
  const known = flagged.map(({ flag = '' }) => flag);
  if (![...given.keys()].every((flag) => known.includes(flag))) return undefined;
  if (!flagged.every(({ flag = '', isOptional }) => isOptional || given.has(flag))) return undefined;
  if (form.topic === '' || (plain.length === 0 && form.isDefault)) return all;
  return plain[0] === form.topic ? { ...all, plain: plain.slice(1) } : undefined;
}

/** Undefined when the words do not fit and only the usage can be shown. */
function parseForm(form: Form, { plain, given }: Words, at: Base): Parsed | undefined {
  const all = Object.entries(form.takes);
  const placed = all.filter(([, { flag }]) => flag === undefined);
  const required = placed.filter(([, argument]) => !argument.isOptional);
  if (plain.length < required.length || (plain.length > placed.length && !form.ignoresRest)) return undefined;
  const values: Record<string, unknown> = {};
  for (const [name, argument] of all) {
    const { flag, times } = argument;
    const words = flag === undefined ? plain.slice(placed.findIndex(([other]) => other === name)) : given.get(flag);
    // The last one counts where there may be one.
    const read = readWords(argument, words ?? [], at);
    if (read === undefined || 'kind' in read) return read;
    if (times !== undefined) values[name] = read.values;
    else if (read.values.length > 0) values[name] = read.values.at(-1);
  }
  const { action } = form;
  switch (action.kind) {
    case 'ask':
      return { kind: 'call', form: { ...form, action }, values };
    case 'help':
      return { kind: 'help', verb: plain[0] };
    default:
      return { kind: 'quit' };
  }
}

function readWords(
  argument: Argument<unknown>,
  words: readonly string[],
  at: Base,
): { readonly values: readonly unknown[] } | Mistake | undefined {
  const { flag, times = words.length, mistake: why } = argument;
  if (words.length > times) return mistake(`--${flag} can be repeated ${times} times at most`);
  const values: unknown[] = [];
  const [, next] = words;
  // One at its place is followed by those at the next places.
  for (const word of flag === undefined ? words.slice(0, 1) : words) {
    const value = argument.read(word, at);
    const sentence = value === undefined ? why?.(word, next) : undefined;
    if (sentence !== undefined) return mistake(sentence);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return { values };
}
