// Decides which rate limits a timetable sets, and when. It speaks only when another window begins to count, so that a
// limit set by hand holds until then; what the local clock shows is all that it knows of time. Pure.

import {
  formatLocalTime,
  formatWindow,
  type LocalTime,
  nextChange,
  type Timetable,
  windowAt,
} from '../settings/timetable.js';

export interface Rates {
  readonly up: number;
  readonly down: number;
}

export interface ScheduledLimits extends Rates {
  /** What counts now and until when, for people. */
  readonly note: string;
}

export class LimitSchedule {
  readonly #timetable: Timetable;
  readonly #usual: Rates;
  #window: number | undefined;

  /** @param usual the limits outside of all windows. */
  constructor(timetable: Timetable, usual: Rates) {
    this.#timetable = timetable;
    this.#usual = usual;
  }

  /** The limits from now on; undefined: nothing has changed since the last look. */
  look(now: LocalTime): ScheduledLimits | undefined {
    const at = windowAt(this.#timetable, now);
    if (at === this.#window) return undefined;
    this.#window = at;
    const window = this.#timetable[at];
    const next = nextChange(this.#timetable, now);
    const until = next === undefined ? '' : ` until ${formatLocalTime(next)}`;
    return {
      up: window?.up ?? this.#usual.up,
      down: window?.down ?? this.#usual.down,
      note: window === undefined ? `no window applies${until}` : `${formatWindow(window)} applies${until}`,
    };
  }
}
