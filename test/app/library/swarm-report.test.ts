// What a report makes of what members said: the last wave of downloads, when half and nearly all of it had ended, and
// the least time in which the rates seen could have done it, which is never more than it took.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { REPORT_ROWS_MAX, WAVE_GAP_MS } from '../../../src/app/library/limits.js';
import { lastWave, swarmReport } from '../../../src/app/library/swarm-report.js';
import { reportJson, reportLines } from '../../../src/app/verbs/report-lines.js';
import type { Gathered, Member } from '../../../src/tracking/tracker/members.js';
import { cases } from '../../support/cases.js';

const MIB = 1_048_576;
const SIZE = 100 * MIB;
const FILE = { name: 'disk.img', size: SIZE };

function member(peer: string, more: Partial<Member> = {}): Member {
  const times = { saidMs: 0, startedMs: undefined, finishedMs: undefined };
  const amounts = { wanted: SIZE, received: 0, wasted: 0, sent: 0, downRate: 0, upRate: 0 };
  return { peer, address: `192.0.2.1:${peer}`, isListed: true, ...times, ...amounts, ...more };
}

/** Done: a whole file, between two moments before now. */
function done(peer: string, startedMs: number, finishedMs: number, more: Partial<Member> = {}): Member {
  return member(peer, { startedMs, finishedMs, received: SIZE, downRate: 10 * MIB, upRate: 5 * MIB, ...more });
}

function told(members: readonly Member[], more: Partial<Gathered> = {}): Gathered {
  const listed = members.filter(({ isListed }) => isListed).length;
  return { members, known: members.length, listed, trackers: [{ address: '192.0.2.9:1', problem: '' }], ...more };
}

const SOURCE = member('9', { sent: SIZE, upRate: 10 * MIB });
const THREE = [
  SOURCE,
  done('1', 20_000, 9_000, { sent: SIZE }),
  done('2', 20_000, 8_000, { sent: SIZE }),
  done('3', 19_000, 5_000),
];

test('makespan goes from the first start to the last end; half and 99 % by the nearest rank', () => {
  const report = swarmReport(FILE, told(THREE));
  assert.deepEqual([report.members, report.finished, report.running, report.left], [3, 3, 0, 0]);
  assert.deepEqual([report.makespanMs, report.p50Ms, report.p99Ms], [15_000, 12_000, 15_000]);
  assert.deepEqual([report.copies, report.unexplained, report.received], [3, 0, 3 * SIZE]);
});

test('the bound is the greatest of the three least times, and says which', () => {
  const { bound } = swarmReport(FILE, told(THREE));
  // In: 100 MiB at 10 MiB/s; out: the same of the one source; all: 300 MiB at 25 MiB/s.
  assert.deepEqual([bound?.by, bound?.ms], ['all', 12_000]);
  assert.ok(Math.abs((bound?.distance ?? 0) - 1.25) < 1e-9);
  const slow = THREE.map((each) =>
    each.peer === '3' ? { ...each, downRate: 0, startedMs: 15_001, finishedMs: 1 } : each,
  );
  assert.equal(swarmReport(FILE, told(slow)).bound?.by, 'in', 'no rate is below the mean of its own download');
  const thin = THREE.map((each) => (each.peer === '9' ? { ...each, upRate: 7 * MIB } : { ...each, upRate: 20 * MIB }));
  assert.equal(swarmReport(FILE, told(thin)).bound?.by, 'out');
});

test('what another member had from the start need not come from a source', () => {
  const half = done('4', 20_000, 8_000, { received: SIZE / 2, sent: SIZE / 2 });
  const source = member('9', { sent: SIZE, upRate: 6 * MIB });
  const { bound } = swarmReport(FILE, told([source, done('1', 20_000, 0), half]));
  assert.equal(bound?.by, 'in', 'half of it at 6 MiB/s takes less than the slowest link in');
});

test('while somebody downloads there is no bound, and times are those so far', () => {
  const running = member('5', { startedMs: 21_000, received: 5 });
  const report = swarmReport(FILE, told([...THREE, running]));
  assert.deepEqual([report.running, report.bound, report.makespanMs], [1, null, 21_000]);
  assert.equal(report.p99Ms, null);
  assert.equal(report.p50Ms, 13_000);
});

test('who went before its end counts for no rank, and who told nothing is counted', () => {
  const gone = member('5', { startedMs: 18_000, isListed: false, saidMs: 15_000 });
  const report = swarmReport(FILE, told([...THREE, gone], { listed: 6 }));
  assert.deepEqual([report.left, report.p99Ms, report.silent], [1, 15_000, 2]);
});

test('bytes that nobody told of having sent leave only the bound that needs no senders', () => {
  const report = swarmReport(FILE, told(THREE.map((each) => ({ ...each, sent: 0 }))));
  assert.equal(report.unexplained, 3 * SIZE);
  assert.deepEqual([report.bound?.by, report.bound?.ms], ['in', 10_000]);
});

