// Looks at shares and their .mtorrent files without reading them. What cannot be looked at is told from what is gone.

import { stat } from 'node:fs/promises';
import { within } from '../../foundation/base/deferred.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { mountOf, mountPoints } from '../../transfer/storage/disk/mounts.js';
import { type Look, lookAtSource } from '../../transfer/storage/source/source.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { Found, LookedAt, SeenSource } from '../effects.js';

/** The copy at `path`, or else the first of `others` that is there. Undefined when there is none. */
export async function lookAt(
  path: string,
  mtorrentPath: string | undefined,
  others: readonly string[] = [],
  isFolder = false,
): Promise<Found | undefined> {
  const look = isFolder ? lookAtRoot : lookAtSource;
  const [source, metainfoMtimeMs, ...further] = await Promise.all([
    look(path),
    mtorrentPath === undefined ? undefined : mtimeOf(mtorrentPath),
    ...others.map(look),
    // A missing download returns with its unfinished file.
    ...(mtorrentPath === undefined ? [] : [look(partPathOf(path))]),
  ]);
  const first = source ?? further.find((other) => other !== undefined);
  return first === undefined ? undefined : { ...first, metainfoMtimeMs, others: further.map(textOf).join('') };
}

/** The directory of a folder. Undefined when there is none. */
async function lookAtRoot(path: string): Promise<Look | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? { size: 0, mtimeMs: found.mtimeMs, changedMs: found.ctimeMs } : undefined;
}

function textOf(look: Look | undefined): string {
  return look === undefined ? ' none' : ` ${look.size} ${look.mtimeMs} ${look.changedMs}`;
}

export interface LooksOptions {
  /** How long a look waits for a mount. */
  readonly deadlineMs: number;
  /** Called once when a mount begins to hang. */
  readonly onHung: (mount: string) => void;
  /** For tests. */
  readonly look?: typeof lookAt;
  readonly trouble?: typeof troubleAt;
  readonly points?: () => readonly string[];
}

/** Looks at many files: one after the other on each mount, so that one that hangs takes one thread of the system's. */
export class Looks {
  readonly #options: LooksOptions;
  /** Mounts at which a look has not ended. */
  readonly #busy = new Set<string>();

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  /** Resolves within the deadline, without the files of mounts that do not answer. */
  async at(sources: readonly LookedAt[]): Promise<readonly SeenSource[]> {
    const { deadlineMs, onHung, points = mountPoints } = this.#options;
    const known = points();
    const byMount = new Map<string, LookedAt[]>();
    for (const source of sources) {
      const mount = mountOf(source[1], known);
      if (!this.#busy.has(mount)) byMount.set(mount, [...(byMount.get(mount) ?? []), source]);
    }
    const seen: SeenSource[] = [];
    const walks = [...byMount].map(([mount, files]) => this.#walk(mount, files, seen));
    await within<unknown>(Promise.all(walks), deadlineMs, () => undefined);
    for (const mount of byMount.keys()) if (this.#busy.has(mount)) onHung(mount);
    return [...seen];
  }

  async #walk(mount: string, files: readonly LookedAt[], seen: SeenSource[]): Promise<void> {
    const { look = lookAt, trouble = troubleAt, deadlineMs } = this.#options;
    // Whoever has not ended at the deadline has waited half of it for one file.
    const endMs = performance.now() + deadlineMs / 2;
    this.#busy.add(mount);
    try {
      for (const [file, ...where] of files) {
        // The rest waits for the next look.
        if (performance.now() > endMs) break;
        const found = await look(...where);
        const errno = found === undefined ? await trouble(where[0]) : undefined;
        seen.push(errno === undefined ? { file, found } : { file, found, errno });
      }
    } finally {
      this.#busy.delete(mount);
    }
  }
}

/** Why nothing can be said of it; undefined: it can be looked at, or is gone. */
function troubleAt(path: string): Promise<string | undefined> {
  return stat(path).then(
    () => undefined,
    (error: unknown) => {
      const errno = errnoOf(error);
      return errno === 'ENOENT' || errno === 'ENOTDIR' ? undefined : errno;
    },
  );
}

function mtimeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
