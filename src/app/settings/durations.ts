// Times as people write them: `90`, `90s`, `1m30s`, `500ms`, `2h`, `1d`; a number alone means seconds. Pure.

import { DURATION_MAX_MS } from './limits.js';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/**
 * Milliseconds. Undefined when it is not a time, or longer than DURATION_MAX_MS. Units in descending order, each once.
 */
export function parseDuration(text: string): number | undefined {
  const word = text.trim();
  if (/^\d+(\.\d+)?$/.test(word)) return bounded(Number(word) * 1_000);
  const number = String.raw`(\d+(?:\.\d+)?)`;
  const parts = UNITS.map(([unit]) => `(?:${number}${unit})?`).join('');
  const match = word === '' ? null : new RegExp(`^${parts}$`).exec(word);
  if (match === null) return undefined;
  return bounded(UNITS.reduce((sum, [, ms], at) => sum + Number(match[at + 1] ?? 0) * ms, 0));
}

/** 90000 → '1m30s'; 0 → '0s'. Reads back as the same time. */
export function formatDuration(durationMs: number): string {
  let left = durationMs;
  let text = '';
  for (const [unit, ms] of UNITS) {
    const count = Math.floor(left / ms);
    if (count > 0) text += `${count}${unit}`;
    left -= count * ms;
  }
  return text === '' ? '0s' : text;
}

function bounded(ms: number): number | undefined {
  return ms <= DURATION_MAX_MS ? Math.round(ms) : undefined;
}
