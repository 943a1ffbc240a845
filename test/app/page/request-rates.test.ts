// What the page of a tracker says of its requests.

import assert from 'node:assert/strict';
import test from 'node:test';
import { requestWords } from '../../../src/app/page/request-rates.js';

test('requests a second are told by their sorts, and what is none of those only in the whole', () => {
  const before = { uptimeMs: 1_000, requests: 10, announces: 4, summaries: 0, pings: 1 };
  const now = { uptimeMs: 3_000, requests: 30, announces: 6, summaries: 10, pings: 2 };
  assert.equal(requestWords(undefined, before), undefined);
  assert.equal(requestWords(before, now), '10.0 requests a second, of them 1.0 announces, 5.0 summaries, 0.5 pings');
});

test('a tracker that does not count sorts has the whole, and one that began anew has nothing yet', () => {
  const before = { uptimeMs: 1_000, requests: 10 };
  assert.equal(requestWords(before, { uptimeMs: 2_000, requests: 15 }), '5.0 requests a second');
  assert.equal(requestWords(before, { uptimeMs: 500, requests: 2 }), undefined);
});