test('a download that begins long after all others have ended is another wave; its former members are sources', () => {
  const members = [done('1', 500_000, 480_000, { sent: SIZE }), done('2', 480_000 - WAVE_GAP_MS - 1, 400_000)];
  const { wave, earlier } = lastWave(members);
  assert.deepEqual([wave.map(({ peer }) => peer), earlier], [['2'], 1]);
  const report = swarmReport(FILE, told(members));
  assert.deepEqual(
    report.rows.map(({ address, role }) => [address, role]),
    [
      ['192.0.2.1:1', 'source'],
      ['192.0.2.1:2', 'done'],
    ],
  );
  const close = [members[0] ?? SOURCE, done('2', 480_000 - WAVE_GAP_MS, 400_000)];
  assert.equal(lastWave(close).wave.length, 2);
});

const anyMember: fc.Arbitrary<Member> = fc
  .record({
    peer: fc.nat().map((number) => number.toString(16).padStart(32, '0')),
    isListed: fc.boolean(),
    saidMs: fc.nat(10_000_000),
    startedMs: fc.option(fc.nat(0xffff_ffff), { nil: undefined }),
    finishedMs: fc.option(fc.nat(0xffff_ffff), { nil: undefined }),
    wanted: fc.nat(Number.MAX_SAFE_INTEGER),
    received: fc.nat(2 ** 45),
    wasted: fc.nat(2 ** 45),
    sent: fc.nat(2 ** 45),
    downRate: fc.nat(2 ** 40),
    upRate: fc.nat(2 ** 40),
  })
  .map((fields) => ({ ...fields, address: `192.0.2.1:${fields.peer.length}` }));

test('whatever members say, a report is made of it: no number is negative or none, and no distance is below 1', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyMember, { selector: ({ peer }) => peer, maxLength: 90 }),
      fc.nat(2 ** 40),
      fc.nat(100),
      (members, size, listed) => {
        const report = swarmReport({ name: 'a', size }, told(members, { listed }));
        const { members: all, finished, running, left, p50Ms, p99Ms, makespanMs, bound } = report;
        assert.equal(finished + running + left, all);
        assert.ok(report.rows.length <= REPORT_ROWS_MAX);
        if (p50Ms !== null && p99Ms !== null) assert.ok(p50Ms <= p99Ms && p99Ms <= makespanMs);
        if (bound !== null) assert.ok(bound.distance >= 1 && bound.ms > 0 && running === 0);
        const numbers = Object.values(report).filter((value) => typeof value === 'number');
        for (const number of [...numbers, ...report.rows.map(({ tookMs }) => tookMs)])
          assert.ok(Number.isFinite(number) && number >= 0, JSON.stringify(report));
        assert.ok(reportLines(report).every((line) => line.length > 0));
      },
    ),
    { numRuns: cases(1_000) },
  );
});

test('a swarm whose links are full and that wastes nothing is at its bound', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000 }), (count, seconds) => {
      const rate = SIZE / seconds;
      const took = seconds * 1_000;
      const all = Array.from({ length: count }, (_, at) =>
        done(`${at}`, took, 0, { downRate: rate, upRate: rate, sent: at === 0 ? 0 : SIZE }),
      );
      const { bound } = swarmReport(FILE, told([member('s', { sent: SIZE, upRate: rate }), ...all]));
      assert.ok(Math.abs((bound?.distance ?? 0) - 1) < 1e-6, JSON.stringify(bound));
    }),
    { numRuns: cases(200) },
  );
});

test('lines are short, say what is estimated, and name what is not known', () => {
  const lines = reportLines(swarmReport(FILE, told(THREE, { listed: 6 })));
  assert.deepEqual(lines, [
    'disk.img  100.0 MiB  3 downloads, begun 20.0 s ago',
    'done 3 of 3',
    'the last after 15.0 s, half after 12.0 s, 99 % after 15.0 s',
    'at least 1.25 times the bound of the slowest link,',
    '  about 12.0 s by the rates seen of all members together',
    'received 300.0 MiB, wasted 0 B (0.0 %)',
    'sent 3.00 copies in all',
    '192.0.2.1:1  done 11.0 s  sent 1.00 copies',
    '192.0.2.1:2  done 12.0 s  sent 1.00 copies',
    '192.0.2.1:9  source  sent 1.00 copies',
    '192.0.2.1:3  done 14.0 s  sent 0.00 copies',
    '2 clients told nothing: no byte moved, or an earlier release',
  ]);
  assert.ok(lines.every((line) => line.length <= 80));
});

test('a swarm without a download says so, and a file without a byte has no copies', () => {
  assert.deepEqual(reportLines(swarmReport(FILE, told([]))), ['disk.img  100.0 MiB  nobody has told of a download']);
  assert.equal(swarmReport({ name: 'a', size: 0 }, told(THREE)).copies, 0);
  assert.equal(JSON.parse(reportJson(swarmReport(FILE, told(THREE)))).schema, 1);
});
