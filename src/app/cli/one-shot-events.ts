// What `share --json` and `get --json` say, one JSON object a line on stdout. Their shape is docs/events.schema.json; a field is
// never dropped or changed in meaning within one schema number. Bytes and milliseconds are numbers, rates bytes a second. Pure.

import { exitCodeOf, type MiniTorrentError } from '../../foundation/base/errors.js';
import { PIECE_SIZE } from '../../foundation/base/limits.js';
import type { FileView } from '../library/views.js';

const EVENT_SCHEMA = 1;

export interface Started {
  readonly command: 'share' | 'get';
  /** Absolute: of the file shared, or where it will be; '' when that is not known yet. */
  readonly path: string;
  readonly mtorrent: string;
  /** Where other clients fetch from this one. */
  readonly address: string;
  readonly trackers: readonly string[];
  /** A client in the background does the work. */
  readonly background: boolean;
}

export function startedEvent({ command, path, mtorrent, address, trackers, background }: Started): object {
  return event('started', { command, path, mtorrent, address, trackers, background });
}

export function progressEvent(file: FileView, elapsedMs: number): object {
  const { name, path, state, size, have, pieces, rate, peers, received, wasted, sent, problem } = file;
  const bytes = bytesHad(file);
  const left = size - bytes;
  return event('progress', {
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
  });
}

export function noticeEvent(level: 'good' | 'bad', sentence: string): object {
  return event('notice', { level, sentence });
}

export function completedEvent({ name, path, size, received, wasted }: FileView, elapsedMs: number): object {
  return event('completed', { name, path, size, received, wasted, elapsedMs });
}

export function seedingEvent({ name, path, mtorrentPath, size, sent }: FileView, elapsedMs: number): object {
  return event('seeding', { name, path, mtorrent: mtorrentPath, size, sent, elapsedMs });
}

export function failedEvent({ code, message }: MiniTorrentError): object {
  return event('failed', { code, exitCode: exitCodeOf(code), sentence: message });
}

/** The last piece may be shorter. */
export function bytesHad({ have, pieces, size }: FileView): number {
  return have === pieces ? size : Math.min(size, have * PIECE_SIZE);
}

function event(name: string, fields: object): object {
  return { schema: EVENT_SCHEMA, event: name, ...fields };
}
