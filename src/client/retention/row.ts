// What is told of each download under the rules of retention, and of all together. Pure.

import { flag, listOf, record, size, text, u32, type ValueOf } from '../../foundation/wire/schema.js';

/** Downloads that an answer names. */
export const RETENTION_ROWS_MAX = 200;
const WHY_BYTES_MAX = 500;

const row = record({
  name: text(255),
  path: text(4096),
  /** Bytes. */
  size,
  /** Wall-clock time of the end of its download, in milliseconds. */
  atMs: size,
  /** The rules delete it. */
  goes: flag,
  why: text(WHY_BYTES_MAX),
});
export type RetentionRow = ValueOf<typeof row>;

/** Fields of the answer to `retain`: the rules, what they are about, and what they lead to. */
export const retained = {
  days: u32,
  versions: u32,
  budget: size,
  rows: listOf(row, RETENTION_ROWS_MAX),
  downloads: u32,
  going: u32,
  freed: size,
  bytes: size,
  shortfall: text(WHY_BYTES_MAX),
};
