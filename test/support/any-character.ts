// Any character of Unicode, for strings of fast-check. Its own unit `binary` is the same, but lists all of them first,
// which takes seconds in each process.

import fc from 'fast-check';

const [FIRST_SURROGATE, SURROGATES, LAST] = [0xd800, 0x800, 0x10ffff];

/** One code point as text; halves of surrogate pairs are left out, since no UTF-8 has them. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.nat(0x7f), fc.nat(LAST - SURROGATES))
  .map((at) => String.fromCodePoint(at < FIRST_SURROGATE ? at : at + SURROGATES));
