// Looks at the local clock from time to time and tells the client the limits of its timetable. A clock that is set, and
// the hour of a summer time, are seen at the next look.

import { alarm } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Timetable } from '../settings/timetable.js';
import { LimitSchedule, type Rates } from './limit-schedule.js';
import { SCHEDULE_LOOK_MS } from './limits.js';

export interface ScheduleSettings {
  readonly timetable: Timetable;
  readonly usual: Rates;
}

export class ScheduledLimits {
  readonly #client: SwarmClient;
  readonly #schedule: LimitSchedule;
  #next: { cancel(): void } | undefined;

  constructor(client: SwarmClient, { timetable, usual }: ScheduleSettings) {
    this.#client = client;
    this.#schedule = new LimitSchedule(timetable, usual);
    this.#look();
  }

  close(): void {
    this.#next?.cancel();
  }

  #look(): void {
    const now = new Date();
    const limits = this.#schedule.look({ day: now.getDay(), minute: now.getHours() * 60 + now.getMinutes() });
    if (limits !== undefined)
      this.#client.limitBySchedule(limits, limits.note).catch((error: unknown) => {
        // The client is ending.
        if (!(error instanceof MiniTorrentError)) throw error;
      });
    this.#next = alarm(SCHEDULE_LOOK_MS, () => this.#look());
  }
}
