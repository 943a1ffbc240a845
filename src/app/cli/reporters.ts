// How a one-shot command tells what it does: to people on stderr, as one line that is rewritten on a terminal and as a line each
// interval elsewhere; to programs as events on stdout. Results go to stdout and nothing else does.

import type { Writable } from 'node:stream';
import { formatBytes } from '../../foundation/base/bytes.js';
import { systemClock } from '../../foundation/base/clock.js';
import type { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import type { FileView } from '../library/views.js';
import { TERMINAL_COLUMNS } from './limits.js';
import {
  completedEvent,
  failedEvent,
  noticeEvent,
  progressEvent,
  type Started,
  seedingEvent,
  startedEvent,
} from './one-shot-events.js';
import { ProgressLine } from './progress-line.js';

export interface Reporter {
  started(started: Started): void;
  progress(file: FileView): void;
  notice(level: 'good' | 'bad', sentence: string): void;
  /** Something that helps to understand what happens; told with -v only. */
  detail(sentence: string): void;
  completed(file: FileView): void;
  /** First when it is shared, then from time to time. */
  seeding(file: FileView): void;
  failed(error: MiniTorrentError): void;
  /** The command's result: a path. */
  result(path: string): void;
  /** Nothing is rewritten any more. */
  end(): void;
}

export interface ReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Milliseconds between two lines of progress where there is no terminal. */
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
    this.#say(startedEvent(started));
  }

  progress(file: FileView): void {
    this.#say(progressEvent(file, this.#elapsedMs()));
  }

  notice(level: 'good' | 'bad', sentence: string): void {
    this.#say(noticeEvent(level, sentence));
  }

  detail(): void {
    // What programs need is in the events.
  }

  completed(file: FileView): void {
    this.#say(completedEvent(file, this.#elapsedMs()));
  }

  seeding(file: FileView): void {
    this.#say(seedingEvent(file, this.#elapsedMs()));
  }

  failed(error: MiniTorrentError): void {
    this.#say(failedEvent(error));
  }

  result(): void {
    // It is in `completed` and `seeding`.
  }

  end(): void {
    // Every line stands for itself.
  }

  #elapsedMs(): number {
    return Math.round(systemClock.nowMs() - this.#sinceMs);
  }

  #say(event: object): void {
    this.#stdout.write(`${JSON.stringify(event)}\n`);
  }
}

class PeopleReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #line: ProgressLine;
  readonly #isTerminal: boolean;
  #isShown = false;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  readonly #sinceMs = systemClock.nowMs();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#line = new ProgressLine(options.env, process.platform);
    this.#isTerminal = options.stderr.isTTY === true && options.env['TERM'] !== 'dumb';
  }

  started({ command, path, mtorrent, trackers, background }: Started): void {
    const what = command === 'share' ? `sharing ${path}` : `getting ${mtorrent}`;
    const how = background ? 'by the client in the background' : `with the trackers ${trackers.join(' and ')}`;
    this.#tell(`${what} ${how}`);
  }

  progress(file: FileView): void {
    if (this.#options.quiet) return;
    const nowMs = systemClock.nowMs();
    if (this.#isTerminal) {
      // One column less: a full line would move the cursor to the next one.
      const columns = (this.#options.stderr.columns ?? TERMINAL_COLUMNS) - 1;
      this.#options.stderr.write(`\r${this.#line.of(file, nowMs, columns)}\u001b[K`);
      this.#isShown = true;
    } else if (nowMs - this.#toldAtMs >= this.#options.intervalMs) {
      this.#toldAtMs = nowMs;
      this.#options.stderr.write(`${this.#line.plain(file)}\n`);
    }
  }

  notice(_level: 'good' | 'bad', sentence: string): void {
    this.#tell(sentence);
  }

  detail(sentence: string): void {
    if (this.#options.verbose) this.#tell(sentence);
  }

  completed({ name, size, received, wasted }: FileView): void {
    const seconds = Math.max(0.001, (systemClock.nowMs() - this.#sinceMs) / 1_000);
    const speed = received === 0 ? '' : ` in ${seconds.toFixed(1)} s, ${formatBytes(Math.round(received / seconds))}/s`;
    this.#tell(`${name} is complete: ${formatBytes(size)}${speed}`);
    if (wasted > 0) this.detail(`${formatBytes(wasted)} of what came was there already`);
  }

  seeding(file: FileView): void {
    const nowMs = systemClock.nowMs();
    if (this.#toldAtMs === Number.NEGATIVE_INFINITY || nowMs - this.#toldAtMs >= this.#options.intervalMs) {
      this.#toldAtMs = nowMs;
      this.detail(`${file.name}: sent ${formatBytes(file.sent)}`);
    }
  }

  /** The program ends with the sentence. */
  failed(): void {
    this.end();
  }

  result(path: string): void {
    this.end();
    this.#options.stdout.write(`${path}\n`);
  }

  end(): void {
    if (this.#isShown) this.#options.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }

  #tell(sentence: string): void {
    if (this.#options.quiet) return;
    this.end();
    this.#options.stderr.write(`${printable(sentence)}\n`);
  }
}
