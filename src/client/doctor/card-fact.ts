// What the doctor tells of a card, with its last day as people write it.

import { readCard } from '../../foundation/identity/card.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import type { CardFact } from './facts.js';

/** @param nowS this machine's clock, in seconds since 1970. Undefined: there is no card yet. */
export function cardFactOf({ swarm, card, root }: Credentials, nowS: number): CardFact | undefined {
  const read = readCard(card, root);
  if (read === undefined || read.kind === 'none') return undefined;
  const { name, goodUntilS } = read.kind === 'member' ? read.member : read.tracker;
  const isForEver = goodUntilS === 0;
  return {
    swarm,
    name,
    signedBy: read.kind === 'member' ? read.tracker.name : 'the root key',
    lastDay: isForEver ? undefined : dayOf(goodUntilS),
    isOver: !isForEver && goodUntilS < nowS,
  };
}

/** Of the year 9999: later ones are written in another way. */
const LAST_SECOND_S = 253_402_300_799;

function dayOf(secondsSince1970: number): string {
  return new Date(Math.min(secondsSince1970, LAST_SECOND_S) * 1_000).toISOString().slice(0, 10);
}
