// Whether a folder fits its disk: by whole blocks, by inodes, and by its choice.

import assert from 'node:assert/strict';
import test from 'node:test';
import { roomRefusal } from '../../src/client/files/disk-space.js';
import type { FileTable } from '../../src/client/files/file-table.js';
import { entryOf, roomOf } from './stage.js';

const MIB = 1024 ** 2;
const FILES = { growing: [] } as unknown as FileTable;
const zeros = { pieces: 0, bytes: 0 };

test('a folder is refused when its files or its inodes have no room, and the sentence says which', () => {
  const entry = { ...entryOf('a'), size: 100 * MIB };
  const refusal = (freeBytes: number, freeInodes: number, need: { bytes: number; inodes: number }) =>
    roomRefusal(FILES, entry, { room: roomOf(freeBytes, freeInodes), device: 1, zeros, need }, 0);
  const need = { bytes: 10 * MIB, inodes: 50 };
  assert.equal(refusal(10 * MIB, 50, need), undefined);
  assert.match(refusal(10 * MIB, 49, need)?.sentence ?? '', /needs 50 inodes.*49 are free/);
  assert.match(refusal(10 * MIB - 1, 50, need)?.sentence ?? '', /needs 10\.0 MiB/);
});
