// Durations as people write them: `90s`, `10m`, `1h30m`, and times left as `m:ss`. Pure.

import { DURATION_MAX_MS } from './limits.js';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** '90s', '10m', '1.5h', '1h30m', '250ms' → milliseconds. A bare number is no duration, since nobody knows of what; undefined. */
export function parseDuration(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(word)) return undefined;
  let sumMs = 0;
  for (const [, count = '', unit = ''] of word.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    sumMs += Number(count) * (UNIT_MS[unit] ?? 0);
  const ms = Math.round(sumMs);
  return ms <= DURATION_MAX_MS ? ms : undefined;
}

/** 3_723_000 → '1:02:03', 83_000 → '1:23'. Rounded up: nothing is over before it is. */
export function formatClock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const two = (count: number): string => String(count).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
