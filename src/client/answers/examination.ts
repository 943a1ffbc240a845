// `doctor`: gathers what the client's machine, the download thread and the probes know, and answers with the findings.
// One examination serves everyone who asks while it runs. Judges nothing itself.

import { dirname } from 'node:path';
import { fitting } from '../../foundation/base/bytes.js';
import { deferred } from '../../foundation/base/deferred.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { NamedPair, TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { Advertised } from '../../tracking/announce/messages.js';
import type { DownloadLook, Facts, ReachFact, ThreadsFact } from '../doctor/facts.js';
import { findingsOf } from '../doctor/findings.js';
import { DOCTOR_STEP_DEADLINE_MS } from '../doctor/limits.js';
import { type ProbeOptions, probe } from '../doctor/probe.js';
import { listKey } from '../files/names.js';
import { DOCTOR_LOOK_MS, DOCTOR_LOOKS, DOCTOR_PAIRS_MAX } from '../limits.js';
import { type ClientEvent, FINDING_BYTES_MAX, FINDINGS_MAX, SUBJECT_BYTES_MAX } from '../messages.js';
import type { ThreadQueries } from '../threads/thread-queries.js';
import type { DoctorRequest } from './doctor-request.js';

export interface ExaminationOptions {
  readonly queries: ThreadQueries;
  readonly threadsFact: ThreadsFact;
  readonly upload: () => Address;
  readonly advertise: Advertised | undefined;
  readonly trackers: {
    /** Of each swarm that this client talks to, its own first. */
    lists(): readonly TrackerList[];
    /** Which of them a pair belongs to. */
    listOf(pair: NamedPair): TrackerList;
    /** What they find at this client's address now; settles within the deadline. */
    checkReach(deadlineMs: number): Promise<readonly ReachFact[]>;
    readonly outside: readonly string[];
  };
  readonly stateDir: string;
  /** Of this machine in a closed swarm. */
  readonly credentials: Credentials | undefined;
  readonly answer: (event: ClientEvent) => void;
  readonly onFatal: (error: unknown) => void;
}

export class Examination {
  readonly #options: ExaminationOptions;
  /** Commands that wait for the examination in progress. */
  readonly #asks: number[] = [];
  #timer: Timer | undefined;

  constructor(options: ExaminationOptions) {
    this.#options = options;
  }

  diagnose(ask: number, request: DoctorRequest): void {
    this.#asks.push(ask);
    if (this.#asks.length > 1) return;
    this.#diagnose(request).catch((error: unknown) => this.#options.onFatal(error));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #diagnose(request: DoctorRequest): Promise<void> {
    const isIdle = request.downloads.length === 0;
    const [measured, reach, looks] = await Promise.all([
      probe(this.#probeOptions(request)),
      this.#options.trackers.checkReach(DOCTOR_STEP_DEADLINE_MS),
      isIdle ? new Map<number, DownloadLook[]>() : this.#watch(),
    ]);
    const facts: Facts = {
      ...measured,
      reach,
      outside: this.#options.trackers.outside,
      threads: this.#options.threadsFact,
      troubles: request.troubles,
      refusals: request.refusals,
      downloads: request.downloads.map(({ file, name, rate }) => ({
        name,
        rate,
        limit: request.rates.down,
        looks: looks.get(file) ?? [],
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
    const { upload, advertise, trackers: known, stateDir, credentials } = this.#options;
    const swarmOf = new Map(announced.map(({ trackers, swarm }) => [listKey(known.listOf(trackers)), swarm]));
    return {
      upload: { address: upload(), isOurs: true },
      advertise,
      trackers: known
        .lists()
        .slice(0, DOCTOR_PAIRS_MAX)
        .flatMap((trackers) => trackers.map((address) => ({ address, swarm: swarmOf.get(listKey(trackers)) }))),
      places: [
        { directory: stateDir, neededBytes: 0 },
        ...downloads.map(({ path, bytesToCome }) => ({ directory: dirname(path), neededBytes: bytesToCome })),
      ],
      runningDownloads: downloads.length,
      credentials,
    };
  }

  /** Asks the download thread a few times in one second; later answers are dropped. By file number. */
  async #watch(): Promise<ReadonlyMap<number, readonly DownloadLook[]>> {
    const answers = [];
    for (let left = DOCTOR_LOOKS; left > 0; left -= 1) {
      answers.push(this.#options.queries.download({ kind: 'examine' }, 'examined', left * DOCTOR_LOOK_MS));
      const next = deferred<void>();
      this.#timer = systemTimers.at(systemTimers.nowMs() + DOCTOR_LOOK_MS, () => next.resolve());
      await next.promise;
    }
    const looks = new Map<number, DownloadLook[]>();
    for (const answer of await Promise.all(answers))
      for (const { file, ...look } of answer?.downloads ?? []) looks.set(file, [...(looks.get(file) ?? []), look]);
    return looks;
  }
}
