// The text of `help`, for all verbs or for one, and the usage of each form. Pure.

import { VERBS, verbNamed } from './table.js';
import type { Form, Verb } from './verb.js';

/** A longer usage has a line of its own: 43 columns are for what it is for. */
const USAGE_COLUMNS_MAX = 33;

/** For all verbs, or for one with its examples. Lines have at most 80 columns. */
export function helpText(name?: string): string {
  const verb = name === undefined ? undefined : verbNamed(name);
  const uses = (verb === undefined ? VERBS : [verb]).flatMap((each) =>
    each.forms.map((form) => [usageOf(each, form), form.purpose] as const),
  );
  const width = Math.max(0, ...uses.map(([usage]) => usage.length).filter((length) => length <= USAGE_COLUMNS_MAX));
  const lines = uses.flatMap(([usage, purpose]) =>
    usage.length <= width
      ? [`  ${usage.padEnd(width)}  ${purpose}`]
      : [`  ${usage}`, `  ${' '.repeat(width)}  ${purpose}`],
  );
  const examples = (verb?.examples ?? []).map((line) => `  for example: ${line}`);
  return [...lines, ...(examples.length === 0 ? [] : ['', ...examples])].join('\n');
}

/** Such as `remove <name>.mtorrent --force`. */
export function usageOf({ name }: Verb, { topic, takes, flag }: Form): string {
  const words = [
    name,
    topic,
    ...Object.values(takes).map(({ shown }) => shown),
    flag === undefined ? '' : `--${flag.name}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}
