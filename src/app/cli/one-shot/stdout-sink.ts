// Standard output for bulk data: writes wait for the reader, and never block the process. A reader that is gone ends
// the writing without an error.

import fs from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { type Socket, writerOf } from '../../../foundation/wire/transport.js';

const writeFd = promisify(fs.write);
const STDOUT = 1;

export interface Sink {
  /** Resolves when the reader, the kernel or the disk has taken the bytes. False: nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  close(): void;
}

/** Throws INVALID_ARGUMENTS for a terminal. @param what it is, for the sentence. */
export function openStdout(what: string): Sink {
  if (process.stdout.isTTY) {
    const sentence = `${what} is not for a terminal; send it on, such as with: | tar x, or > FILE`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const kind = fs.fstatSync(STDOUT);
  if (!kind.isFIFO() && !kind.isSocket()) return new FileSink();
  return kind.isFIFO() && process.platform === 'linux' ? pipeSink() : new StreamSink(process.stdout, () => undefined);
}

/**
 * The pipe is opened once more: a description of our own may be non-blocking, and others that share the first one see
 * nothing of it.
 */
function pipeSink(): Sink {
  try {
    const fd = fs.openSync(`/proc/self/fd/${STDOUT}`, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
    const socket: Socket = writerOf(fd);
    return new StreamSink(socket, () => socket.destroy());
  } catch (error) {
    // Without /proc, or as another user: then a reader that stops holds everything up.
    if (errnoOf(error) === undefined) throw error;
    return new StreamSink(process.stdout, () => undefined);
  }
}

class StreamSink implements Sink {
  readonly #stream: NodeJS.WritableStream;
  readonly close: () => void;
  #isGone = false;

  constructor(stream: NodeJS.WritableStream, close: () => void) {
    this.#stream = stream;
    this.close = close;
    stream.on('error', (error) => {
      if (isReaderGone(error)) this.#isGone = true;
    });
  }

  write(bytes: Uint8Array): Promise<boolean> {
    if (this.#isGone) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        if (error === null || error === undefined) resolve(true);
        else if (this.#isGone || isReaderGone(error)) resolve(false);
        else reject(fileError(error, 'standard output'));
      });
    });
  }
}

class FileSink implements Sink {
  async write(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let at = 0; at < bytes.length; )
        at += (await writeFd(STDOUT, bytes, at, bytes.length - at, null)).bytesWritten;
      return true;
    } catch (error) {
      if (isReaderGone(error)) return false;
      throw fileError(error, 'standard output');
    }
  }

  close(): void {
    // The process closes it.
  }
}

function isReaderGone(error: unknown): boolean {
  return ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(errnoOf(error) ?? '');
}
