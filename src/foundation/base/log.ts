// The only door to pino. One JSON line a record, with time, level, thread and actor; appended to the log file that the
// user named. Each thread opens the file itself: lines are appended whole (O_APPEND), so threads never mix within a line.
// A file that was moved away is left to whoever moved it: the next line of each thread goes to a new one, without any signal.
// A log that cannot be written (disk full) loses lines, never the process.

import fs from 'node:fs';
import pino from 'pino';
import { fileError } from './errors.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

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
}

/** Where a program logs, and how, on whichever of its threads. */
export interface LogTarget extends LogStyle {
  /** Absolute; appended to. */
  readonly path: string;
}

/** @param thread the name of the thread, which every record carries. Throws MiniTorrentError when the file cannot be opened. */
export function openLog({ path, level }: LogTarget, thread: string): LogFile {
  const destination = appenderTo(path);
  let lost = 0;
  const logger = pino(
    {
      // Ours decides: a child of pino keeps the level of its birth.
      level: LOG_LEVELS[0],
      base: { pid: process.pid, thread },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  let isOpen = true;
  let least = LOG_LEVELS.indexOf(level);
  // Whoever still speaks after the end (a socket that closes late) loses its line, as on a full disk.
  const gate = (spoken: LogLevel): boolean => {
    if (LOG_LEVELS.indexOf(spoken) < least) return false;
    if (!isOpen) lost += 1;
    return isOpen;
  };
  return {
    log: wrap(logger, gate),
    lostLines: () => lost + destination.lost,
    setLevel: (wished) => {
      least = LOG_LEVELS.indexOf(wished);
    },
    close: () => {
      isOpen = false;
      destination.close();
    },
  };
}

function appenderTo(path: string): Appender {
  try {
    return new Appender(path);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Synchronous, so that the lines before a crash are in the file. Records are rare: none per piece above `debug`. */
class Appender {
  readonly #path: string;
  #fd: number;
  #inode: number;
  lost = 0;

  constructor(path: string) {
    this.#path = path;
    this.#fd = fs.openSync(path, 'a');
    this.#inode = fs.fstatSync(this.#fd).ino;
  }

  write(line: string): void {
    try {
      this.#follow();
      const written = fs.writeSync(this.#fd, line);
      if (written < Buffer.byteLength(line)) this.lost += 1;
    } catch {
      // Told as a number by whoever asks for `lostLines`; there is nowhere else to say it.
      this.lost += 1;
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  /** Opens the file anew when another one, or none, has its name. */
  #follow(): void {
    if (fs.statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) return;
    const fresh = fs.openSync(this.#path, 'a');
    fs.closeSync(this.#fd);
    this.#fd = fresh;
    this.#inode = fs.fstatSync(fresh).ino;
  }
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
