// What is told of flags when a client in the background does the work.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Reporter } from '../../../../src/app/cli/one-shot/reporters.js';
import { tellUnused } from '../../../../src/app/cli/one-shot/unused-flags.js';
import type { SwarmClient } from '../../../../src/app/library/swarm-client.js';
import { placesOf } from '../../../../src/app/settings/places.js';
import { resolveSettings } from '../../../../src/app/settings/resolve.js';
import { MiniTorrentError } from '../../../../src/foundation/base/errors.js';

const BASE = { directory: '/work', home: { path: '/home/ada' } };
const TRACKERS = ['127.0.0.1:7001', '127.0.0.1:7002'];
const client = { facts: { trackers: TRACKERS } } as unknown as SwarmClient;

function toldOf(flags: Readonly<Record<string, unknown>>): readonly string[] {
  const told: string[] = [];
  const reporter = { notice: (_: string, sentence: string) => void told.push(sentence) } as unknown as Reporter;
  const settings = resolveSettings({ flags, env: {}, files: [] }, placesOf({}, BASE));
  tellUnused({ settings, reporter }, client);
  return told;
}

test("flags that only a client of one's own obeys are named, with the way to use them; others are not", () => {
  assert.deepEqual(toldOf({}), []);
  assert.deepEqual(toldOf({ 'state-dir': '/s', socket: '/s/x', 'stats-interval': '1s' }), []);
  assert.match(toldOf({ 'download-limit': '4M' })[0] ?? '', /^--download-limit is not used: .*: --alone$/);
  assert.match(
    toldOf({ 'on-complete': '/x', address: '127.0.0.1:1' })[0] ?? '',
    /^--address, --on-complete are not used/,
  );
});

test('trackers are told of only where the client in the background has others', () => {
  assert.deepEqual(toldOf({ trackers: TRACKERS }), []);
  assert.match(toldOf({ trackers: ['127.0.0.1:8001', '127.0.0.1:8002'] })[0] ?? '', /^--trackers is not used/);
});

test('what protects is never left out: the command is refused', () => {
  assert.throws(
    () => toldOf({ 'require-signature': 'yes' }),
    (error) => error instanceof MiniTorrentError && /^--require-signature cannot be kept to: /.test(error.message),
  );
  assert.deepEqual(toldOf({ 'require-signature': 'no' }), []);
});
