// Events as programs get them, on stdout with `--json` and over HTTP: objects shaped as docs/events.schema.json says. A
// field of an event is never dropped or changed in meaning within one schema number. Pure.

import { exitCodeOf } from '../../foundation/base/error-codes.js';
import type { MiniTorrentError } from '../../foundation/base/errors.js';
import { bytesHad, type FileView, type Reused } from './views.js';

const EVENT_SCHEMA = 1;

export interface Started {
  readonly command: 'share' | 'get';
  /** Absolute path of the file that is shared, or of where it will be. */
  readonly path: string;
  readonly mtorrent: string;
  /** Where other clients reach this one. */
  readonly address: string;
  readonly trackers: readonly string[];
  /** A client in the background does the work. */
  readonly background: boolean;
}

/** One event; its other fields are those of its kind. */
export interface EventRow {
  readonly schema: number;
  readonly event: string;
}

function row<const E extends string, F extends object>(event: E, fields: F): Row<E, F> {
  return { schema: EVENT_SCHEMA, event, ...fields };
}

type Row<E extends string, F extends object> = EventRow & { readonly event: E } & Readonly<F>;

/** What an iterator of events gives. */
export type SwarmEvent =
  | ReturnType<typeof progressRow>
  | ReturnType<typeof noticeRow>
  | ReturnType<typeof reusedRow>
  | ReturnType<typeof completedRow>
  | ReturnType<typeof failedRow>
  | ReturnType<typeof lostRow>;

export function startedRow({ command, path, mtorrent, address, trackers, background }: Started) {
  return row('started', { command, path, mtorrent, address, trackers, background });
}

export function progressRow(file: FileView, elapsedMs: number) {
  const { name, path, state, size, have, pieces, rate, peers, received, wasted, sent, problem, zeros, reused } = file;
  const { files, filesDone } = file;
  const bytes = bytesHad(file);
  const left = size - bytes;
  return row('progress', {
    name,
    path,
    state,
    size,
    bytes,
    pieces,
    have,
    rate: Math.round(rate),
    peers,
    received,
    wasted,
    sent,
    /** Null while nothing comes in. */
    etaMs: left === 0 ? 0 : rate >= 1 ? Math.round((left / rate) * 1_000) : null,
    elapsedMs,
    problem,
    zeros,
    reused,
    files,
    filesDone,
  });
}

export function noticeRow(level: 'good' | 'bad', sentence: string) {
  return row('notice', { level, sentence });
}

export function reusedRow({ name, path, bytes, fetched, sources }: Reused) {
  const from = sources.map(([source, sum]) => ({ name: source, bytes: sum }));
  return row('reused', { name, path, bytes, fetched, sources: from });
}

export function completedRow(file: FileView, elapsedMs: number) {
  const { name, path, size, received, wasted, zeros, reused, files } = file;
  return row('completed', { name, path, size, received, wasted, elapsedMs, zeros, reused, files });
}

export function seedingRow({ name, path, mtorrentPath, size, sent }: FileView, elapsedMs: number) {
  return row('seeding', { name, path, mtorrent: mtorrentPath, size, sent, elapsedMs });
}

export function failedRow({ code, message }: Pick<MiniTorrentError, 'code' | 'message'>) {
  return row('failed', { code, exitCode: exitCodeOf(code), sentence: message });
}

export function linkedRow(mtorrent: string, link: string) {
  return row('linked', { mtorrent, link });
}

/** Only where events wait for their reader: so many came while too many waited, and are not given. */
export function lostRow(events: number) {
  return row('lost', { events });
}
