// The eight bytes that open every stream in both directions: protocol name and version. Another protocol fails at its
// first differing byte, before anything is buffered. Pure.

import { ProtocolError } from '../base/errors.js';

export class MagicGate {
  readonly #expected: Uint8Array;
  #seen = 0;

  constructor(expected: Uint8Array) {
    this.#expected = expected;
  }

  /** `bytes` without the part of the magic at its front; a view, no copy. Throws ProtocolError on another protocol. */
  pass(bytes: Uint8Array): Uint8Array {
    let at = 0;
    while (this.#seen < this.#expected.length && at < bytes.length) {
      if (bytes[at] !== this.#expected[this.#seen]) throw new ProtocolError('speaks another protocol or version');
      this.#seen += 1;
      at += 1;
    }
    return at === 0 ? bytes : bytes.subarray(at);
  }
}
