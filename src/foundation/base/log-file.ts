// Where the lines of a log go: a file, a pipe, a terminal, or what this process has as its stdout. It never waits: a
// line that cannot be taken now is lost and counted.

import fs from 'node:fs';
import { creationError, errnoOf } from './errors.js';
import { LOG_UNREAD_BYTES_MAX } from './limits.js';

/** Appends; a pipe or terminal that is full answers EAGAIN, and a pipe that nobody reads ENXIO. */
const APPENDING = fs.constants.O_WRONLY | fs.constants.O_APPEND | fs.constants.O_CREAT | (fs.constants.O_NONBLOCK ?? 0);
const STDOUT = 1;
const STDERR = 2;
const STDOUT_NAMES = /^\/(dev\/stdout|dev\/fd\/1|proc\/self\/fd\/1)$/;
const STDERR_NAMES = /^\/(dev\/stderr|dev\/fd\/2|proc\/self\/fd\/2)$/;

interface Opened {
  readonly fd: number;
  /** One of this process's own streams: never closed. */
  readonly isStandard: boolean;
  readonly device: number;
  readonly inode: number;
}

/**
 * Each thread has its own, and writes whole lines. Synchronous, so that the lines before a crash are in the file.
 * Records are rare: none per piece above `debug`.
 */
export class LogLines {
  readonly #path: string;
  readonly #stream: NodeJS.WriteStream | undefined;
  /** Undefined while nobody reads the pipe. */
  #opened: Opened | undefined;
  /** The end of a line whose beginning was taken. */
  #rest: Uint8Array | undefined;
  /** Throws MiniTorrentError when no log can be at `path`. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#opened = opened(path);
    } catch (error) {
      this.#stream = streamNamed(path);
      if (this.#stream === undefined) throw creationError(error, path);
      this.#stream.on('error', ignore);
    }
  }

  /** Answers whether the line was taken, or will be. */
  write(line: string): boolean {
    if (this.#stream !== undefined) return toStream(this.#stream, line);
    try {
      const fd = this.#current();
      if (fd === undefined) return false;
      if (this.#rest !== undefined) this.#rest = remainder(fd, this.#rest);
      if (this.#rest !== undefined) return false;
      this.#rest = remainder(fd, Buffer.from(line));
      return true;
    } catch {
      // Counted by the log, which is the only place to tell it.
      return false;
    }
  }

  close(): void {
    closeUnlessStandard(this.#opened);
  }

  /** Opens the file anew when another one, or none, has its name. */
  #current(): number | undefined {
    const now = this.#opened;
    const found = fs.statSync(this.#path, { throwIfNoEntry: false });
    if (now !== undefined && found?.ino === now.inode && found.dev === now.device) return now.fd;
    const fresh = opened(this.#path);
    this.#rest = undefined;
    this.#opened = fresh;
    closeUnlessStandard(now);
    return fresh?.fd;
  }
}

/** Undefined for a pipe that nobody reads yet. Throws a system error. */
function opened(path: string): Opened | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, APPENDING, 0o666);
  } catch (error) {
    if (errnoOf(error) === 'ENXIO' && fs.statSync(path).isFIFO()) return undefined;
    throw error;
  }
  const { dev: device, ino: inode } = fs.fstatSync(fd);
  const standard = standardFile(device, inode);
  if (standard === undefined) return { fd, isStandard: false, device, inode };
  fs.closeSync(fd);
  return { fd: standard, isStandard: true, device, inode };
}

/** A file that a shell opened with `>` has one position: two descriptors would overwrite each other's lines. */
function standardFile(device: number, inode: number): number | undefined {
  return [STDOUT, STDERR].find((fd) => {
    const stat = fs.fstatSync(fd);
    return stat.isFile() && stat.dev === device && stat.ino === inode;
  });
}

/** A socket, such as that of the journal, or what another user opened, cannot be opened again by its name. */
function streamNamed(path: string): NodeJS.WriteStream | undefined {
  return STDOUT_NAMES.test(path) ? process.stdout : STDERR_NAMES.test(path) ? process.stderr : undefined;
}

/** The descriptor of the stdout or stderr that `path` names; undefined when it names neither. */
export function standardStream(path: string): number | undefined {
  return STDOUT_NAMES.test(path) ? STDOUT : STDERR_NAMES.test(path) ? STDERR : undefined;
}

/** Whether `path` names the stdout or stderr of whichever process opens it. */
export function isOwnStream(path: string): boolean {
  return STDOUT_NAMES.test(path) || STDERR_NAMES.test(path);
}

function toStream(stream: NodeJS.WriteStream, line: string): boolean {
  if (stream.destroyed || stream.writableLength + line.length > LOG_UNREAD_BYTES_MAX) return false;
  stream.write(line);
  return true;
}

/** What of `bytes` was not taken; undefined when all was. Throws when nothing was. */
function remainder(fd: number, bytes: Uint8Array): Uint8Array | undefined {
  const written = fs.writeSync(fd, bytes);
  return written < bytes.length ? bytes.subarray(written) : undefined;
}

function closeUnlessStandard(file: Opened | undefined): void {
  if (file !== undefined && !file.isStandard) fs.closeSync(file.fd);
}

function ignore(): void {}
