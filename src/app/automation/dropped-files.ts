// Decides which of the files in a watched folder are whole, and so taken, and which can never be: links to elsewhere,
// files too large, files that stay empty. A file counts as whole when it has stayed as it is for some time. Pure.

import { METAINFO_BYTES_MAX } from '../../transfer/storage/limits.js';
import { LINK_FILE_BYTES_MAX, WATCH_EMPTY_MS, WATCH_SETTLED_MS } from './limits.js';

export interface DroppedFile {
  readonly name: string;
  readonly kind: 'file' | 'link' | 'other';
  readonly size: number;
  readonly mtimeMs: number;
}

export type DroppedStep =
  | { readonly kind: 'take'; readonly file: DroppedFile; readonly as: 'mtorrent' | 'link' }
  | { readonly kind: 'refuse'; readonly file: DroppedFile; readonly reason: string };

interface Seen {
  readonly stamp: string;
  readonly sinceMs: number;
  /** It is not looked at before; infinity: while it stays as it is. */
  readonly notBeforeMs: number;
}

const BYTES_MAX = { mtorrent: METAINFO_BYTES_MAX, link: LINK_FILE_BYTES_MAX } as const;

export class DroppedFiles {
  #seen = new Map<string, Seen>();

  /** @param files all that are there. Answers what is to be done with them, in the order of their names. */
  look(files: readonly DroppedFile[], nowMs: number): readonly DroppedStep[] {
    const before = this.#seen;
    this.#seen = new Map();
    const steps: DroppedStep[] = [];
    for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const as = kindOf(file.name);
      if (as === undefined) continue;
      const stamp = stampOf(file);
      const known = before.get(file.name);
      const seen = known?.stamp === stamp ? known : { stamp, sinceMs: nowMs, notBeforeMs: 0 };
      this.#seen.set(file.name, seen);
      const step = nowMs < seen.notBeforeMs ? undefined : stepFor(file, as, nowMs - seen.sinceMs);
      if (step !== undefined) steps.push(step);
    }
    return steps;
  }

  /** It failed for a reason that may pass, or could not be renamed. @param untilMs infinity: until it is changed. */
  hold(file: DroppedFile, untilMs: number): void {
    const seen = this.#seen.get(file.name);
    if (seen?.stamp === stampOf(file)) this.#seen.set(file.name, { ...seen, notBeforeMs: untilMs });
  }
}

function stepFor(file: DroppedFile, as: 'mtorrent' | 'link', settledMs: number): DroppedStep | undefined {
  const refuse = (reason: string): DroppedStep => ({ kind: 'refuse', file, reason });
  if (file.kind === 'link') return refuse('it is a symbolic link; put the file itself here');
  if (file.kind === 'other') return refuse('it is not a file');
  if (settledMs < (file.size === 0 ? WATCH_EMPTY_MS : WATCH_SETTLED_MS)) return undefined;
  if (file.size === 0) return refuse('it is empty');
  if (file.size > BYTES_MAX[as])
    return refuse(`it has ${file.size} bytes, more than any .${as} file; check that it is one`);
  return { kind: 'take', file, as };
}

/** Hidden files are those that a copying program has not finished. */
function kindOf(name: string): 'mtorrent' | 'link' | undefined {
  if (name.startsWith('.')) return undefined;
  return name.endsWith('.mtorrent') ? 'mtorrent' : name.endsWith('.link') ? 'link' : undefined;
}

function stampOf({ kind, size, mtimeMs }: DroppedFile): string {
  return `${kind} ${size} ${mtimeMs}`;
}
