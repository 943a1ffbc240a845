// Frames for tests: whole ones that outlive the encoder's buffer, and hostile ones made from them.

import fc from 'fast-check';
import type { Protocol } from '../../src/foundation/wire/protocol.js';

/** A frame of `protocol` in a buffer of its own. */
export function frameOf<M>(protocol: Protocol<M>, message: M): Uint8Array {
  return new Uint8Array(protocol.encode(message));
}

/** `frame` with some bytes changed, removed and put in. */
export function mutationsOf(frame: Uint8Array): fc.Arbitrary<Uint8Array> {
  const mutation = fc.record({ at: fc.nat(frame.length), drop: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
  return fc.array(mutation, { minLength: 1, maxLength: 4 }).map((mutations) => {
    let bytes = Buffer.from(frame);
    for (const { at, drop, insert } of mutations) {
      bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);
    }
    return new Uint8Array(bytes);
  });
}
