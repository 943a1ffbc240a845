// What the page of a tracker says of its requests.

import assert from 'node:assert/strict';
import test from 'node:test';
import { looksWith, requestWords } from '../../../src/app/page/request-rates.js';

test('requests a second are told by their sorts, and what is none of those only in the whole', () => {
  const before = { uptimeMs: 1_000, requests: 10, announces: 4, summaries: 0, pings: 1 };
  const now = { uptimeMs: 3_000, requests: 30, announces: 6, summaries: 10, pings: 2 };
  assert.equal(requestWords(undefined, before), undefined);
  assert.equal(
    requestWords(before, now),
    '10.0 requests a second in the last 2 s, of them 1.0 announces, 5.0 summaries, 0.5 pings',
  );
});

test('a tracker that does not count sorts has the whole, and one that began anew has nothing yet', () => {
  const before = { uptimeMs: 1_000, requests: 10 };
  assert.equal(requestWords(before, { uptimeMs: 2_000, requests: 15 }), '5.0 requests a second in the last 1 s');
  assert.equal(requestWords(before, { uptimeMs: 500, requests: 2 }), undefined);
});

test('looks of the last half minute count, and none of before the tracker began anew', () => {
  const look = (uptimeMs: number) => ({ uptimeMs, requests: 0 });
  const looks = [1_000, 3_000, 32_000].map(look);
  assert.deepEqual(looksWith(looks, look(33_000)), [3_000, 32_000, 33_000].map(look));
  assert.deepEqual(looksWith(looks, look(500)), [look(500)]);
});
