// `doctor`: gathers what the books, the download thread and the probes know, and answers with what it means. One look serves
// everybody who asks meanwhile. Judges nothing itself.

import { dirname } from 'node:path';
import { fitting } from '../../foundation/base/bytes.js';
import { deferred } from '../../foundation/base/deferred.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { DownloadEvent } from '../../transfer/download/messages.js';
import type { DownloadLook, Facts, ThreadsFact } from '../doctor/facts.js';
import { findingsOf } from '../doctor/findings.js';
import { type ProbeOptions, probe } from '../doctor/probe.js';
import { pairKey } from '../files/file-table.js';
import { DOCTOR_LOOK_MS, DOCTOR_LOOKS, DOCTOR_PAIRS_MAX } from '../limits.js';
import { type ClientEvent, FINDING_BYTES_MAX, FINDINGS_MAX, SUBJECT_BYTES_MAX } from '../messages.js';
import type { ClientThreads } from '../threads/threads.js';
import type { DoctorRequest } from './doctor-request.js';

export interface ExaminationOptions {
  readonly threads: ClientThreads;
  readonly threadsFact: ThreadsFact;
  readonly upload: () => Address;
  /** The pairs that this client speaks to, its own first. */
  readonly pairs: () => readonly (readonly [Address, Address])[];
  readonly stateDir: string;
  readonly answer: (event: ClientEvent) => void;
  readonly onFatal: (error: unknown) => void;
}

export class Examination {
  readonly #options: ExaminationOptions;
  /** Who waits for the look that is under way. */
  readonly #asks: number[] = [];
  /** Of each file, in this look. */
  readonly #looks = new Map<number, DownloadLook[]>();
  #look = 0;
  #timer: Timer | undefined;

  constructor(options: ExaminationOptions) {
    this.#options = options;
  }

  diagnose(ask: number, complaint: DoctorRequest): void {
    this.#asks.push(ask);
    if (this.#asks.length > 1) return;
    this.#diagnose(complaint).catch((error: unknown) => this.#options.onFatal(error));
  }

  examined({ ask, downloads }: Extract<DownloadEvent, { kind: 'examined' }>): void {
    // A late answer belongs to an earlier look.
    if (ask !== this.#look) return;
    for (const { file, ...look } of downloads) {
      const looks = this.#looks.get(file) ?? [];
      this.#looks.set(file, looks);
      looks.push(look);
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #diagnose(complaint: DoctorRequest): Promise<void> {
    const isIdle = complaint.downloads.length === 0;
    const [measured] = await Promise.all([probe(this.#probeOptions(complaint)), isIdle ? undefined : this.#watch()]);
    const facts: Facts = {
      ...measured,
      threads: this.#options.threadsFact,
      troubles: complaint.troubles,
      downloads: complaint.downloads.map(({ file, name, rate }) => ({
        name,
        rate,
        limit: complaint.rates.down,
        looks: this.#looks.get(file) ?? [],
      })),
    };
    const findings = findingsOf(facts)
      .slice(0, FINDINGS_MAX)
      .map(({ severity, subject, found, remedy }) => ({
        severity,
        subject: fitting(subject, SUBJECT_BYTES_MAX),
        found: fitting(found, FINDING_BYTES_MAX),
        remedy: fitting(remedy, FINDING_BYTES_MAX),
      }));
    for (const ask of this.#asks.splice(0)) this.#options.answer({ kind: 'diagnosed', ask, findings });
  }

  #probeOptions({ downloads, announced }: DoctorRequest): ProbeOptions {
    const { upload, pairs, stateDir } = this.#options;
    const swarmOf = new Map(announced.map(({ trackers, swarm }) => [pairKey(trackers), swarm]));
    return {
      upload: { address: upload(), isOurs: true },
      trackers: pairs()
        .slice(0, DOCTOR_PAIRS_MAX)
        .flatMap((trackers) => trackers.map((address) => ({ address, swarm: swarmOf.get(pairKey(trackers)) }))),
      places: [
        { directory: stateDir, neededBytes: 0 },
        ...downloads.map(({ path, bytesToCome }) => ({ directory: dirname(path), neededBytes: bytesToCome })),
      ],
      runningDownloads: downloads.length,
    };
  }

  /** Asks the download thread a few times; what has not been answered at the end is not waited for. */
  async #watch(): Promise<void> {
    this.#looks.clear();
    this.#look += 1;
    for (let look = 0; look < DOCTOR_LOOKS; look += 1) {
      this.#options.threads.download.tell({ kind: 'examine', ask: this.#look });
      const next = deferred<void>();
      this.#timer = systemTimers.at(systemTimers.nowMs() + DOCTOR_LOOK_MS, () => next.resolve());
      await next.promise;
    }
  }
}
