// `quit`: peers, trackers and downloads are all told at once. The client ends when every one of them has answered or
// the deadline has passed, whichever comes first. Pure.

import type { WakeAt } from '../foundation/actor/machine.js';
import { NO_EFFECTS } from '../foundation/actor/machine.js';
import { QUIT_DEADLINE_MS } from '../foundation/base/limits.js';
import { saved } from './answers/answers.js';
import type { ClientEffect } from './effects.js';
import { advance } from './files/advance.js';
import { isOffered } from './files/file-life.js';
import type { FileTable } from './files/file-table.js';
import { type Pair, pairKey, pairsOf } from './files/names.js';
import { isWorkedOn } from './files/record.js';

export class Closing {
  readonly #ask: number;
  readonly #deadlineMs: number;
  /** Tracker pairs that have not answered `left` yet. */
  readonly #leaving = new Set<string>();
  #halted = false;

  constructor(ask: number, nowMs: number) {
    this.#ask = ask;
    this.#deadlineMs = nowMs + QUIT_DEADLINE_MS;
  }

  begin(files: FileTable): readonly (ClientEffect | WakeAt)[] {
    const effects: (ClientEffect | WakeAt)[] = [];
    const pairs = new Map<string, Pair>();
    for (const record of files.all()) {
      if (isOffered(record.phase)) for (const trackers of pairsOf(record.entry)) pairs.set(pairKey(trackers), trackers);
      effects.push(...(advance(files, record, { kind: 'quit' }) ?? NO_EFFECTS));
    }
    for (const [key, trackers] of pairs) {
      this.#leaving.add(key);
      effects.push({ kind: 'announce', trackers, command: { kind: 'leave' } });
    }
    return [...effects, { kind: 'wakeAt', atMs: this.#deadlineMs }];
  }

  left(pair: string): void {
    this.#leaving.delete(pair);
  }

  /** The last effects, given once. */
  halt(files: FileTable, nowMs: number): readonly ClientEffect[] {
    if (this.#halted) return NO_EFFECTS;
    const isBusy = files.all().some(({ phase }) => isWorkedOn(phase));
    if ((isBusy || this.#leaving.size > 0) && nowMs < this.#deadlineMs) return NO_EFFECTS;
    this.#halted = true;
    return [saved(files), { kind: 'halt', ask: this.#ask }];
  }
}
