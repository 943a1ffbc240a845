// What is known of the zeros of a download before it begins. Pure.

import { wantedZeroBytes } from '../../foundation/torrent/folder/wanted-pieces.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import type { KnownZeros } from '../files/record.js';

/** As the marks of a folder's list are now. */
export function knownZerosOf(metainfo: Metainfo, { pieces, bytes } = zerosOf(metainfo)): KnownZeros {
  return { pieces: pieces.count, bytes: wantedZeroBytes(metainfo.layout, { pieces, bytes }) };
}
