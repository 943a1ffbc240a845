// What `mtorrent list` makes of what strangers answer: pages are put together and sorted, links are made of what is
// whole, and a tracker that breaks its word is left with a sentence.

import assert from 'node:assert/strict';
import test from 'node:test';
import { listedJson, listedLine } from '../../../src/app/verbs/results.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { parseLink } from '../../../src/foundation/torrent/link.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { listFiles } from '../../../src/tracking/tracker/listing.js';
import { TRACKER_FEATURES, type TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { answering } from './answering.js';

const NOWHERE = { host: '127.0.0.1', port: 1 };
const INFO = new Uint8Array(32).fill(5);
const EMPTY = new Uint8Array(0);
type Item = Extract<TrackerReply, { kind: 'listing' }>['items'][number];

function itemOf(byte: number, name: string, info = INFO): Item {
  return {
    ...{ swarm: new Uint8Array(20).fill(byte), name, size: 5, pieceCount: 1 },
    ...{ info, listBytes: 7, files: 3, seeders: 2, complete: 1 },
  };
}

function page(id: number, items: readonly Item[], next = EMPTY): TrackerReply {
  return { kind: 'listing', id, items, next, total: 9 };
}

async function why(first: Address, second: Address): Promise<string> {
  const failure = await listFiles([first, second], '').then(
    () => assert.fail('nothing is listed'),
    (error: unknown) => error as Error & { readonly code: string },
  );
  assert.equal(failure.code, 'NO_TRACKER');
  return failure.message;
}

test('pages are put together and sorted by name, and a file that is in two of them is one', async (t) => {
  const next = new Uint8Array(20).fill(2);
  const pages = [page(1, [itemOf(1, 'c'), itemOf(2, 'b')], next), page(2, [itemOf(2, 'b'), itemOf(3, 'a')])];
  const tracker = await answering(t, pages);
  const files = await listFiles([tracker, NOWHERE], '');
  assert.deepEqual(
    files.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  const link = parseLink(files[0]?.link ?? '');
  assert.deepEqual([link.name, link.size, link.listBytes, link.trackers], ['a', 5, 7, [tracker, NOWHERE]]);
});

test('a file of which trackers know no digest, or whose name no client would save, is listed without a link', async (t) => {
  const odd = ['../up', 'bell\u0007', '', '\u202egnp.exe'];
  const items = [
    itemOf(1, 'old', EMPTY),
    itemOf(2, 'short', INFO.subarray(1)),
    ...odd.map((name, at) => itemOf(3 + at, name)),
  ];
  const files = await listFiles([await answering(t, [page(1, items)]), NOWHERE], '');
  assert.equal(files.length, items.length);
  for (const file of files) {
    assert.equal(file.link, '', file.name);
    assert.doesNotMatch(listedLine(file), /\p{Cc}|\p{Cf}/u);
  }
  assert.doesNotMatch(listedJson(files), /\p{Cc}/u);
});

test('a tracker that lists nothing to anybody says why, in the order of the pair', async (t) => {
  const { readsFeatures, describes } = TRACKER_FEATURES;
  const off = await answering(t, [], encodeFeatures([readsFeatures, describes]));
  const old = await answering(t, [], encodeFeatures([readsFeatures]));
  assert.match(await why(off, old), /with --no-list; .* runs an earlier release, which has no lists$/);
  const first = await answering(t, [], null);
  assert.match(await why(first, NOWHERE), /runs an earlier release.*; 127\.0\.0\.1:1 does not answer \(ECONNREFUSED\)/);
});

test('a tracker that goes in circles, answers something else or hangs up is left for the other one', async (t) => {
  const circle = new Uint8Array(20).fill(2);
  const cases: readonly (readonly [readonly TrackerReply[], RegExp])[] = [
    [[page(1, [], circle), page(2, [], circle)], /goes in circles/],
    [[page(7, [])], /answers what was not asked/],
    [[{ kind: 'pong', id: 1, entries: 0 }], /answers what was not asked/],
    [[{ kind: 'error', id: 1, code: 'limit', sentence: 'come\u001b[31m again' }], /says: come\\u\{1b\}\[31m again/],
    [[], /does not answer/],
  ];
  for (const [answers, sentence] of cases) {
    assert.match(await why(await answering(t, answers), NOWHERE), sentence);
    const other = await answering(t, [page(1, [itemOf(1, 'a')])]);
    assert.equal((await listFiles([await answering(t, answers), other], '')).length, 1);
  }
});
