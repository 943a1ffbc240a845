// A reader of cards remembers what it has verified, and takes nothing more for it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { CardReader, cardOf, readCard } from '../../../src/foundation/identity/card.js';
import { TRACKERS_REMEMBERED_MAX } from '../../../src/foundation/identity/limits.js';
import { STATEMENT_SIZE } from '../../../src/foundation/identity/statement.js';
import {
  keyOf,
  MEMBER,
  MEMBER_CARD,
  memberStatement,
  OTHER_ROOT,
  ROOT,
  TRACKER,
  TRACKER_CARD,
  trackerStatement,
  withdrawal,
} from '../../support/cards.js';

test('after it has read a card, a reader still refuses the same card with any one bit flipped', () => {
  const reader = new CardReader(ROOT.publicKey);
  assert.equal(reader.read(MEMBER_CARD)?.kind, 'member');
  for (let bit = 0; bit < MEMBER_CARD.length * 8; bit += 1) {
    const flipped = Uint8Array.from(MEMBER_CARD);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(reader.read(flipped), undefined, `bit ${bit}`);
  }
});

test('what was refused is refused again: other roots, other kinds, members in the place of trackers', () => {
  const reader = new CardReader(ROOT.publicKey);
  const wrong = [
    cardOf(trackerStatement(TRACKER, OTHER_ROOT), memberStatement({}, TRACKER, OTHER_ROOT)),
    cardOf(withdrawal(), memberStatement()),
    cardOf(memberStatement(), memberStatement()),
    cardOf(trackerStatement(TRACKER), memberStatement({}, MEMBER)),
  ];
  for (const card of [...wrong, ...wrong]) assert.equal(reader.read(card), undefined);
});

test('a reader answers what a new one does, however many trackers it has seen', () => {
  const reader = new CardReader(ROOT.publicKey);
  const trackers = Array.from({ length: TRACKERS_REMEMBERED_MAX + 2 }, (_, at) => keyOf(100 + at));
  const cards = trackers.map((tracker) => cardOf(trackerStatement(tracker), memberStatement({}, tracker)));
  for (const card of [TRACKER_CARD, ...cards, TRACKER_CARD, ...cards])
    assert.deepEqual(reader.read(card), readCard(card, ROOT.publicKey));
});

test('a card that changes after it was read changes nothing that was answered or remembered', () => {
  const reader = new CardReader(ROOT.publicKey);
  const bytes = Uint8Array.from(MEMBER_CARD);
  const read = reader.read(bytes);
  bytes.fill(0xff, 0, STATEMENT_SIZE);
  assert.deepEqual(read, readCard(MEMBER_CARD, ROOT.publicKey));
  assert.deepEqual(reader.read(MEMBER_CARD), read);
  assert.equal(reader.read(bytes), undefined);
});

test('a member that was verified is not taken for one whom another tracker, or nobody, has signed', () => {
  const reader = new CardReader(ROOT.publicKey);
  const [one, other] = [keyOf(201), keyOf(202)];
  const signed = memberStatement({}, one);
  assert.equal(reader.read(cardOf(trackerStatement(one), signed))?.kind, 'member');
  assert.equal(reader.read(cardOf(trackerStatement(other), signed)), undefined);
  for (const at of [5, 80, STATEMENT_SIZE - 1]) {
    const forged = Uint8Array.from(signed);
    forged[at] = (forged[at] ?? 0) ^ 1;
    assert.equal(reader.read(cardOf(trackerStatement(one), forged)), undefined);
  }
  assert.equal(reader.read(cardOf(trackerStatement(one), signed))?.kind, 'member');
});
