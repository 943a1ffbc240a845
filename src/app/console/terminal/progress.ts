// Renders running downloads, and files being hashed, as one line each: name, bar, per cent, size, rates, peers, time to
// go. A narrow terminal loses the least important columns first; no line is wider than asked for. Pure.

import { formatBytes } from '../../../foundation/base/bytes.js';
import { printable } from '../../../foundation/torrent/names.js';
import { bytesHad, type FileView } from '../../library/views.js';
import { filesColumn, percent } from '../../verbs/results.js';
import { asciiOnly } from './abilities.js';
import type { Paint } from './paint.js';
import { cutTo, padBefore, padTo, widthOf } from './text-width.js';

/** A line, and its width in columns without the colour codes. */
export interface LiveLine {
  readonly text: string;
  readonly width: number;
}

/** Bytes sent of each file, and its smoothed upload rate, by path. */
export interface Sample {
  readonly atMs: number;
  readonly sent: ReadonlyMap<string, number>;
  /** Bytes a second. */
  readonly upRates: ReadonlyMap<string, number>;
}

export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly unicode: boolean;
  readonly paint: Paint;
}

const GAP = '  ';
const NAME_COLUMNS_MIN = 10;
const NAME_COLUMNS_MAX = 40;
const BAR_COLUMNS_MIN = 6;
const BAR_COLUMNS_MAX = 30;
/** Narrower lines leave out the word `ETA`. */
const WIDE_COLUMNS = 60;
/** Time constant of the smoothed upload rate. */
const SMOOTHING_MS = 1_000;

/** @param previous the last sample, from which rates are measured. */
export function sampleOf(files: readonly FileView[], previous: Sample | undefined, nowMs: number): Sample {
  const elapsedMs = previous === undefined ? 0 : nowMs - previous.atMs;
  const sent = new Map<string, number>();
  const upRates = new Map<string, number>();
  for (const file of files) {
    sent.set(file.path, file.sent);
    const before = previous?.sent.get(file.path);
    const rate = previous?.upRates.get(file.path) ?? 0;
    if (before === undefined || elapsedMs <= 0) {
      upRates.set(file.path, rate);
      continue;
    }
    const measured = (Math.max(0, file.sent - before) / elapsedMs) * 1000;
    const weight = 1 - Math.exp(-elapsedMs / SMOOTHING_MS);
    const smoothed = rate + (measured - rate) * weight;
    // The smoothed rate never reaches 0 by itself.
    upRates.set(file.path, smoothed < 1 ? 0 : smoothed);
  }
  return { atMs: nowMs, sent, upRates };
}

/** One line a file, at most `canvas.rows`. @param running files that are running or being hashed. */
export function progressLines(running: readonly FileView[], sample: Sample, canvas: Canvas): readonly LiveLine[] {
  if (canvas.rows < 1 || canvas.columns < 1 || running.length === 0) return [];
  const overflows = running.length > canvas.rows;
  const shown = inOrder(running).slice(0, overflows ? canvas.rows - 1 : canvas.rows);
  const rows = shown.map((file) => rowOf(file, sample.upRates.get(file.path) ?? 0, canvas));
  const lines = layOut(rows, canvas);
  if (!overflows) return lines;
  const more = `${ellipsisOf(canvas)} and ${running.length - shown.length} more`;
  const cut = cutTo(more, canvas.columns, '');
  return [...lines, { text: canvas.paint.faint(cut), width: widthOf(cut) }];
}

/** Active downloads first; otherwise in the client's order. */
function inOrder(files: readonly FileView[]): readonly FileView[] {
  return [...files].sort((a, b) => Number(a.state !== 'downloading') - Number(b.state !== 'downloading'));
}

type Column = 'percent' | 'down' | 'eta' | 'size' | 'peers' | 'up';

interface Row {
  readonly name: string;
  readonly share: number;
  readonly cells: Readonly<Record<Column, string>>;
  /** Shown instead of rates, peers and time: why nothing moves. */
  readonly status: string;
}

function rowOf(file: FileView, upRate: number, canvas: Canvas): Row {
  const { have, pieces, size, rate, peers } = file;
  const { unicode } = canvas;
  const name = printable(file.name);
  const done = bytesHad(file);
  const eta = timeToGo(size - done, rate);
  return {
    name: unicode ? name : asciiOnly(name),
    share: size === 0 ? 1 : done / size,
    cells: {
      percent: percent(have, pieces).padStart(6),
      down: `${unicode ? '↓' : 'dn '}${compactRate(rate)}`,
      up: `${unicode ? '↑' : 'up '}${compactRate(upRate)}`,
      size: [fraction(done, size), ...filesColumn(file)].join(', '),
      peers: (peers === 1 ? '1 peer' : `${peers} peers`).padStart(8),
      eta: canvas.columns < WIDE_COLUMNS ? eta.padStart(5) : `ETA ${eta.padStart(5)}`,
    },
    status: unicode ? statusOf(file) : asciiOnly(statusOf(file)),
  };
}

function statusOf({ state, problem, peers, rate }: FileView): string {
  if (problem !== '') return printable(problem);
  if (state === 'waiting') return 'queued';
  if (state === 'checking') return 'checking';
  if (state === 'hashing') return 'hashing';
  if (state === 'finishing') return 'finishing';
  if (peers === 0) return 'looking for peers';
  return rate < 1 ? `stalled, ${peers === 1 ? '1 peer' : `${peers} peers`}` : '';
}

