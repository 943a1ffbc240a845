// What people hear of their trackers: each that goes and each that returns, once, and nothing of tries that go on
// failing.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { TrackerNotices } from '../../src/client/answers/tracker-notices.js';
import { FAILOVERS_FORGET_MS, FAILOVERS_TOLD_MAX } from '../../src/client/limits.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import { REFUSED_BY_TRACKER } from '../../src/foundation/wire/refusals.js';
import type { AnnounceEvent } from '../../src/tracking/announce/messages.js';

const [A, B] = [
  { host: '192.0.2.1', port: 7001 },
  { host: '192.0.2.2', port: 7001 },
] as const;
const PAIR = '192.0.2.1:7001 and 192.0.2.2:7001';

const up = (tracker: typeof A | typeof B) => ({ kind: 'trackerUp', tracker }) as const;
const down = (tracker: typeof A | typeof B) => ({ kind: 'trackerDown', tracker, reason: 'it is closed' }) as const;
const ALL_DOWN = { kind: 'allTrackersDown' } as const;
const BACK = { kind: 'trackersBack' } as const;

type News = Parameters<TrackerNotices['hear']>[1];

function heard(notices: TrackerNotices, events: readonly News[], nowMs = 0): readonly string[] {
  return events
    .flatMap((event) => notices.hear(PAIR, event, nowMs))
    .map((effect) => (effect.kind === 'tell' && effect.event.kind === 'notice' ? effect.event.sentence : effect.kind));
}

const A_GONE = 'tracker 192.0.2.1:7001 does not answer (it is closed); 192.0.2.2:7001 is asked in its place';
const A_BACK = 'tracker 192.0.2.1:7001 answers again';
const NONE = `no tracker of ${PAIR} answers (it is closed); running transfers go on, new peers are found when one is back`;

test('a tracker that goes is told once the other one is asked, and its return as well', () => {
  const table: readonly (readonly [events: readonly News[], sentences: readonly string[]])[] = [
    [[up(A)], []],
    [[up(A), down(A)], []],
    [[up(A), down(A), up(B)], [A_GONE]],
    [
      [up(A), down(A), up(B), up(A)],
      [A_GONE, A_BACK],
    ],
    [
      [up(A), down(A), up(B), up(A), down(A), up(B)],
      [A_GONE, A_BACK, A_GONE],
    ],
    // It never answered, and the other one was asked first.
    [[down(A), up(B)], [A_GONE]],
    [[up(B), down(A)], [A_GONE]],
    // It was only slow.
    [[up(B), up(A)], []],
  ];
  for (const [events, sentences] of table)
    assert.deepEqual(heard(new TrackerNotices(), events), sentences, events.map(({ kind }) => kind).join(' '));
});

test('a tracker that goes and comes back again and again is told three times, and anew after ten quiet minutes', () => {
  const notices = new TrackerNotices();
  heard(notices, [up(A)]);
  const failover = [down(A), up(B), up(A)];
  const last = `${A_GONE}; this happens again and again and is not told any more`;
  const told = Array.from({ length: 50 }, (_, at) => heard(notices, failover, at * 60_000)).flat();
  assert.deepEqual(told, [A_GONE, A_BACK, A_GONE, A_BACK, last]);
  assert.deepEqual(heard(notices, failover, 49 * 60_000 + FAILOVERS_FORGET_MS), [A_GONE, A_BACK]);
});

test('when both are away that is said once, and of neither alone', () => {
  const notices = new TrackerNotices();
  assert.deepEqual(heard(notices, [down(A), down(B), ALL_DOWN]), [NONE]);
  assert.deepEqual(heard(notices, [up(B), BACK]), [`a tracker of ${PAIR} answers again: 192.0.2.2:7001`]);
  assert.deepEqual(heard(notices, [up(A)]), [A_BACK]);
  assert.deepEqual(heard(notices, [down(A), down(B), ALL_DOWN]), [NONE]);
});

test('what trackers refuse stands until they list this client', () => {
  const notices = new TrackerNotices();
  for (const file of [1, 2]) notices.refused(PAIR, refusal(file, 'nobody answers there'), `${file}.bin`);
  assert.deepEqual(notices.refusals, [{ name: '1.bin', sentence: 'nobody answers there' }]);
  notices.registered(PAIR);
  assert.deepEqual(notices.refusals, []);
});

test('where a tracker refuses this client, what it says is told in place of its absence', () => {
  const refusal: News = { ...down(A), reason: `${REFUSED_BY_TRACKER}this swarm is closed` } as News;
  assert.deepEqual(heard(new TrackerNotices(), [refusal, down(B), ALL_DOWN]), [
    `no tracker of ${PAIR} takes this client; 192.0.2.1:7001 says: this swarm is closed`,
  ]);
});

test('the trackers of one pair say nothing about those of another', () => {
  const notices = new TrackerNotices();
  heard(notices, [up(A), down(A)]);
  const event: AnnounceEvent = up(B);
  assert.deepEqual(notices.hear('192.0.2.3:1 and 192.0.2.2:7001', event, 0), []);
});

test('whatever comes, a tracker is called away and back in turn', () => {
  const events = fc.array(fc.constantFrom<News>(up(A), up(B), down(A), down(B)), { maxLength: 40 });
  fc.assert(
    fc.property(events, (news) => {
      const of = heard(new TrackerNotices(), news).filter((sentence) => sentence.startsWith('tracker 192.0.2.1'));
      for (const [at, sentence] of of.entries()) assert.equal(sentence === A_BACK, at % 2 === 1, of.join('\n'));
      assert.ok(of.length < 2 * FAILOVERS_TOLD_MAX, of.join('\n'));
    }),
  );
});

const refusal = (file: number, sentence: string, code: 'limit' | 'invalid' = 'limit') =>
  ({ kind: 'refused', swarm: String(file).repeat(40) as SwarmKey, code, sentence }) as const;

test('a refusal that is tried again and again is told once, and once that it concerns more files', () => {
  const notices = new TrackerNotices();
  const told: string[] = [];
  const hear = (file: number, sentence: string, code?: 'limit' | 'invalid'): void => {
    for (const effect of notices.refused(PAIR, refusal(file, sentence, code), `${file}.bin`))
      if (effect.kind === 'tell' && effect.event.kind === 'notice') told.push(effect.event.sentence);
  };
  for (let round = 0; round < 5; round += 1)
    for (let file = 1; file <= 4; file += 1) hear(file, 'the address is taken');
  assert.deepEqual(told.splice(0), [
    'the tracker refuses 1.bin: the address is taken',
    'the tracker refuses more files, 2.bin among them, for the same reason',
  ]);
  hear(1, 'another reason');
  assert.deepEqual(told.splice(0), ['the tracker refuses 1.bin: another reason']);
  for (const file of [1, 2, 3]) hear(file, 'this name is unsafe', 'invalid');
  assert.equal(told.splice(0).length, 3, 'what is wrong with a file itself is told of each');
  notices.registered(PAIR);
  hear(1, 'the address is taken');
  assert.deepEqual(
    told.splice(0),
    ['the tracker refuses 1.bin: the address is taken'],
    'news again, after it was listed',
  );
});
