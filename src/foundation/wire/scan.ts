// Refuses hostile msgpack in one pass, before msgpackr sees it: extensions (msgpackr compiles code from them), maps,
// deep nesting, item counts beyond the frame, and bytes behind the value. Allocates nothing. Pure.

import { ProtocolError } from '../base/errors.js';
import { FRAME_DEPTH_MAX, FRAME_ITEMS_MAX } from './limits.js';

/** Items still to come at each open nesting level; reused, since a scan never awaits. */
const pending = new Uint32Array(FRAME_DEPTH_MAX + 1);

/** Bytes of the value behind a one-byte head 0xc0…0xdf with a fixed length; -1: not fixed, -2: refused. */
const TAIL = Int8Array.of(
  0,
  -2,
  0,
  0,
  -1,
  -1,
  -1,
  -2,
  -2,
  -2,
  4,
  8,
  1,
  2,
  4,
  8,
  1,
  2,
  4,
  8,
  -2,
  -2,
  -2,
  -2,
  -2,
  -1,
  -1,
  -1,
  -1,
  -1,
  -2,
  -2,
);

/** Throws ProtocolError unless `frame` is one msgpack value of nil, booleans, numbers, strings, bins and arrays. */
export function scanFrame(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const size = frame.length;
  let at = 0;
  let depth = 0;
  let items = 0;
  pending[0] = 1;
  while (true) {
    while (pending[depth] === 0) {
      if (depth === 0) {
        if (at !== size) throw new ProtocolError(`frame has ${size - at} bytes behind its value`);
        return;
      }
      depth -= 1;
    }
    pending[depth] = (pending[depth] ?? 0) - 1;
    items += 1;
    if (items > FRAME_ITEMS_MAX) throw new ProtocolError(`frame has more than ${FRAME_ITEMS_MAX} items`);
    if (at >= size) throw new ProtocolError('frame ends within a value');
    const head = frame[at] ?? 0;
    at += 1;
    let arrayLength = -1;
    if (head <= 0x7f || head >= 0xe0) continue;
    if (head <= 0x8f) throw new ProtocolError('frame has a map');
    if (head <= 0x9f) arrayLength = head & 0x0f;
    else if (head <= 0xbf) at += head & 0x1f;
    else {
      const tail = TAIL[head - 0xc0] ?? -2;
      if (tail === -2) throw new ProtocolError(`frame has the refused type 0x${head.toString(16)}`);
      if (tail >= 0) at += tail;
      else {
        const lengthBytes = lengthBytesOf(head);
        if (at + lengthBytes > size) throw new ProtocolError('frame ends within a length');
        const length =
          lengthBytes === 1 ? view.getUint8(at) : lengthBytes === 2 ? view.getUint16(at) : view.getUint32(at);
        at += lengthBytes;
        if (head >= 0xdc) arrayLength = length;
        else at += length;
      }
    }
    if (at > size) throw new ProtocolError('frame ends within a value');
    if (arrayLength < 0) continue;
    if (arrayLength > size - at) throw new ProtocolError('frame promises more items than it has bytes');
    if (depth === FRAME_DEPTH_MAX) throw new ProtocolError(`frame is nested deeper than ${FRAME_DEPTH_MAX}`);
    depth += 1;
    pending[depth] = arrayLength;
  }
}

/** bin8/16/32 (c4…c6), str8/16/32 (d9…db), array16/32 (dc, dd). */
function lengthBytesOf(head: number): 1 | 2 | 4 {
  if (head === 0xc4 || head === 0xd9) return 1;
  if (head === 0xc5 || head === 0xda || head === 0xdc) return 2;
  return 4;
}
