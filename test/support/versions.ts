// A file and its next version, and what a `get --json` says of the one that has the other at hand.

import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import type { EventLine } from './command-run.js';
import { PIECE } from './e2e-stage.js';

/** Some bytes in the middle of each of these pieces. */
export async function changePieces(file: string, pieces: readonly number[]): Promise<void> {
  const handle = await open(file, 'r+');
  for (const piece of pieces) await handle.write(Buffer.from('changed'), 0, 7, piece * PIECE + 1_000);
  await handle.close();
}

export function eventOf(events: readonly EventLine[], name: string): EventLine {
  const found = events.find(({ event }) => event === name);
  assert.ok(found !== undefined, `${name} is told`);
  return found;
}

/** Needed bytes: a slow machine asks twice for the last pieces. */
export function fetchedIn(events: readonly EventLine[]): number {
  const { received, wasted } = eventOf(events, 'completed');
  return Number(received) - Number(wasted);
}
