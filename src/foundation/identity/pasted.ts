// One line of text that a person pastes: a prefix that says what it is, bytes in base32, and a check at its end, so
// that a mistyped line is refused before anything is dialed. Pure.

import { createHash } from 'node:crypto';
import { fromBase32, toBase32 } from './base32.js';
import { PASTED_CHARACTERS_MAX } from './limits.js';

const CHECK_SIZE = 4;

export type Pasted = { readonly bytes: Uint8Array } | { readonly wrong: string };

export function formatPasted(prefix: string, bytes: Uint8Array): string {
  return prefix + toBase32(Buffer.concat([bytes, checkOf(prefix, bytes)]));
}

/** White space in and around it is what mail programs add. `wrong`: what is, for a sentence. */
export function parsePasted(prefix: string, text: string): Pasted {
  if (text.length > PASTED_CHARACTERS_MAX) return { wrong: `it has more than ${PASTED_CHARACTERS_MAX} characters` };
  const line = text.replace(/\s+/g, '').toLowerCase();
  if (!line.startsWith(prefix)) return { wrong: `it does not begin with ${prefix}` };
  const whole = fromBase32(line.slice(prefix.length));
  if (whole === undefined || whole.length < CHECK_SIZE)
    return { wrong: 'it is cut off, or has a character that no such line has' };
  const bytes = whole.subarray(0, -CHECK_SIZE);
  const isRight = Buffer.compare(whole.subarray(-CHECK_SIZE), checkOf(prefix, bytes)) === 0;
  return isRight ? { bytes } : { wrong: 'its check does not fit: a character is wrong, or a part is missing' };
}

function checkOf(prefix: string, bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(prefix).update(bytes).digest().subarray(0, CHECK_SIZE);
}