/** The columns, most important first. */
const BY_IMPORTANCE: readonly (Column | 'bar')[] = ['percent', 'down', 'eta', 'bar', 'size', 'peers', 'up'];
const IN_LINE: readonly Column[] = ['percent', 'size', 'down', 'up', 'peers', 'eta'];
const WITH_STATUS: ReadonlySet<Column> = new Set(['percent', 'size']);

function layOut(rows: readonly Row[], canvas: Canvas): readonly LiveLine[] {
  const widths = (column: Column): number => Math.max(...rows.map(({ cells }) => widthOf(cells[column])));
  const natural = Math.min(NAME_COLUMNS_MAX, Math.max(...rows.map(({ name }) => widthOf(name))));
  let nameColumns = Math.min(natural, NAME_COLUMNS_MIN, canvas.columns);
  let room = canvas.columns - nameColumns;
  const columns = new Map<Column, number>();
  let barColumns = 0;
  for (const column of BY_IMPORTANCE) {
    const width = GAP.length + (column === 'bar' ? BAR_COLUMNS_MIN : widths(column));
    if (width > room) break;
    room -= width;
    if (column === 'bar') barColumns = BAR_COLUMNS_MIN;
    else columns.set(column, width - GAP.length);
  }
  const wider = Math.min(room, natural - nameColumns);
  nameColumns += wider;
  if (barColumns > 0) barColumns = Math.min(BAR_COLUMNS_MAX, barColumns + room - wider);
  return rows.map((row) => lineOf(row, { nameColumns, barColumns, columns }, canvas));
}

interface Layout {
  readonly nameColumns: number;
  readonly barColumns: number;
  readonly columns: ReadonlyMap<Column, number>;
}

function lineOf(row: Row, { nameColumns, barColumns, columns }: Layout, canvas: Canvas): LiveLine {
  const { paint } = canvas;
  let width = 0;
  const parts: string[] = [];
  const add = (plain: string, painted = plain): void => {
    width += widthOf(plain) + (parts.length > 0 ? GAP.length : 0);
    parts.push(painted);
  };
  add(padTo(cutTo(row.name, nameColumns, ellipsisOf(canvas)), nameColumns));
  if (barColumns > 0) {
    const [full, rest] = barOf(row.share, barColumns, canvas.unicode);
    add(full + rest, paint.bar(full) + paint.faint(rest));
  }
  for (const column of IN_LINE) {
    const cell = columns.get(column);
    if (cell === undefined || (row.status !== '' && !WITH_STATUS.has(column))) continue;
    add(padBefore(row.cells[column], cell));
  }
  const room = canvas.columns - width - GAP.length;
  if (row.status !== '' && room > 0) {
    const status = cutTo(row.status, room, ellipsisOf(canvas));
    add(status, paint.warning(status));
  }
  return { text: parts.join(GAP), width };
}

function ellipsisOf({ unicode }: Canvas): string {
  return unicode ? '…' : '...';
}

/** The bar is full only when the file is complete. */
function barOf(share: number, columns: number, unicode: boolean): readonly [string, string] {
  const full = Math.floor(share * columns);
  return [(unicode ? '█' : '#').repeat(full), (unicode ? '░' : '.').repeat(columns - full)];
}

/** '212.4/489.0 MiB': both in the unit of the whole, and equally wide. */
function fraction(done: number, size: number): string {
  const whole = formatBytes(size);
  const [number = '', unit = ''] = whole.split(' ');
  const power = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit);
  const value = done / 1024 ** power;
  // Rounded down: only a complete file shows its full size.
  const part = power === 0 ? String(done) : (Math.floor(value * 10) / 10).toFixed(1);
  return `${part.padStart(number.length)}/${whole}`;
}

const RATE_UNITS = ['B/s', 'KiB/s', 'MiB/s', 'GiB/s', 'TiB/s'] as const;

/** Ten columns: '98.1 MiB/s', ' 640 KiB/s', '     0 B/s'. */
export function compactRate(rate: number): string {
  let value = Math.max(0, rate);
  let unit = 0;
  while (value >= 999.5 && unit < RATE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${RATE_UNITS[unit]}`.padStart(10);
}

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** '0:03', '12:34', '1:02:03', '2d 3h'; '-' while nothing moves. */
export function timeToGo(bytes: number, rate: number): string {
  if (bytes > 0 && rate < 1) return '-';
  const seconds = bytes <= 0 ? 0 : Math.ceil(bytes / rate);
  const two = (count: number): string => String(Math.floor(count)).padStart(2, '0');
  if (seconds >= 100 * DAY_S) return '>99d';
  if (seconds >= DAY_S) return `${Math.floor(seconds / DAY_S)}d ${Math.floor((seconds % DAY_S) / HOUR_S)}h`;
  const minutes = (seconds % HOUR_S) / MINUTE_S;
  if (seconds >= HOUR_S) return `${Math.floor(seconds / HOUR_S)}:${two(minutes)}:${two(seconds % MINUTE_S)}`;
  return `${Math.floor(minutes)}:${two(seconds % MINUTE_S)}`;
}
