// Writes one frame at a time into a pool, after four bytes for its length, exactly as msgpackr would. Declines what it
// does not know (text beyond ASCII): then msgpackr writes the frame. Invariant: the memory of a frame is never written
// again. Pure.

import { HEAD_SIZE } from './framing.js';

const POOL_SIZE = 64 * 1024;
const FEW = 64;

const float = new DataView(new ArrayBuffer(8));

class Writing {
  #pool = Buffer.allocUnsafeSlow(POOL_SIZE);
  #begin = 0;
  #at = 0;

  open(): void {
    // A pool that grew for a large frame is not kept for small ones.
    if (this.#pool.length > POOL_SIZE || this.#pool.length - this.#at < FEW) {
      this.#pool = Buffer.allocUnsafeSlow(POOL_SIZE);
      this.#at = 0;
    }
    this.#begin = this.#at;
    this.#at += HEAD_SIZE;
  }

  /** The frame, with its length in front. */
  close(): Buffer {
    const length = this.#at - this.#begin - HEAD_SIZE;
    this.#pool.writeUInt32BE(length, this.#begin);
    return this.#pool.subarray(this.#begin, this.#at);
  }

  /** Discards what was written since `open`. */
  abandon(): void {
    this.#at = this.#begin;
  }

  number(value: number): void {
    this.#room(9);
    const pool = this.#pool;
    let at = this.#at;
    if (value >>> 0 === value) {
      if (value > 0x7f) at = this.#sized(value, 0xcc, at);
      else pool[at++] = value;
    } else if (value >= -0x20 && value < 0 && Number.isInteger(value)) {
      pool[at++] = value + 0x100;
    } else {
      at = this.#wide(value, at);
    }
    this.#at = at;
  }

  flag(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  nil(): void {
    this.#byte(0xc0);
  }

  array(count: number): void {
    this.#room(5);
    if (count < 0x10) this.#pool[this.#at++] = 0x90 + count;
    else {
      this.#pool[this.#at] = 0xdc;
      this.#at = this.#pool.writeUInt16BE(count, this.#at + 1);
    }
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    this.#room(5 + length);
    this.#at = this.#sized(length, 0xc4, this.#at);
    if (length > FEW) this.#pool.set(value, this.#at);
    else for (let at = 0; at < length; at += 1) this.#pool[this.#at + at] = value[at] ?? 0;
    this.#at += length;
  }

  /** @returns false when it is not ASCII; then nothing was written. */
  text(value: string): boolean {
    const { length } = value;
    this.#room(5 + length);
    const pool = this.#pool;
    let at = this.#at;
    if (length < 0x20) pool[at++] = 0xa0 + length;
    else at = this.#sized(length, 0xd9, at);
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      pool[at + index] = code;
    }
    this.#at = at + length;
    return true;
  }

  #byte(value: number): void {
    this.#room(1);
    this.#pool[this.#at++] = value;
  }

  /** The head for a number of one, two or four bytes, then the number. */
  #sized(value: number, head: number, begin: number): number {
    const pool = this.#pool;
    let at = begin;
    if (value > 0xffff) {
      pool[at++] = head + 2;
      pool[at++] = value >>> 24;
      pool[at++] = value >>> 16;
      pool[at++] = value >>> 8;
    } else if (value > 0xff) {
      pool[at++] = head + 1;
      pool[at++] = value >>> 8;
    } else pool[at++] = head;
    pool[at++] = value;
    return at;
  }

  /** Any number that is not a small whole one. */
  #wide(value: number, begin: number): number {
    const pool = this.#pool;
    if (value >> 0 === value) {
      if (value >= -0x80) return pool.writeInt8(value, this.#headed(0xd0, begin));
      if (value >= -0x8000) return pool.writeInt16BE(value, this.#headed(0xd1, begin));
      return pool.writeInt32BE(value, this.#headed(0xd2, begin));
    }
    let at = this.#headed(0xcb, begin);
    float.setFloat64(0, value);
    for (let byte = 0; byte < 8; byte += 1) pool[at++] = float.getUint8(byte);
    return at;
  }

  #headed(head: number, at: number): number {
    this.#pool[at] = head;
    return at + 1;
  }

  #room(size: number): void {
    if (this.#at + size > this.#pool.length) this.#renew(size);
  }

  /** A new pool, with the unfinished frame at its front. */
  #renew(size: number): void {
    const written = this.#pool.subarray(this.#begin, this.#at);
    this.#pool = Buffer.allocUnsafeSlow(Math.max(POOL_SIZE, (written.length + size) * 2));
    this.#pool.set(written);
    this.#at = written.length;
    this.#begin = 0;
  }
}

/** The one frame that is being written: writing never awaits. */
export const writing = new Writing();
