// Combines the forms of a verb: what can follow the words typed so far, for the console's completion, and a single list
// of places, for a shell, which does not know forms. Pure.

import type { Argument, Offers } from './arguments.js';
import type { Form, Verb } from './verb.js';
import { withoutFlags } from './words.js';

/** What can come next. @param typed its beginning; a risky flag is offered only when this is not empty. */
export function offersAfter(verb: Verb, words: readonly string[], typed: string): Offers | undefined {
  const { flags, plain, given: flagged } = withoutFlags(words, verb);
  const behind = behindFlag(verb, words.at(-1));
  if (behind !== undefined) return behind.offers;
  const texts: string[] = [];
  let offers: Offers | undefined;
  for (const form of verb.forms) {
    const hasTopic = form.topic !== '';
    if (hasTopic && plain.length > 0 && plain[0] !== form.topic) continue;
    if (hasTopic && plain.length === 0) {
      texts.push(form.topic);
      continue;
    }
    const ofForm = Object.values(form.takes).flatMap(({ flag, ...rest }) =>
      flag === undefined ? [] : { flag, ...rest },
    );
    if (![...flagged.keys()].every((given) => ofForm.some(({ flag }) => flag === given))) continue;
    // What may be left out is offered to whoever begins to type it.
    const next = ofForm.filter(
      ({ flag, times, isOptional }) =>
        (times !== undefined || !flagged.has(flag)) && (typed.startsWith('-') || (flagged.size > 0 && !isOptional)),
    );
    texts.push(...next.map(({ flag }) => `--${flag}`));
    const given = plain.length - (hasTopic ? 1 : 0);
    const argument = placed(form)[given]?.[1];
    offers ??= argument?.offers;
    if (argument === undefined && isFlagNext(form, given, flags, typed)) texts.push(`--${form.flag?.name}`);
  }
  return texts.length > 0 ? { kind: 'words', words: [...new Set(texts)] } : offers;
}

function isFlagNext({ flag, takes }: Form, given: number, flags: readonly string[], typed: string): boolean {
  if (flag === undefined || flags.length > 0 || given > Object.keys(takes).length) return false;
  return flag.isRisky !== true || typed !== '';
}

/** The argument whose value comes next. @param last the word before. */
function behindFlag({ forms }: Verb, last: string | undefined): Argument<unknown> | undefined {
  const all = forms.flatMap(({ takes }) => Object.values(takes));
  return all.find(({ flag }) => flag !== undefined && last === `--${flag}`);
}

/** Those that have a place of their own. */
function placed({ takes }: Form): readonly (readonly [string, Argument<unknown>])[] {
  return Object.entries(takes).filter(([, { flag }]) => flag === undefined);
}

export interface Place {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly offers: Offers;
  /** The value when the place is left empty. */
  readonly fallback: string | undefined;
}

/** Topics come first; the arguments of all forms share the places after that. */
export function placesOf({ forms, shell }: Verb): readonly Place[] {
  const topics = [...new Set(forms.map(({ topic }) => topic).filter((topic) => topic !== ''))];
  const fallback = forms.find(({ isDefault }) => isDefault)?.topic;
  const first: Place = {
    name: shell?.topicName ?? 'topic',
    description: listed(topics),
    isRequired: fallback === undefined && forms.every(({ topic }) => topic !== ''),
    offers: { kind: 'words', words: topics },
    fallback,
  };
  return topics.length === 0 ? argumentPlaces(forms) : [first, ...argumentPlaces(forms)];
}

function argumentPlaces(forms: readonly Form[]): readonly Place[] {
  const count = Math.max(...forms.map((form) => placed(form).length));
  return Array.from({ length: count }, (_, at): Place[] => {
    const all = forms.map((form) => placed(form)[at]);
    const found = all.find((entry) => entry !== undefined);
    if (found === undefined) return [];
    const [name, { description, offers }] = found;
    const isRequired = all.every((entry) => entry !== undefined && !entry[1].isOptional);
    return [{ name, description, isRequired, offers, fallback: undefined }];
  }).flat();
}

/** 'up or down' */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
