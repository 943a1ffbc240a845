// What the doctor tells of a card: whose it is, who signed it, and whether it has run out by this machine's clock.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cardFactOf } from '../../../src/client/doctor/card-fact.js';
import { CARD_LIFE_S, SAID_AT_S, SmallSwarm } from '../../support/small-swarm.js';

const swarm = new SmallSwarm();

test('a card of a member is told with the tracker that signed it, and is over when the clock of this machine says so', () => {
  const member = swarm.member('build-7', { tracker: 1 });
  const goodUntilS = SAID_AT_S + CARD_LIFE_S;
  const fact = { swarm: 'lab', name: 'build-7', signedBy: 't1', lastDay: '2026-06-11' };
  assert.deepEqual(cardFactOf(member, goodUntilS), { ...fact, isOver: false });
  assert.deepEqual(cardFactOf(member, goodUntilS + 1), { ...fact, isOver: true });
});

test('the card of a tracker is signed by the root key, and never runs out where it says so', () => {
  const fact = cardFactOf(swarm.tracker(0), Number.MAX_SAFE_INTEGER);
  assert.deepEqual(fact, { swarm: 'lab', name: 't0', signedBy: 'the root key', lastDay: undefined, isOver: false });
});

test('a card that is good for longer than years have four digits has a last day, too', () => {
  assert.equal(cardFactOf(swarm.member('old', { goodUntilS: 2 ** 48 - 1 }), SAID_AT_S)?.lastDay, '9999-12-31');
});
