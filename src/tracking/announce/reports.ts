// What the client hears of its trackers: which serves, which does not and why, and when none does. Of one that says
// hello and refuses this member again nothing is news. Pure.

import { type AnnounceEffect, type AnnounceSetting, addressOf } from './effects.js';
import type { Links, TrackerIndex } from './links.js';
import type { AnnounceEvent } from './messages.js';

export class Reports {
  readonly #links: Links;
  readonly #setting: AnnounceSetting;
  readonly #tell: (event: AnnounceEvent) => void;
  #areAllDown = false;

  constructor(links: Links, setting: AnnounceSetting, tell: (event: AnnounceEvent) => void) {
    this.#links = links;
    this.#setting = setting;
    this.#tell = tell;
  }

  up(tracker: TrackerIndex): void {
    this.#links.reportedUp(tracker);
    this.#tell({ kind: 'trackerUp', tracker: addressOf(this.#setting, tracker) });
    if (this.#areAllDown) this.#tell({ kind: 'trackersBack' });
    this.#areAllDown = false;
  }

  /** It answered what was asked. */
  answered(tracker: TrackerIndex): void {
    this.#links.answered(tracker);
    if (!this.#links.isReportedUp(tracker)) this.up(tracker);
  }

  /** Answers what is to be logged. */
  down(index: TrackerIndex, reason: string, nowMs: number): AnnounceEffect {
    const tracker = addressOf(this.#setting, index);
    if (this.#links.failed(index, nowMs, reason)) this.#tell({ kind: 'trackerDown', tracker, reason });
    return { kind: 'log', fields: { tracker, reason }, sentence: 'no connection to a tracker' };
  }

  /** Behind all that follows from one that is down. */
  lookAtAll(): void {
    if (!this.#links.areAllDown || this.#areAllDown) return;
    this.#areAllDown = true;
    this.#tell({ kind: 'allTrackersDown' });
  }
}
