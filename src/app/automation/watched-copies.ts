// The copies of .mtorrent files from a watched folder, which stay when those are renamed. They are kept for a time, and
// looked through now and then, not with each that is made, so that many files cost each as much as few.

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from '../../foundation/base/errors.js';
import { saveMtorrent } from '../library/links.js';
import type { DroppedFile } from './dropped-files.js';
import { WATCH_COPIES_KEPT_MS, WATCH_COPIES_LOOK_MS } from './limits.js';

export class WatchedCopies {
  readonly #directory: string;
  readonly #wallMs: () => number;
  /** When the copies were looked through last. */
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @param wallMs is compared with the times of files. */
  constructor(stateDir: string, wallMs: () => number = Date.now) {
    this.#directory = join(stateDir, 'watched');
    this.#wallMs = wallMs;
  }

  /** Resolves to the path of a copy of what lies at `path`. Rejects with MiniTorrentError. */
  async keep(path: string, { name, size, mtimeMs }: DroppedFile): Promise<string> {
    const key = createHash('sha256').update(`${name}\0${size}\0${mtimeMs}`).digest('hex').slice(0, 16);
    const copy = join(this.#directory, key, name);
    try {
      await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
      await this.#sweep();
    } catch (error) {
      throw fileError(error, this.#directory);
    }
    await saveMtorrent(path, copy);
    return copy;
  }

  /** Deletes the old ones: the client has its own of what it has. */
  async #sweep(): Promise<void> {
    const nowMs = this.#wallMs();
    // A clock that was set back may not keep them for ever.
    if (Math.abs(nowMs - this.#lookedMs) < WATCH_COPIES_LOOK_MS) return;
    this.#lookedMs = nowMs;
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      if ((await stat(path)).mtimeMs < nowMs - WATCH_COPIES_KEPT_MS) await rm(path, { recursive: true, force: true });
    }
  }
}
