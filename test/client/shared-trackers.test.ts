// Pairs of .mtorrent files that name trackers of one database: one announcer speaks for all of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { pairKey } from '../../src/client/files/names.js';
import { SharedTrackers } from '../../src/client/threads/shared-trackers.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import type { NamedPair, TrackerList } from '../../src/foundation/torrent/tracker-pair.js';
import type { AnnounceCommand, PairEvent } from '../../src/tracking/announce/messages.js';

const at = (host: number) => ({ host: `192.0.2.${host}`, port: 7_001 });
const OWN: TrackerList = [at(1), at(2), at(3)];
const PAIRS: readonly NamedPair[] = [
  [at(1), at(2)],
  [at(2), at(3)],
  [at(3), at(9)],
];
const SWARMS = ['1', '2'].map((digit) => digit.repeat(40) as SwarmKey);

function shared() {
  const events: { readonly pair: string; readonly event: PairEvent }[] = [];
  const told: AnnounceCommand[] = [];
  const trackers = new SharedTrackers(OWN, (pair, event) => void events.push({ pair, event }));
  const announce = { tell: (command: AnnounceCommand) => void told.push(command) };
  return {
    events,
    told,
    tell: (pair: NamedPair, command: AnnounceCommand) => trackers.tell(pair, command, announce),
    trackers,
  };
}

test('a pair is one of theirs when it names one of them, and two trackers share nothing', () => {
  const { trackers } = shared();
  for (const pair of PAIRS) assert.ok(trackers.has(pair));
  assert.ok(!trackers.has([at(8), at(9)]));
  assert.ok(!new SharedTrackers([at(1), at(2)], () => undefined).has([at(1), at(2)]));
});

test('whatever pairs name a file and cease to, it is withdrawn exactly when none names it', () => {
  const step = fc.record({ pair: fc.constantFrom(...PAIRS), swarm: fc.constantFrom(...SWARMS), names: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { told, tell } = shared();
      const naming = new Map(SWARMS.map((swarm) => [swarm, new Set<NamedPair>()]));
      for (const { pair, swarm, names } of steps) {
        const pairs = naming.get(swarm);
        if (names) pairs?.add(pair);
        else pairs?.delete(pair);
        const facts = { swarm, name: 'a', size: 1, pieceCount: 1, have: 1 };
        tell(pair, names ? { kind: 'register', ...facts } : { kind: 'withdraw', swarm });
        const last = told.findLast((command) => 'swarm' in command && command.swarm === swarm);
        if (pairs?.size === 0) assert.equal(last?.kind, 'withdraw');
        else assert.equal(last?.kind, 'register');
      }
    }),
  );
});

test('every pair that asks to leave is answered, whether before or after the announcer has left', () => {
  const { events, tell, trackers } = shared();
  const [first, second, third] = PAIRS;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  tell(first, { kind: 'leave' });
  tell(second, { kind: 'leave' });
  trackers.left();
  tell(third, { kind: 'leave' });
  assert.deepEqual(
    events,
    PAIRS.map((pair) => ({ pair: pairKey(pair), event: { kind: 'left' } })),
  );
});
