// A timetable of rate limits as people write it: `Mon-Fri 08:00-18:00 up=10M down=20M; Sat,Sun 22:00-06:00 up=off`. The
// first window that fits counts; a window that ends before it begins goes on into the next day. Pure.

import { TIMETABLE_WINDOWS_MAX } from './limits.js';
import { parseRate, showRate } from './rates.js';

export interface Window {
  /** Days of the week on which it begins, from Sunday, 0, to Saturday. */
  readonly days: readonly number[];
  /** Minutes of the day. `until` is after `from`, beyond 1440 on the next day. */
  readonly from: number;
  readonly until: number;
  /** Bytes a second, 0: no limit. Undefined: as the settings say. */
  readonly up: number | undefined;
  readonly down: number | undefined;
}

export type Timetable = readonly Window[];

/** A time on the clock on the wall. */
export interface LocalTime {
  /** 0 to 6, from Sunday. */
  readonly day: number;
  /** 0 to 1439. */
  readonly minute: number;
}

const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Undefined when it is no timetable. '' and 'off' are an empty one. */
export function parseTimetable(text: string): Timetable | undefined {
  const parts = text.split(';').map((part) => part.trim());
  const written = parts.filter((part) => part !== '' && part.toLowerCase() !== 'off');
  if (written.length > TIMETABLE_WINDOWS_MAX) return undefined;
  const windows = written.map(parseWindow);
  return windows.every((window) => window !== undefined) ? windows : undefined;
}

/** Reads back as the same. */
export function formatTimetable(timetable: Timetable): string {
  return timetable.length === 0 ? 'off' : timetable.map(formatWindow).join('; ');
}

/** The number of the window that counts at that time; -1: none. */
export function windowAt(timetable: Timetable, time: LocalTime): number {
  return timetable.findIndex((window) => isIn(window, time));
}

/** When another window than now counts, within a week; undefined: never. */
export function nextChange(timetable: Timetable, { day, minute }: LocalTime): LocalTime | undefined {
  const now = windowAt(timetable, { day, minute });
  for (let ahead = 1; ahead < WEEK_MINUTES; ahead += 1) {
    const at = (day * DAY_MINUTES + minute + ahead) % WEEK_MINUTES;
    const time = { day: Math.floor(at / DAY_MINUTES), minute: at % DAY_MINUTES };
    if (windowAt(timetable, time) !== now) return time;
  }
  return undefined;
}

/** 'Mon 08:00' */
export function formatLocalTime({ day, minute }: LocalTime): string {
  return `${DAY_NAMES[day]} ${clock(minute)}`;
}

export function formatWindow({ days, from, until, up, down }: Window): string {
  const rates = Object.entries({ up, down }).flatMap(([name, rate]) =>
    rate === undefined ? [] : [`${name}=${showRate(rate)}`],
  );
  return [
    days.length === 7 ? 'daily' : days.map((day) => DAY_NAMES[day]).join(),
    `${clock(from)}-${clock(until > DAY_MINUTES ? until - DAY_MINUTES : until)}`,
    ...rates,
  ].join(' ');
}

function isIn({ days, from, until }: Window, { day, minute }: LocalTime): boolean {
  if (days.includes(day) && minute >= from && minute < until) return true;
  return days.includes((day + 6) % 7) && minute + DAY_MINUTES < until;
}

function parseWindow(text: string): Window | undefined {
  const [dayWord = '', times = '', ...rateWords] = text.split(/\s+/);
  const days = parseDays(dayWord);
  const [from, to, ...more] = times.split('-').map(parseClock);
  if (days === undefined || from === undefined || to === undefined || more.length > 0) return undefined;
  if (from === to || from === DAY_MINUTES) return undefined;
  const rates: { up?: number; down?: number } = {};
  for (const word of rateWords) {
    const [name = '', value = '', ...rest] = word.split('=');
    const rate = parseRate(value);
    if ((name !== 'up' && name !== 'down') || rate === undefined || rest.length > 0 || rates[name] !== undefined)
      return undefined;
    rates[name] = rate;
  }
  if (rateWords.length === 0) return undefined;
  return { days, from, until: to > from ? to : to + DAY_MINUTES, up: rates.up, down: rates.down };
}

function parseDays(word: string): readonly number[] | undefined {
  if (word.toLowerCase() === 'daily') return DAY_NAMES.map((_, day) => day);
  const days = new Set<number>();
  for (const part of word.split(',')) {
    const [first = -1, last = first, ...more] = part.split('-').map(dayOf);
    if (first < 0 || last < 0 || more.length > 0) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

/** -1: no day. */
function dayOf(word: string): number {
  return DAY_NAMES.findIndex((name) => name.toLowerCase() === word.toLowerCase());
}

function parseClock(word: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d\d)$/.exec(word) ?? [];
  if (hours === undefined || minutes === undefined || Number(minutes) > 59) return undefined;
  const all = Number(hours) * 60 + Number(minutes);
  return all <= DAY_MINUTES ? all : undefined;
}

function clock(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
