// Reads a download in order while it runs. Invariant: no byte is given before its piece was verified and written; what
// is read lies in the `.part`, and after the end where the whole is.

import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { PIECE_SIZE } from '../../foundation/base/limits.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { openSource } from '../../transfer/storage/open-storage.js';
import type { Storage } from '../../transfer/storage/storage.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { SwarmClient } from './swarm-client.js';

export class Follower {
  readonly #client: Pick<SwarmClient, 'readable'>;
  readonly #target: string;
  readonly #layout: Layout;
  /** The piece behind the last one that is known to be there. */
  #end = 0;
  #storage: Storage | undefined;

  /** @param target where the whole will be. @param layout of what is downloaded there. */
  constructor(client: Pick<SwarmClient, 'readable'>, target: string, layout: Layout) {
    this.#client = client;
    this.#target = target;
    this.#layout = layout;
  }

  /**
   * Fills `bytes` with those from `offset` on, as soon as they are verified. Offsets ascend from call to call. Rejects
   * with why the download failed, or the file could not be read.
   */
  async read(offset: number, bytes: Uint8Array): Promise<void> {
    const last = Math.floor((offset + bytes.length - 1) / PIECE_SIZE);
    while (this.#end <= last) {
      const next = Math.max(this.#end, Math.floor(offset / PIECE_SIZE));
      this.#end = next + (await this.#client.readable(this.#target, next));
    }
    this.#storage ??= await this.#open();
    const { path } = this.#storage;
    const count = await readLater(this.#storage, offset, bytes).catch((error: unknown) => {
      throw fileError(error, path);
    });
    if (count === bytes.length) return;
    throw new MiniTorrentError('FILE_CHANGED', `${path} became shorter while it was read; get it again`);
  }

  async close(): Promise<void> {
    await this.#storage?.close();
    this.#storage = undefined;
  }

  /** It gets its name at any moment: then it is there. */
  async #open(): Promise<Storage> {
    try {
      return await openSource(partPathOf(this.#target), this.#layout);
    } catch (error) {
      if (!(error instanceof MiniTorrentError) || error.code !== 'FILE_NOT_FOUND') throw error;
      return openSource(this.#target, this.#layout);
    }
  }
}

function readLater(storage: Storage, offset: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    storage.readLater(offset, [bytes], (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
