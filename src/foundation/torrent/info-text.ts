// What a link names and a tracker is told of a .mtorrent beside its hash string: the digest of its info text, how much
// is behind the hash string, and how many files it holds. Its trackers are no part of it. Pure.

import { createHash } from 'node:crypto';
import { fromHex } from '../base/bytes.js';
import { METAINFO_IO_BYTES } from '../base/limits.js';
import { formatFurtherLines, formatInfoHead, type Metainfo } from './metainfo.js';

declare const brand: unique symbol;
/** SHA-256 of an info text, 64 lower-case hex digits. */
export type InfoDigest = string & { readonly [brand]: 'InfoDigest' };

export const INFO_DIGEST_SIZE = 32;

export interface InfoFacts {
  readonly info: InfoDigest;
  /** Bytes of the lines behind the hash string; 0 for most single files. */
  readonly listBytes: number;
  /** Files that it holds: 1, or those of its folder. */
  readonly files: number;
}

/** O(pieces and entries): computed once, where a .mtorrent is read or made. */
export function infoFactsOf(metainfo: Metainfo): InfoFacts {
  const hash = createHash('sha256');
  for (const part of formatInfoHead(metainfo)) hash.update(part);
  let listBytes = 0;
  // A part each would stay in the memory of an idle client: malloc keeps what is freed between other things.
  for (const part of formatFurtherLines(metainfo, Buffer.allocUnsafeSlow(METAINFO_IO_BYTES))) {
    hash.update(part);
    listBytes += part.length;
  }
  return { info: hash.digest('hex') as InfoDigest, listBytes, files: metainfo.layout.folder?.totals().files ?? 1 };
}

/** Undefined unless it is 64 lower-case hex digits. */
export function parseInfoDigest(text: string): InfoDigest | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as InfoDigest) : undefined;
}

/** @param bytes INFO_DIGEST_SIZE of them. */
export function infoDigestOf(bytes: Uint8Array): InfoDigest {
  return Buffer.from(bytes).toString('hex') as InfoDigest;
}

export function infoDigestBytes(info: InfoDigest): Uint8Array {
  return fromHex(info) ?? new Uint8Array(0);
}
