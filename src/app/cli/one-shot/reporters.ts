// How a one-shot command reports: to people on stderr, as one line that is redrawn on a terminal and as a line each
// interval elsewhere; to programs as events on stdout, one JSON object a line.

import type { Writable } from 'node:stream';
import { formatBytes } from '../../../foundation/base/bytes.js';
import { systemClock } from '../../../foundation/base/clock.js';
import type { MiniTorrentError } from '../../../foundation/base/errors.js';
import { printable } from '../../../foundation/torrent/names.js';
import { abilitiesOf } from '../../console/terminal/abilities.js';
import { paintOf } from '../../console/terminal/paint.js';
import { progressLines, type Sample, sampleOf, timeToGo } from '../../console/terminal/progress.js';
import { widthOf } from '../../console/terminal/text-width.js';
import {
  completedRow,
  type EventRow,
  failedRow,
  linkedRow,
  noticeRow,
  progressRow,
  reusedRow,
  type Started,
  seedingRow,
  startedRow,
} from '../../library/event-rows.js';
import { bytesHad, type FileView, type Reused } from '../../library/views.js';
import { filesColumn, percent, reusedSentence, zerosColumn } from '../../verbs/results.js';
import { TERMINAL_COLUMNS } from '../limits.js';

export interface Reporter {
  started(started: Started): void;
  progress(file: FileView): void;
  notice(level: 'good' | 'bad', sentence: string): void;
  /** Printed with --verbose only. */
  detail(sentence: string): void;
  /** Bytes that came from files of this machine. */
  reused(reused: Reused): void;
  completed(file: FileView): void;
  /** When sharing begins, and then from time to time. */
  seeding(file: FileView): void;
  failed(error: MiniTorrentError): void;
  /** The command's result: a path. */
  result(path: string): void;
  /** The link to what the .mtorrent describes. */
  linked(mtorrent: string, link: string): void;
  /** Clears the line that is redrawn. */
  end(): void;
}

export interface ReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Milliseconds between two progress lines without a terminal. */
  readonly intervalMs: number;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function openReporter(options: ReporterOptions): Reporter {
  return options.json ? new EventReporter(options.stdout) : new PeopleReporter(options);
}

class EventReporter implements Reporter {
  readonly #stdout: Writable;
  readonly #sinceMs = systemClock.nowMs();

  constructor(stdout: Writable) {
    this.#stdout = stdout;
  }

  started(started: Started): void {
    this.#say(startedRow(started));
  }

  progress(file: FileView): void {
    this.#say(progressRow(file, this.#elapsedMs()));
  }

  notice(level: 'good' | 'bad', sentence: string): void {
    this.#say(noticeRow(level, sentence));
  }

  detail(): void {
    // The events carry what programs need.
  }

  reused(reused: Reused): void {
    this.#say(reusedRow(reused));
  }

  completed(file: FileView): void {
    this.#say(completedRow(file, this.#elapsedMs()));
  }

  seeding(file: FileView): void {
    this.#say(seedingRow(file, this.#elapsedMs()));
  }

  failed(error: MiniTorrentError): void {
    this.#say(failedRow(error));
  }

  result(): void {
    // `completed` and `seeding` carry it.
  }

  linked(mtorrent: string, link: string): void {
    this.#say(linkedRow(mtorrent, link));
  }

  end(): void {
    // No line is redrawn.
  }

  #elapsedMs(): number {
    return Math.round(systemClock.nowMs() - this.#sinceMs);
  }

  #say(row: EventRow): void {
    this.#stdout.write(`${JSON.stringify(row)}\n`);
  }
}

class PeopleReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #isTerminal: boolean;
  readonly #unicode: boolean;
  #sample: Sample | undefined;
  /** Columns of the line that is redrawn; undefined while none is shown. */
  #shownWidth: number | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  readonly #sinceMs = systemClock.nowMs();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#unicode = abilitiesOf(options.env, true, process.platform).unicode;
    this.#isTerminal = options.stderr.isTTY === true && options.env['TERM'] !== 'dumb';
  }

  started({ command, path, mtorrent, trackers, background }: Started): void {
    const what = command === 'share' ? `sharing ${path}` : `downloading ${mtorrent}`;
    const how = background ? 'with the client in the background' : `with the trackers ${trackers.join(' and ')}`;
    this.#tell(`${what} ${how}`);
  }

  progress(file: FileView): void {
    if (this.#options.quiet) return;
    const nowMs = systemClock.nowMs();
    if (this.#isTerminal) {
      // One column less: a full line would wrap.
      const above = this.#upToShown();
      const bar = this.#barOf(file, nowMs, this.#columns - 1);
      this.#options.stderr.write(`${above}\r${bar}\u001b[${above === '' ? 'K' : 'J'}`);
      this.#shownWidth = widthOf(bar);
    } else if (nowMs - this.#toldAtMs >= this.#options.intervalMs) {
      this.#toldAtMs = nowMs;
      this.#options.stderr.write(`${plainProgress(file)}\n`);
    }
  }

  notice(_level: 'good' | 'bad', sentence: string): void {
    this.#tell(sentence);
  }

  detail(sentence: string): void {
    if (this.#options.verbose) this.#tell(sentence);
  }

  reused(reused: Reused): void {
    this.#tell(reusedSentence(reused));
  }

  completed(file: FileView): void {
    const { name, size, wasted, zeros } = file;
    // What came in the seconds of this run.
    const received = file.received - file.receivedBefore;
    const seconds = Math.max(0.001, (systemClock.nowMs() - this.#sinceMs) / 1_000);
    const speed = received === 0 ? '' : ` in ${seconds.toFixed(1)} s, ${formatBytes(Math.round(received / seconds))}/s`;
    const [zerosSaid] = zerosColumn(zeros);
    const what = [...filesColumn(file), formatBytes(size)].join(', ');
    this.#tell(`${name} is complete: ${what}${zerosSaid === undefined ? '' : ` (${zerosSaid})`}${speed}`);
    if (wasted > 0) this.detail(`${formatBytes(wasted)} of the received data was already there`);
  }

  seeding(file: FileView): void {
    const nowMs = systemClock.nowMs();
    if (this.#toldAtMs === Number.NEGATIVE_INFINITY || nowMs - this.#toldAtMs >= this.#options.intervalMs) {
      this.#toldAtMs = nowMs;
      this.detail(`${file.name}: sent ${formatBytes(file.sent)}`);
    }
  }

  /** The program prints the sentence as it exits. */
  failed(): void {
    this.end();
  }

  result(path: string): void {
    this.end();
    this.#options.stdout.write(`${path}\n`);
  }

  linked(_mtorrent: string, link: string): void {
    this.#tell(link);
  }

  end(): void {
    if (this.#shownWidth !== undefined) {
      const above = this.#upToShown();
      this.#options.stderr.write(`${above}\r\u001b[${above === '' ? 'K' : 'J'}`);
    }
    this.#shownWidth = undefined;
  }

  get #columns(): number {
    return this.#options.stderr.columns ?? TERMINAL_COLUMNS;
  }

  /** To the first row of the line that is shown: a terminal that became narrower has wrapped it. */
  #upToShown(): string {
    const rows = Math.ceil((this.#shownWidth ?? 0) / this.#columns);
    return rows > 1 ? `\u001b[${rows - 1}A` : '';
  }

  #tell(sentence: string): void {
    if (this.#options.quiet) return;
    this.end();
    this.#options.stderr.write(`${printable(sentence)}\n`);
  }

  /** At most `columns` wide, without control codes. */
  #barOf(file: FileView, nowMs: number, columns: number): string {
    this.#sample = sampleOf([file], this.#sample, nowMs);
    const shape = { columns, rows: 1, unicode: this.#unicode, paint: paintOf(false) };
    return progressLines([file], this.#sample, shape)[0]?.text ?? '';
  }
}

/** The progress of a download, or of a file that is being hashed, as a line of a log. */
function plainProgress(file: FileView): string {
  const { name, state, size, have, pieces, rate, peers, problem, zeros } = file;
  const bytes = bytesHad(file);
  const parts = [
    printable(name),
    percent(have, pieces),
    `${formatBytes(bytes)} of ${formatBytes(size)}`,
    ...filesColumn(file),
  ];
  if (state === 'hashing') return [...parts, 'hashed'].join('  ');
  parts.push(...zerosColumn(zeros));
  parts.push(`${formatBytes(Math.round(rate))}/s`, peers === 1 ? '1 peer' : `${peers} peers`);
  if (rate >= 1) parts.push(`${timeToGo(size - bytes, rate)} to go`);
  if (state !== 'downloading') parts.push(state);
  if (problem !== '') parts.push(printable(problem));
  return parts.join('  ');
}
