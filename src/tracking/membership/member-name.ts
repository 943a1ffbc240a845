// Which name a new member gets: what it asked for, made of the characters that names have, and with a number behind it
// when somebody else has that one. Pure.

import { assert } from '../../foundation/base/assert.js';
import { isMemberName, MEMBER_NAME_MAX } from '../../foundation/identity/statement.js';
import { NAME_NUMBERS_MAX } from './limits.js';

const NAMELESS = 'member';

/** Any text becomes a name. */
export function fittedName(wanted: string): string {
  const plain = wanted
    .toLowerCase()
    .replace(/[^a-z0-9._@-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, MEMBER_NAME_MAX);
  return isMemberName(plain) ? plain : NAMELESS;
}

export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  const fitted = fittedName(wanted);
  if (!isTaken(fitted)) return fitted;
  for (let number = 2; number <= NAME_NUMBERS_MAX + 1; number += 1) {
    const name = numbered(fitted, number);
    if (!isTaken(name)) return name;
  }
  assert(false, 'more numbers than members');
  return fitted;
}

/** bob@mill-2: behind the machine's name, so that the person's stays in front. */
function numbered(name: string, number: number): string {
  const suffix = `-${number}`;
  return name.slice(0, MEMBER_NAME_MAX - suffix.length) + suffix;
}
