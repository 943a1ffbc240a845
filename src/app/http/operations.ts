// What can be asked over HTTP, from the table of verbs: a question is a GET with a query, every other verb a POST with
// a JSON body, and a flag of the console is a yes-or-no property. Values are read as the console reads words. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Argument, Base, Values } from '../verbs/arguments.js';
import type { Form, Verb } from '../verbs/verb.js';
import { type AnswerShape, answerShape } from './answers.js';
import { HTTP_VALUE_BYTES_MAX } from './limits.js';
import { type ObjectSchema, objectOf, type Schema } from './schemas.js';

export type Input = Readonly<Record<string, unknown>>;

export interface Operation {
  /** The last part of its path, such as `downloads`. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly summary: string;
  /** Of the query or the body. */
  readonly input: ObjectSchema;
  readonly answer: ObjectSchema;
  /** Rejects with MiniTorrentError. @param input fits its schema. */
  readonly perform: (input: Input) => Promise<object>;
}

type AskForm = Form & { readonly action: Extract<Form['action'], { readonly kind: 'ask' }> };

/** Paths of a request start at the root: whoever asks has another current directory, or none. */
function rootOnly(name: string, word: string): Base {
  return {
    get directory(): string {
      const sentence = `${name}: "${printable(word)}" is not an absolute path; write one that begins with /`;
      throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
    },
  };
}

/** @param client the one to ask; throws MiniTorrentError when there is none at the moment. */
export function operationsOf(verbs: readonly Verb[], client: () => SwarmClient): readonly Operation[] {
  return verbs.flatMap((verb) => {
    const forms = verb.forms.filter(isAsked);
    const questions = forms.filter(({ isQuestion }) => isQuestion);
    const changes = forms.filter(({ isQuestion }) => !isQuestion);
    return [
      ...questions.map((form) => operation(verb, [form], 'GET', form.topic === '' ? verb.name : form.topic, client)),
      ...(changes.length === 0 ? [] : [operation(verb, changes, 'POST', verb.name, client)]),
    ];
  });
}

/** Every answer is JSON, so no form is needed that says so. */
function isAsked(form: Form): form is AskForm {
  return form.action.kind === 'ask' && form.flag?.name !== 'json';
}

function operation(
  verb: Verb,
  forms: readonly AskForm[],
  method: 'GET' | 'POST',
  name: string,
  client: () => SwarmClient,
): Operation {
  const shape: AnswerShape = answerShape(method, name);
  const topicName = method === 'POST' && forms.some(({ topic }) => topic !== '') ? topicNameOf(verb) : undefined;
  return {
    name,
    method,
    summary: [...new Set(forms.map(({ purpose }) => purpose))].join('; '),
    input: inputOf(forms, topicName),
    answer: shape.schema,
    perform: async (input) => {
      const { form, values } = meant(forms, input, topicName);
      return shape.json(await form.action.ask(client(), values));
    },
  };
}

function topicNameOf({ shell }: Verb): string {
  return shell?.topicName ?? 'topic';
}

function inputOf(forms: readonly AskForm[], topicName: string | undefined): ObjectSchema {
  const properties: Record<string, Schema> = {};
  if (topicName !== undefined) properties[topicName] = { enum: forms.map(({ topic }) => topic) };
  for (const { takes, flag } of forms) {
    for (const [name, argument] of Object.entries(takes)) properties[name] ??= schemaOf(argument);
    if (flag !== undefined) properties[propertyOf(flag.name)] = { type: 'boolean', description: flag.purpose };
  }
  const required = Object.keys(properties).filter(
    (name) => name === topicName || forms.every(({ takes }) => takes[name]?.isOptional === false),
  );
  return objectOf(properties, required);
}

function schemaOf({ times, description, offers }: Argument<unknown>): Schema {
  const text = { type: 'string', maxLength: HTTP_VALUE_BYTES_MAX } as const;
  if (times !== undefined) return { type: 'array', items: text, maxItems: times, description };
  // A rate in bytes a second may be a number.
  const isRate = offers.kind === 'words' && offers.words.includes('off');
  return isRate ? { type: ['string', 'integer'], minimum: 0, maxLength: 64, description } : { ...text, description };
}

/** 'delete-files' → 'deleteFiles' */
function propertyOf(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

interface Meant {
  readonly form: AskForm;
  readonly values: Values;
}

/** The first form that takes what was given. */
function meant(forms: readonly AskForm[], input: Input, topicName: string | undefined): Meant {
  const given = Object.keys(input).filter((name) => input[name] !== false && input[name] !== undefined);
  for (const form of forms) {
    const { topic, takes, flag } = form;
    if (topicName !== undefined && input[topicName] !== topic) continue;
    const flagged = flag === undefined ? undefined : propertyOf(flag.name);
    if (flagged !== undefined && input[flagged] !== true) continue;
    const known = [...Object.keys(takes), flagged, topicName];
    if (!given.every((name) => known.includes(name))) continue;
    if (!Object.entries(takes).every(([name, { isOptional }]) => isOptional || given.includes(name))) continue;
    return { form, values: valuesOf(form, input) };
  }
  const ways = forms.map(({ takes, flag }) =>
    [...Object.keys(takes), ...(flag === undefined ? [] : [propertyOf(flag.name)])].join(', '),
  );
  throw new MiniTorrentError('INVALID_ARGUMENTS', `these do not fit together; give ${ways.join(' | ')}`);
}

function valuesOf({ takes }: AskForm, input: Input): Values {
  const values: Record<string, unknown> = {};
  const names = Object.keys(takes);
  const after = (name: string): string | undefined => {
    const word = input[names[names.indexOf(name) + 1] ?? ''];
    return typeof word === 'string' ? word : undefined;
  };
  for (const [name, argument] of Object.entries(takes)) {
    const given = input[name];
    if (argument.times !== undefined)
      values[name] = (Array.isArray(given) ? given : []).map((word) =>
        readValue(name, argument, String(word), undefined),
      );
    else if (given !== undefined) values[name] = readValue(name, argument, String(given), after(name));
  }
  return values;
}

function readValue(name: string, argument: Argument<unknown>, word: string, next: string | undefined): unknown {
  if (Buffer.byteLength(word) > HTTP_VALUE_BYTES_MAX || word.includes('\0') || !isWellFormed(word))
    throw new MiniTorrentError('INVALID_ARGUMENTS', `${name} is too long, or not a text`);
  const value = argument.read(word, rootOnly(name, word));
  if (value !== undefined) return value;
  const why = argument.mistake?.(word, next) ?? `${name} is not ${argument.description}`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', why);
}

/** Half of a surrogate pair has no bytes. */
function isWellFormed(word: string): boolean {
  return !/\p{Surrogate}/u.test(word);
}
