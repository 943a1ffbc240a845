// The text of a .mtorrent, from a link and what was fetched for it. Pure.

import { toHex } from '../../foundation/base/bytes.js';
import { METAINFO_IO_BYTES } from '../../foundation/base/limits.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import type { Link } from '../../foundation/torrent/link.js';

/** The info text up to the lines behind the piece hashes, in parts. @param digests 20 bytes a piece. */
export function* infoBeginning(
  { name, size }: Pick<Link, 'name' | 'size'>,
  digests: Uint8Array,
): Generator<Uint8Array> {
  yield Buffer.from(`${name}\n${size}\n`);
  const step = METAINFO_IO_BYTES / 2;
  for (let at = 0; at < digests.length; at += step) yield Buffer.from(toHex(digests.subarray(at, at + step)), 'latin1');
  yield Buffer.from('\n');
}

/** @param list the lines behind the piece hashes. */
export function* mtorrentText(link: Link, digests: Uint8Array, list: Uint8Array): Generator<Uint8Array> {
  yield Buffer.from(link.trackers.map((tracker) => `${formatAddress(tracker)}\n`).join(''));
  yield* infoBeginning(link, digests);
  yield list;
}
