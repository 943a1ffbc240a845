// Pages of the list of what is shared come one at a time, with a rest between them while others ask for something else.

import assert from 'node:assert/strict';
import test from 'node:test';
import { OTHERS_RECENT_MS, PAGE_REST_MS, PAGES_WAITING_MAX } from '../../../src/tracking/tracker/limits.js';
import { PageTurns } from '../../../src/tracking/tracker/page-turns.js';
import { ManualTimers } from '../../support/manual-timers.js';

function scene() {
  const timers = new ManualTimers();
  const turns = new PageTurns(timers);
  turns.othersAsk();
  const given: number[] = [];
  const ask = (page: number): boolean => turns.ask(() => given.push(page));
  return { timers, turns, given, ask };
}

test('the first page comes at once, and so does one after a rest', () => {
  const { timers, given, ask } = scene();
  ask(1);
  assert.deepEqual(given, [1]);
  timers.advanceTo(PAGE_REST_MS);
  ask(2);
  assert.deepEqual(given, [1, 2]);
  assert.equal(timers.pendingCount, 0);
});

test('pages that are asked for together come in that order, one after each rest', () => {
  const { timers, given, ask } = scene();
  for (const page of [1, 2, 3]) ask(page);
  assert.deepEqual(given, [1]);
  timers.advanceTo(PAGE_REST_MS);
  assert.deepEqual(given, [1, 2]);
  timers.advanceTo(2 * PAGE_REST_MS - 1);
  ask(4);
  assert.deepEqual(given, [1, 2]);
  timers.advanceTo(3 * PAGE_REST_MS);
  assert.deepEqual(given, [1, 2, 3, 4]);
  assert.equal(timers.pendingCount, 0);
});

test('a walk that asks for each page when it has the one before gets one a rest', () => {
  const { timers, turns } = scene();
  let pages = 0;
  const walk = (): void => {
    pages += 1;
    turns.ask(walk);
  };
  turns.ask(walk);
  timers.advanceTo(100 * PAGE_REST_MS);
  assert.equal(pages, 101);
});

test('where nobody asks for anything else a walk does not rest, and it rests again from the next who does on', () => {
  const { timers, turns, given, ask } = scene();
  timers.advanceTo(OTHERS_RECENT_MS + 1);
  for (const page of [1, 2, 3]) ask(page);
  assert.deepEqual(given, [1, 2, 3]);
  turns.othersAsk();
  for (const page of [4, 5]) ask(page);
  assert.deepEqual(given, [1, 2, 3, 4]);
  timers.advanceTo(timers.nowMs() + PAGE_REST_MS);
  assert.deepEqual(given, [1, 2, 3, 4, 5]);
});

test('no more than a bounded number wait; whoever asks then is refused, and never answered', () => {
  const { timers, given, ask } = scene();
  for (let page = 0; page <= PAGES_WAITING_MAX; page += 1) assert.equal(ask(page), true);
  assert.equal(ask(-1), false);
  timers.advanceTo(2 * PAGES_WAITING_MAX * PAGE_REST_MS);
  assert.equal(given.length, PAGES_WAITING_MAX + 1);
  assert.ok(!given.includes(-1));
});

test('at the end those that wait are answered, in their order', () => {
  const { timers, turns, given, ask } = scene();
  for (const page of [1, 2, 3]) ask(page);
  turns.end();
  assert.deepEqual(given, [1, 2, 3]);
  assert.equal(timers.pendingCount, 0);
});
