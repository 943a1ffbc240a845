// The files that one peer thread reads uploads from. Owns their descriptors. Invariant: a descriptor is closed only when no read of
// it is under way, and no more than a bound are open however many files are served.

import { closeServed, openServed, type ServedPath, servedPath } from './served-path.js';

export class ServedFiles {
  readonly #openMax: number;
  /** In the order of their last use, so that the first open one is the one to close. */
  readonly #files = new Map<number, ServedPath>();
  #openCount = 0;

  /** @param openMax descriptors at most, beyond those that are being read. */
  constructor(openMax: number) {
    this.#openMax = openMax;
  }

  /** Serves `file` from `path`, in place of an earlier one; it is opened by the first read. */
  learn(file: number, path: string, mtimeMs: number | null): undefined {
    this.#replace(file, servedPath(path, mtimeMs));
  }

  /** As `learn`, but opened at once. Answers why it cannot be: Node's errno, or CHANGED; then the earlier one stays. */
  open(file: number, path: string, mtimeMs: number | null): string | undefined {
    const served = servedPath(path, mtimeMs);
    const errno = this.#open(served);
    if (errno !== undefined) return errno;
    this.#replace(file, served);
    this.#closeLongUnused();
    return undefined;
  }

  close(file: number): void {
    const served = this.#files.get(file);
    if (served === undefined) return;
    this.#files.delete(file);
    served.closing = true;
    this.#closeUnused(served);
  }

  closeAll(): void {
    for (const file of [...this.#files.keys()]) this.close(file);
  }

  get(file: number): ServedPath | undefined {
    return this.#files.get(file);
  }

  /** Opens it again if it was closed for want of use. Answers why it cannot be, as `open` does. */
  ready(file: number, served: ServedPath): string | undefined {
    this.#files.delete(file);
    this.#files.set(file, served);
    if (served.fd >= 0) return undefined;
    const errno = this.#open(served);
    if (errno === undefined) this.#closeLongUnused();
    return errno;
  }

  readBegins(served: ServedPath): void {
    served.reads += 1;
  }

  readEnded(served: ServedPath): void {
    served.reads -= 1;
    this.#closeUnused(served);
  }

  #replace(file: number, served: ServedPath): void {
    this.close(file);
    this.#files.set(file, served);
  }

  #open(served: ServedPath): string | undefined {
    const wrong = openServed(served);
    if (wrong === undefined) this.#openCount += 1;
    return wrong;
  }

  #closeLongUnused(): void {
    for (const served of this.#files.values()) {
      if (this.#openCount <= this.#openMax) return;
      if (served.fd >= 0 && served.reads === 0) this.#close(served);
    }
  }

  #closeUnused(served: ServedPath): void {
    if (served.closing && served.reads === 0 && served.fd >= 0) this.#close(served);
  }

  #close(served: ServedPath): void {
    closeServed(served);
    this.#openCount -= 1;
  }
}
