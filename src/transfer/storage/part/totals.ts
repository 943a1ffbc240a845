// What an unfinished download has received and reused over all its runs, kept beside its resume data so that its last
// sentence is true after a restart. Nothing but what people read depends on it: a record that is lost or damaged counts
// from zero, and a release that does not know it leaves it alone.

import { rm } from 'node:fs/promises';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { atomicWriteFile, readBounded } from '../disk/state-file.js';
import { TOTALS_BYTES_MAX } from '../limits.js';

const TOTALS_VERSION = 1;

export interface Totals {
  /** Payload bytes from peers. */
  readonly received: number;
  /** Of those, the ones that were not needed or were wrong. */
  readonly wasted: number;
  /** Bytes that came from files of this machine. */
  readonly reused: number;
}

export const NO_TOTALS: Totals = { received: 0, wasted: 0, reused: 0 };

export function sumOf(one: Totals, other: Totals): Totals {
  return {
    received: one.received + other.received,
    wasted: one.wasted + other.wasted,
    reused: one.reused + other.reused,
  };
}

export async function saveTotals(resumePath: string, totals: Totals): Promise<void> {
  const text = `${JSON.stringify({ version: TOTALS_VERSION, ...totals })}\n`;
  await atomicWriteFile(totalsPath(resumePath), Buffer.from(text), 0o600, false);
}

/** Of the download whose resume data is at `resumePath`. */
export async function loadTotals(resumePath: string): Promise<Totals> {
  try {
    return parseTotals(Buffer.from(await readBounded(totalsPath(resumePath), TOTALS_BYTES_MAX)).toString());
  } catch (error) {
    if (error instanceof MiniTorrentError) return NO_TOTALS;
    throw error;
  }
}

export async function deleteTotals(resumePath: string): Promise<void> {
  await rm(totalsPath(resumePath), { force: true });
}

/** Whatever `text` is: totals that can be true, or none. */
export function parseTotals(text: string): Totals {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return NO_TOTALS;
  }
  const { version, received, wasted, reused } = Object(value) as Partial<Record<keyof Totals | 'version', unknown>>;
  if (version !== TOTALS_VERSION || !isCount(received) || !isCount(wasted) || !isCount(reused)) return NO_TOTALS;
  return wasted > received ? NO_TOTALS : { received, wasted, reused };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function totalsPath(resumePath: string): string {
  return `${resumePath}.totals`;
}
