// A timetable as people write it, and which window counts when; what a schedule says at each change and at no other
// time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LimitSchedule } from '../../../src/app/automation/limit-schedule.js';
import {
  formatTimetable,
  type LocalTime,
  nextChange,
  parseTimetable,
  type Timetable,
  type Window,
  windowAt,
} from '../../../src/app/settings/timetable.js';

const WEEK = 7 * 1_440;

function timeOf(at: number): LocalTime {
  const within = ((at % WEEK) + WEEK) % WEEK;
  return { day: Math.floor(within / 1_440), minute: within % 1_440 };
}

function taken(text: string): Timetable {
  return parseTimetable(text) ?? assert.fail(`not taken: ${text}`);
}

function at(day: number, clock: string): LocalTime {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return { day, minute: hours * 60 + minutes };
}

const window: fc.Arbitrary<Window> = fc
  .record({
    days: fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1 }).map((days) => days.sort((a, b) => a - b)),
    from: fc.nat({ max: 1_439 }),
    length: fc.integer({ min: 1, max: 1_439 }),
    up: fc.option(fc.constantFrom(0, 1024, 1_536_000), { nil: undefined }),
    down: fc.constantFrom(0, 2048),
  })
  .map(({ from, length, ...rest }) => ({ ...rest, from, until: from + length }));

test('a timetable that is written reads back as the same', () => {
  fc.assert(
    fc.property(fc.array(window, { maxLength: 5 }), (timetable) => {
      assert.deepEqual(parseTimetable(formatTimetable(timetable)), timetable);
    }),
  );
});

test('whatever is written, it is read or refused', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTimetable(text)));
  for (const text of [
    'Mon-Fri',
    'Mon-Fri 08:00-18:00',
    'Mon-Fri 08:00-08:00 up=1M',
    'Mon-Fri 24:00-08:00 up=1M',
    'Mon-Fri 08:00-18:60 up=1M',
    'Mon-Fri 08:00-25:00 up=1M',
    'Mon-Fri 8-18 up=1M',
    'Mo 08:00-18:00 up=1M',
    'Mon-Wed-Fri 08:00-18:00 up=1M',
    'Mon 08:00-18:00 up=fast',
    'Mon 08:00-18:00 up=1M up=2M',
    'Mon 08:00-18:00 sideways=1M',
  ])
    assert.equal(parseTimetable(text), undefined, text);
});

test('the first window that fits counts, days wrap around the week, and a night belongs to the day it begins on', () => {
  const timetable = taken('Mon-Fri 08:00-18:00 up=10M; Fri-Mon 22:00-06:00 up=off; sat,sun 00:00-24:00 down=1M');
  const rows: readonly (readonly [LocalTime, number])[] = [
    [at(1, '07:59'), -1],
    [at(1, '08:00'), 0],
    [at(1, '17:59'), 0],
    [at(1, '18:00'), -1],
    [at(5, '22:00'), 1],
    [at(6, '05:59'), 1],
    [at(6, '06:00'), 2],
    [at(6, '23:59'), 1],
    [at(2, '05:59'), 1],
    [at(2, '06:00'), -1],
    [at(4, '23:00'), -1],
    [at(1, '05:59'), 1],
  ];
  for (const [time, expected] of rows) assert.equal(windowAt(timetable, time), expected, JSON.stringify(time));
  assert.deepEqual(nextChange(timetable, at(1, '18:00')), at(1, '22:00'));
  assert.equal(nextChange(taken('daily 00:00-24:00 up=1M'), at(3, '12:00')), undefined);
});

test('limits are set when another window begins to count, and at no other time, wherever the clock is set', () => {
  fc.assert(
    fc.property(
      fc.array(window, { minLength: 1, maxLength: 4 }),
      fc.nat({ max: WEEK }),
      // The hour of a summer time, a clock that was wrong by days, minutes that pass.
      fc.array(fc.constantFrom(1, 1, 1, 61, -59, 4_000, -3_000), { maxLength: 200 }),
      (timetable, start, steps) => {
        const schedule = new LimitSchedule(timetable, { up: 7, down: 9 });
        let now = start;
        let last: number | undefined;
        for (const step of [0, ...steps]) {
          now += step;
          const found = windowAt(timetable, timeOf(now));
          const said = schedule.look(timeOf(now));
          assert.equal(said !== undefined, found !== last);
          last = found;
          if (said === undefined) continue;
          assert.equal(said.up, timetable[found]?.up ?? 7);
          assert.equal(said.down, timetable[found]?.down ?? 9);
        }
      },
    ),
  );
});

test('what is said of a window names it and its end', () => {
  const schedule = new LimitSchedule(taken('Mon-Fri 08:00-18:00 up=10M'), { up: 0, down: 0 });
  assert.equal(schedule.look(at(1, '09:00'))?.note, 'Mon,Tue,Wed,Thu,Fri 08:00-18:00 up=10M applies until Mon 18:00');
  assert.equal(schedule.look(at(5, '18:00'))?.note, 'no window applies until Mon 08:00');
});
