// Reads bytes of other files into a slot, where they are verified like those of a peer. A file that is not what it was
// when its bytes were wanted is not read: that spares work, and proves nothing. Blocks.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { errnoOf } from '../../foundation/base/errors.js';
import { PART_NUMBERS, SOURCE_KEPT_BYTES_MIN, SOURCES_OPEN_MAX } from './limits.js';
import type { SlotFill } from './messages.js';

/** Bytes of a file, and where in the slot they belong. */
export interface FilePart {
  /** Absolute. */
  readonly path: string;
  /** What the file was when its bytes were wanted. mtimeMs NaN: it may be written to. */
  readonly size: number;
  readonly mtimeMs: number;
  /** In bytes of the file, and of the slot. */
  readonly offset: number;
  readonly begin: number;
  readonly length: number;
}

export interface PartsOfSlot {
  readonly slot: number;
  readonly parts: readonly FilePart[];
  /** Where zeros belong, in bytes of the slot. */
  readonly zeros: readonly { readonly begin: number; readonly length: number }[];
}

const SEPARATOR = '\0';

export function slotFillOf({ slot, parts, zeros }: PartsOfSlot): SlotFill {
  const numbers = parts.flatMap(({ size, mtimeMs, offset, begin, length }) => [size, mtimeMs, offset, begin, length]);
  return {
    slot,
    paths: parts.map(({ path }) => path).join(SEPARATOR),
    numbers: new Uint8Array(new Float64Array(numbers).buffer),
    zeros: new Uint8Array(new Float64Array(zeros.flatMap(({ begin, length }) => [begin, length])).buffer),
  };
}

export function partsOf({ paths, numbers }: SlotFill): readonly FilePart[] {
  const copy = new Float64Array(numbers.slice().buffer);
  return paths.split(SEPARATOR).map((path, at) => {
    const [size = 0, mtimeMs = 0, offset = 0, begin = 0, length = 0] = copy.subarray(at * PART_NUMBERS);
    return { path, size, mtimeMs, offset, begin, length };
  });
}

export class SlotFiller {
  /** Descriptors of large files by path, the one that was used last at the end. */
  readonly #kept = new Map<string, number>();

  /** Index of the first part that could not be read, or whose file has changed; -1: all are in `slot`. */
  fill(slot: Uint8Array, fill: SlotFill): number {
    const zeros = new Float64Array(fill.zeros.slice().buffer);
    for (let at = 0; at < zeros.length; at += 2) {
      const [begin = 0, length = 0] = zeros.subarray(at, at + 2);
      slot.fill(0, begin, begin + length);
    }
    return partsOf(fill).findIndex((part) => !this.#read(slot, part));
  }

  #read(slot: Uint8Array, part: FilePart): boolean {
    const kept = part.size >= SOURCE_KEPT_BYTES_MIN;
    let fd: number | undefined;
    try {
      fd = (kept ? this.#take(part.path) : undefined) ?? openRegular(part.path);
      return isAsKnown(fstatSync(fd), part) && readAll(fd, part, slot);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || errno.startsWith('ERR_')) throw error;
      return false;
    } finally {
      if (fd !== undefined && kept) this.#keep(part.path, fd);
      else if (fd !== undefined) closeSync(fd);
    }
  }

  #take(path: string): number | undefined {
    const fd = this.#kept.get(path);
    this.#kept.delete(path);
    return fd;
  }

  #keep(path: string, fd: number): void {
    this.#kept.set(path, fd);
    for (const [oldest, other] of this.#kept) {
      if (this.#kept.size <= SOURCES_OPEN_MAX) return;
      this.#kept.delete(oldest);
      closeSync(other);
    }
  }
}

/** Without O_NONBLOCK, opening a named pipe would wait for its other end. */
function openRegular(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

function isAsKnown(found: Stats, { size, mtimeMs }: FilePart): boolean {
  if (!found.isFile()) return false;
  return Number.isNaN(mtimeMs) || (found.size === size && found.mtimeMs === mtimeMs);
}

function readAll(fd: number, { offset, begin, length }: FilePart, slot: Uint8Array): boolean {
  for (let done = 0; done < length; ) {
    const count = readSync(fd, slot, begin + done, length - done, offset + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}
