// The only door to msgpackr, pinned exactly. No records, no structured clone, no big integers. Invariant: a decoded
// field never shares memory with its frame, so a 20-byte key cannot keep a receive buffer alive. Pure.

import { Packr, Unpackr } from 'msgpackr';

const packr = new Packr({ useRecords: false, structuredClone: false });
const unpackr = new Unpackr({
  useRecords: false,
  structuredClone: false,
  mapsAsObjects: true,
  int64AsType: 'number',
  copyBuffers: true,
});

/** The bytes sit in a pool that other frames share: copy them before their buffer is transferred or kept. */
export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Only for frames that passed `scanFrame`. Throws what msgpackr throws on damage that the scan does not see. */
export function unpack(frame: Uint8Array): unknown {
  return unpackr.unpack(frame);
}
