// Rows that a partner tells, with what a test does not care about filled in: a live entry of 10.0.0.1, of a client in
// its first run.

import { keyBytes, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import type { Records } from '../../src/tracking/store/pair/messages.js';

type EntryRow = Records['entries'][number];
type FileRow = Records['files'][number];
type ProgressRow = Records['progress'][number];

export function entryRow(swarm: SwarmKey, client: Uint8Array, more: Partial<EntryRow> = {}): EntryRow {
  const place = { host: '10.0.0.1', port: 6_001, have: 1 };
  return { swarm: keyBytes(swarm), client, ...place, epoch: 1, sequence: 1, state: 'live', ms: 500, ...more };
}

export function fileRow(swarm: SwarmKey, more: Partial<FileRow> = {}): FileRow {
  return { swarm: keyBytes(swarm), name: 'a.bin', size: 2 * 524_288, pieceCount: 2, isProven: true, ...more };
}

export function progressRow(swarm: SwarmKey, client: Uint8Array, more: Partial<ProgressRow> = {}): ProgressRow {
  return { swarm: keyBytes(swarm), client, have: 2, epoch: 1, sequence: 1, ms: 500, ...more };
}
