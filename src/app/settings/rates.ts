// Reads and shows transfer rates the way aria2 and rclone write them: bytes a second with K, M, G for powers of 1024;
// `off` or `0` means no limit. Pure.

import { formatBytes, parseBytes } from '../../foundation/base/bytes.js';
import { printable } from '../../foundation/torrent/names.js';
import { RATE_MAX, RATE_MIN } from './limits.js';

const NONE = 0;

/**
 * '500K', '10M', '1.5MiB', '1MiB/s' → bytes a second; 'off', 'none', '0' → 0. Undefined: not a rate, or out of range.
 */
export function parseRate(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'off' || word === 'none') return NONE;
  const rate = parseBytes(word.replace(/\/s$/, ''));
  if (rate === undefined || rate === NONE) return rate;
  return rate >= RATE_MIN && rate <= RATE_MAX ? rate : undefined;
}

export function rateSentence(text: string): string {
  return `"${printable(text)}" is not a rate; write bytes a second such as 500K, 10M or 1.5MiB, from 1K to 1024G, or off`;
}

/** 512000 → '500.0 KiB/s'. */
export function formatRate(rate: number): string {
  return rate === NONE ? 'no limit' : `${formatBytes(rate)}/s`;
}

/** So that it reads back as the same number: 1536 is 1536, 2048 is 2K. */
export function showRate(value: number): string {
  if (value === 0) return 'off';
  const power = [3, 2, 1].find((each) => value % 1024 ** each === 0) ?? 0;
  return `${value / 1024 ** power}${['', 'K', 'M', 'G'][power]}`;
}
