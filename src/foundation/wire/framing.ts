// Frames on a byte stream: a big-endian u32 length, then that many bytes. The reader refuses a length above its limit
// before it buffers a byte, and takes linear time however finely the sender slices. Its owner may take raw bytes
// between frames: the payload behind a `piece`. Pure.

import { assert } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { ProtocolError } from '../base/errors.js';

/** Bytes of a frame's length. */
export const HEAD_SIZE = 4;

/** Length prefix and body in one buffer of its own. */
export function frameBytes(body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEAD_SIZE + body.length);
  new DataView(framed.buffer).setUint32(0, body.length);
  framed.set(body, HEAD_SIZE);
  return framed;
}

export class FrameReader {
  /** Largest body accepted. Its owner raises it after the hello. */
  limit: number;
  #chunk: Uint8Array = EMPTY_BYTES;
  #at = 0;
  #length = 0;
  #headFilled = 0;
  #body: Uint8Array | undefined;
  #bodyFilled = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes of the current chunk that were not taken yet. */
  get unread(): number {
    return this.#chunk.length - this.#at;
  }

  /** True while a frame has begun and not ended: the sender owes us bytes. */
  get midFrame(): boolean {
    return this.#headFilled > 0;
  }

  /** Lends `chunk` until it is read to its end. The previous chunk must have been. */
  feed(chunk: Uint8Array): void {
    assert(this.unread === 0, 'a chunk is read before the next one comes');
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next whole frame's body, valid until the chunk's memory is reused; undefined when more bytes are needed. */
  next(): Uint8Array | undefined {
    if (this.#body === undefined && !this.#readHead()) return undefined;
    const body = this.#body;
    if (body === undefined) return this.#wholeInChunk();
    const taken = Math.min(this.unread, body.length - this.#bodyFilled);
    body.set(this.#chunk.subarray(this.#at, this.#at + taken), this.#bodyFilled);
    this.#at += taken;
    this.#bodyFilled += taken;
    if (this.#bodyFilled < body.length) return undefined;
    this.#reset();
    return body;
  }

  /** Copies up to `target.length` raw bytes out of the stream, between frames only; answers how many. */
  takeRaw(target: Uint8Array): number {
    assert(!this.midFrame, 'raw bytes lie between frames');
    const taken = Math.min(this.unread, target.length);
    target.set(this.#chunk.subarray(this.#at, this.#at + taken));
    this.#at += taken;
    return taken;
  }

  /** True when the head is complete: then either the frame lies whole in the chunk or `#body` waits for the rest. */
  #readHead(): boolean {
    if (this.#headFilled === 0 && this.unread >= HEAD_SIZE) {
      // Nearly every head lies whole in its chunk.
      this.#length = lengthAt(this.#chunk, this.#at);
      this.#headFilled = HEAD_SIZE;
      this.#at += HEAD_SIZE;
    }
    while (this.#headFilled < HEAD_SIZE) {
      if (this.unread === 0) return false;
      this.#length = this.#length * 0x100 + (this.#chunk[this.#at] ?? 0);
      this.#headFilled += 1;
      this.#at += 1;
    }
    const length = this.#length;
    if (length === 0) throw new ProtocolError('empty frame');
    if (length > this.limit) throw new ProtocolError(`frame of ${length} bytes where ${this.limit} are allowed`);
    if (length > this.unread) {
      this.#body = new Uint8Array(length);
      this.#bodyFilled = 0;
    }
    return true;
  }

  #wholeInChunk(): Uint8Array {
    const length = this.#length;
    const body = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#reset();
    // Ten thousand readers idle: none of them keeps what it has read.
    if (this.unread === 0) this.feed(EMPTY_BYTES);
    return body;
  }

  #reset(): void {
    this.#headFilled = 0;
    this.#length = 0;
    this.#body = undefined;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x100_0000 + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
