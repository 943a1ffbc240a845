// The verb that says what the rules of retention delete next, and why. It deletes nothing itself. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { printable } from '../../foundation/torrent/names.js';
import type { RetentionView } from '../library/views.js';
import { SETTINGS } from '../settings/table.js';
import type { Argument } from './arguments.js';
import { table } from './results.js';
import { form, type Verb } from './verb.js';

const TAKES = {
  keepDays: rule('keep-days', '<n>', 'days for which a download is kept'),
  keepVersions: rule('keep-versions', '<n>', 'newest versions of each download that are kept'),
  diskBudget: rule('disk-budget', '<n>', 'bytes that all downloads may take'),
};

export const RETENTION: Verb = {
  name: 'retention',
  examples: ['retention', 'retention --keep-versions 3'],
  shell: {
    summary: 'show what retention would delete, and why',
    examples: ['retention', 'retention --keep-days 30 --disk-budget 500G'],
  },
  forms: [
    form({
      takes: TAKES,
      purpose: 'what would be deleted, and why',
      isQuestion: true,
      ask: (client, values) => client.retention(rulesOf(values)),
      show: (view) => table(retentionLines(view), '', view.going),
    }),
    form({
      takes: TAKES,
      flag: { name: 'json', purpose: 'as one JSON object' },
      purpose: 'the same as one JSON object',
      isQuestion: true,
      ask: (client, values) => client.retention(rulesOf(values)),
      show: (view) => ({ kind: 'json', json: JSON.stringify({ schema: 1, ...retentionRow(view) }) }),
    }),
  ],
};

type RuleName = 'keep-days' | 'keep-versions' | 'disk-budget';

function rule(name: RuleName, shown: string, description: string): Argument<number | undefined> & { flag: RuleName } {
  const { kind } = SETTINGS[name];
  return {
    shown: `[--${name} ${shown}]`,
    description,
    isOptional: true,
    flag: name,
    offers: { kind: 'words', words: Array.isArray(kind.offers) ? kind.offers : [] },
    read: (word) => kind.read(word, NO_PATHS),
    mistake: (word) => `"${printable(word)}" is not ${kind.expects}`,
  };
}

/** A number starts from no directory. */
const NO_PATHS = { directory: '/', home: { path: '/' } };

function rulesOf(values: {
  readonly keepDays: number | undefined;
  readonly keepVersions: number | undefined;
  readonly diskBudget: number | undefined;
}) {
  const { keepDays: days = 0, keepVersions: versions = 0, diskBudget: budget = 0 } = values;
  return { days, versions, budget };
}

/** A line for each download, those that go first; then the sums. */
function retentionLines(view: RetentionView): readonly string[] {
  const { days, versions, budget, rows, downloads, going, freed, bytes, shortfall } = view;
  if (days + versions + budget === 0)
    return ['no rule of retention is set, so nothing is deleted; try some with: retention --keep-versions 3'];
  const more = downloads - rows.length;
  return [
    ...rows.map(
      ({ path, size, goes, why }) => `${goes ? 'goes ' : 'stays'}  ${printable(path)}  ${formatBytes(size)}  ${why}`,
    ),
    ...(more > 0 ? [`and ${more} more downloads`] : []),
    `${going} of ${downloads} downloads would be deleted, ${formatBytes(freed)}; ${formatBytes(bytes)} stay`,
    ...(shortfall === '' ? [] : [shortfall]),
  ];
}

/** As JSON. */
export function retentionRow({ rows, days, versions, budget, ...sums }: RetentionView): object {
  const { downloads: count, going, freed, bytes, shortfall } = sums;
  return {
    keepDays: days,
    keepVersions: versions,
    diskBudget: budget,
    downloads: rows,
    count,
    going,
    freed,
    bytes,
    shortfall,
  };
}
