// What is found where a download is written to, or was completed.

import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { Storage } from '../../transfer/storage/storage.js';

export interface OpenedPart {
  readonly kind: 'part';
  readonly storage: Storage;
  /** In shared memory; these pieces are verified. */
  readonly have: Bitfield;
  /** It was made just now. */
  readonly isNew: boolean;
}

/** Somebody else has completed the file meanwhile. */
export interface FoundWhole extends FoundCopy {
  readonly kind: 'whole';
}

/** A complete copy. */
export interface FoundCopy {
  readonly mtimeMs: number;
  /** Pieces of a folder that can be shared; absent: all. */
  readonly have?: number | undefined;
}
