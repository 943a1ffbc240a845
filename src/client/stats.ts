// What `show stats` tells of a client, and the check of one that came as JSON. Pure.

import type { LoopDelay } from '../foundation/actor/loop-delay.js';
import type { ThreadsFact } from './doctor/facts.js';

/** Memory and CPU of the process. Delays are those of the main thread. */
export interface Vitals extends LoopDelay {
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
}

export interface ClientStats extends Vitals {
  readonly schema: 1;
  readonly lostLogLines: number;
  readonly placement: ThreadsFact;
  /** By thread name. Threads that did not answer are left out. */
  readonly threads: Readonly<Record<string, LoopDelay>>;
  /** Slots of one piece each for received payload. */
  readonly payloadSlots: { readonly all: number; readonly used: number };
}

const NUMBERS: readonly (keyof ClientStats)[] = [
  'pid',
  'uptimeSeconds',
  'rssBytes',
  'rssPeakBytes',
  'cpuUserSeconds',
  'cpuSystemSeconds',
  'lostLogLines',
];
const OBJECTS: readonly (keyof ClientStats)[] = ['placement', 'threads', 'payloadSlots'];

export function isClientStats(value: unknown): value is ClientStats {
  if (!isObject(value) || value['schema'] !== 1) return false;
  return NUMBERS.every((name) => Number.isFinite(value[name])) && OBJECTS.every((name) => isObject(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
