// A client whose id was used by somebody else: at a tracker that has heard it in an epoch above all others no word of
// ours would count any more.

import assert from 'node:assert/strict';
import test from 'node:test';
import { CLIENT_EPOCH_MAX } from '../../../src/foundation/base/limits.js';
import { type ClientId, clientId, keyBytes, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { CLIENT_ID_RENEWAL_MS } from '../../../src/tracking/announce/limits.js';
import type { ScriptedTracker } from './theatre.js';
import { Theatre } from './theatre.js';

const [A, B] = ['1'.repeat(40) as SwarmKey, '2'.repeat(40) as SwarmKey];
const idOf = (digit: number): ClientId => clientId(new Uint8Array(16).fill(digit));
const OLD = idOf(3);

/** It has heard the last epoch of those ids. */
function burn(tracker: ScriptedTracker, isBurnt: (id: ClientId) => boolean): void {
  const { answer } = tracker;
  tracker.answer = (request) => {
    const burnt = request.kind === 'hello' && isBurnt(clientId(request.clientId));
    const reply = answer(request);
    return reply?.kind === 'helloReply' && burnt ? { ...reply, highestEpoch: 0xffff_ffff } : reply;
  };
}

function renewals(theatre: Theatre): readonly ClientId[] {
  return theatre.events.flatMap((event) => (event.kind === 'identityBurnt' ? [event.clientId] : []));
}

test('a client whose id is burnt at both trackers asks once for a new one, and is listed under it with all that it shares', () => {
  const theatre = new Theatre({ clientId: OLD });
  for (const tracker of theatre.trackers) burn(tracker, (id) => id === OLD);
  theatre.start();
  theatre.register(A);
  theatre.register(B);
  theatre.advance(10_000);
  assert.deepEqual(renewals(theatre), [OLD]);
  assert.deepEqual([...theatre.trackers[0].listed.keys()], []);
  theatre.tell({ kind: 'identify', clientId: idOf(9), epoch: 1 });
  assert.deepEqual([...theatre.trackers[0].listed.keys()], [A, B]);
  const hello = theatre.trackers[0].heard.findLast(({ kind }) => kind === 'hello');
  assert.deepEqual(hello?.kind === 'hello' && [hello.clientId, hello.epoch], [keyBytes(idOf(9)), 1]);
  theatre.advance(10_000);
  assert.deepEqual(renewals(theatre), [OLD]);
});

test('a client that gets a new id while it is listed tells everything again under it, at once', () => {
  const theatre = new Theatre({ clientId: OLD, epoch: 7 }).start();
  theatre.register(A);
  theatre.trackers[0].listed.clear();
  theatre.tell({ kind: 'identify', clientId: idOf(9), epoch: 1 });
  assert.deepEqual([...theatre.trackers[0].listed.keys()], [A]);
  const share = theatre.trackers[0].heard.findLast(({ kind }) => kind === 'share');
  assert.deepEqual(share?.kind === 'share' && [share.epoch, share.sequence], [1, 1]);
  assert.ok(!theatre.eventKinds().includes('trackerDown'));
});

test('a tracker that calls every id burnt is left for the other one, and costs an id an hour', () => {
  const theatre = new Theatre({ clientId: OLD });
  burn(theatre.trackers[0], () => true);
  theatre.start();
  theatre.register(A);
  for (let given = 0; theatre.nowMs < 4 * CLIENT_ID_RENEWAL_MS; theatre.advance(60_000)) {
    const asked = renewals(theatre).length;
    assert.ok(asked <= 1 + Math.floor(theatre.nowMs / CLIENT_ID_RENEWAL_MS), `${asked} ids in ${theatre.nowMs} ms`);
    if (asked > given) theatre.tell({ kind: 'identify', clientId: idOf(10 + asked), epoch: 1 });
    given = asked;
    assert.deepEqual([...theatre.trackers[1].listed.keys()], [A]);
  }
  assert.ok(renewals(theatre).length >= 3);
});

test('an epoch just below the last ones is gone above, as one that we forgot', () => {
  const theatre = new Theatre({ clientId: OLD });
  theatre.trackers[0].highestEpoch = CLIENT_EPOCH_MAX - 1;
  theatre.start();
  assert.deepEqual(theatre.eventKinds(), ['epochRaised', 'trackerUp']);
});
