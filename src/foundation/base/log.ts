// The only door to pino: one line a record, as JSON or as text. Each thread opens the file itself and appends whole
// lines; when the file was moved away, the next line goes to a new one. A log that cannot be written loses lines, never
// the process, and says how many once it can be written again.

import pino from 'pino';
import { journalPrefix, type Priority } from './journal.js';
import { LogLines, standardStream } from './log-file.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface Log {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
  /** A log whose records carry the actor's name, such as `peer-0/127.0.0.1:6881`. */
  of(actor: string): Log;
}

export interface LogFile {
  readonly log: Log;
  /** Lines lost to write errors so far. */
  lostLines(): number;
  /** The least level that is written from now on, by this log and all made of it. */
  setLevel(level: LogLevel): void;
  close(): void;
}

/** How a log is written, whichever file it goes to. */
export interface LogStyle {
  /** The least level that is written. */
  readonly level: LogLevel;
  /** json, the default: a JSON object a line. text: the same records for people. */
  readonly format?: LogFormat | undefined;
}

/** Where a program logs, and how, on whichever of its threads. */
export interface LogTarget extends LogStyle {
  /** Absolute; appended to. */
  readonly path: string;
}

/**
 * @param thread the name of the thread, which every record carries. Throws MiniTorrentError when the file cannot be
 * opened.
 */
export function openLog({ path, level, format = 'json' }: LogTarget, thread: string): LogFile {
  const fd = standardStream(path);
  const sink = new Sink(new LogLines(path), format, fd, (lines) =>
    logger.warn({ lines }, 'lines of this log were lost, because it could not be written'),
  );
  const logger = pino(
    {
      // Ours decides: a child of pino keeps the level of its birth.
      level: LOG_LEVELS[0],
      base: { pid: process.pid, thread },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  let isOpen = true;
  let least = LOG_LEVELS.indexOf(level);
  // Whoever still speaks after the end (a socket that closes late) loses its line, as on a full disk.
  const gate = (spoken: LogLevel): boolean => {
    if (LOG_LEVELS.indexOf(spoken) < least) return false;
    if (!isOpen) sink.lost += 1;
    return isOpen;
  };
  return {
    log: wrap(logger, gate),
    lostLines: () => sink.lost,
    setLevel: (wished) => {
      least = LOG_LEVELS.indexOf(wished);
    },
    close: () => {
      isOpen = false;
      sink.close();
    },
  };
}

/** Takes the records of pino, counts those that are lost, and tells the log itself as soon as it can. */
class Sink {
  readonly #lines: LogLines;
  readonly #format: LogFormat;
  readonly #fd: number | undefined;
  readonly #tellLoss: (lines: number) => void;
  #untold = 0;
  #isTelling = false;
  lost = 0;

  /** @param fd of the standard stream that it goes to; undefined: to a file. */
  constructor(lines: LogLines, format: LogFormat, fd: number | undefined, tellLoss: (lines: number) => void) {
    this.#lines = lines;
    this.#format = format;
    this.#fd = fd;
    this.#tellLoss = tellLoss;
  }

  write(record: string): void {
    const text = this.#format === 'json' ? record : textOf(record);
    const line = this.#fd === undefined ? text : `${journalPrefix(priorityOf(record), this.#fd)}${text}`;
    if (this.#isTelling) {
      if (this.#lines.write(line)) this.#untold = 0;
      return;
    }
    if (this.#untold > 0) this.#tell();
    if (this.#untold === 0 && this.#lines.write(line)) return;
    this.lost += 1;
    this.#untold += 1;
  }

  close(): void {
    if (this.#untold > 0) this.#tell();
    this.#lines.close();
  }

  #tell(): void {
    this.#isTelling = true;
    this.#tellLoss(this.#untold);
    this.#isTelling = false;
  }
}

function priorityOf(record: string): Priority {
  const [, level] = /^\{"level":"(\w+)"/.exec(record) ?? [];
  if (level === 'error' || level === 'info') return level;
  return level === 'warn' ? 'warning' : 'debug';
}

/** A record as a line for people: time, level, process, thread and actor, the sentence, then its fields. */
function textOf(line: string): string {
  const { time, level, pid, thread, actor, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const source = actor === undefined ? thread : `${thread}/${actor}`;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`);
  return `${[time, String(level).padEnd(5), pid, source, escaped(String(msg)), ...rest].join(' ')}\n`;
}

/** A plain word stays as it is; everything else is JSON. */
function fieldText(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : escaped(JSON.stringify(value));
}

/** So that a record is one line, and nothing in it acts on a terminal. */
function escaped(text: string): string {
  const code = (unit: string): string => unit.charCodeAt(0).toString(16).padStart(4, '0');
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (unit) => `\\u${code(unit)}`);
}

function wrap(logger: pino.Logger, gate: (level: LogLevel) => boolean): Log {
  const write = (level: LogLevel, fields: object, sentence: string): void => {
    if (gate(level)) logger[level](fields, sentence);
  };
  return {
    debug: (fields, sentence) => write('debug', fields, sentence),
    info: (fields, sentence) => write('info', fields, sentence),
    warn: (fields, sentence) => write('warn', fields, sentence),
    error: (fields, sentence) => write('error', fields, sentence),
    of: (actor) => wrap(logger.child({ actor }), gate),
  };
}

const nothing = (): void => undefined;
/** For commands and tests that keep no log. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, of: () => silentLog };
