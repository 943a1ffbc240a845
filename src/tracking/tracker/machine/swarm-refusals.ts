// What a closed tracker answers to requests that it does not even look into. Pure.

import { command } from '../../../foundation/base/shell-line.js';

export const NOT_WRITTEN =
  'this tracker could not write it down, and nothing has changed; try again, or at the other tracker';
export const NOT_HERE = { refused: { code: 'forbidden', sentence: 'this needs the card of a member' } } as const;
export const HAS_CARD = {
  refused: { code: 'invalid', sentence: `this machine has a card already; ${command('leave')}, and join again` },
} as const;
export const NO_OTHER_AUTHORITY = {
  refused: { code: 'forbidden', sentence: 'this tracker admits nobody by another authority' },
} as const;
export const TOO_OFTEN = {
  refused: { code: 'limit', sentence: 'this card was renewed too often; try again later' },
} as const;
