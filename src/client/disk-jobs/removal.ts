// Deletes what a client has of a file that left its library. Each step is tried, whatever became of those before it,
// since nobody knows of the file afterwards; the first failure is told.

import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { deletePart } from '../../transfer/storage/leftovers.js';
import { deleteMetainfo } from '../../transfer/storage/metainfo-file.js';
import type { PartClaims } from '../../transfer/storage/part/claims.js';
import { deleteResume } from '../../transfer/storage/part/resume.js';
import { namesOf } from '../files/names.js';
import type { Entry } from '../files/record.js';
import type { StatePaths } from '../state/library.js';
import { deleteContent } from './content-removal.js';
import type { Held } from './held-elsewhere.js';
import type { OwnCopies } from './own-copies.js';

export interface RemovalOptions {
  readonly paths: StatePaths;
  readonly claims: PartClaims;
  readonly copies: OwnCopies;
  /** Undefined: it is not known what the folder was. */
  readonly layout: Layout | undefined;
  readonly unfinished: boolean;
  /** The file or folder itself is deleted, too. */
  readonly content: boolean;
  /** What of it belongs to other shares. */
  readonly held: () => Promise<Held>;
}

/** Resolves to what stays of the content, as `deleteContent` does. Rejects with MiniTorrentError. */
export async function deleteAll(entry: Entry, options: RemovalOptions): Promise<string | undefined> {
  const { paths, claims, copies, layout, unfinished, content } = options;
  let kept: string | undefined;
  const steps = [
    () => deleteResume(paths.resumeOf(entry)),
    () => copies.forget(entry.swarm),
    async () => {
      if (unfinished && (await claims.isFree(entry.path))) await deletePart(entry.path, layout);
    },
    ...namesOf(entry).map(
      ({ mtorrentPath }) =>
        () =>
          deleteMetainfo(mtorrentPath, entry.swarm),
    ),
    async () => {
      if (content && !unfinished) kept = await deleteContent(entry, layout, await options.held());
    },
  ];
  await tryAll(
    steps,
    paths.resumeOf(entry),
    `${entry.path} is no longer shared or downloaded here, but not all of it was deleted`,
  );
  return kept;
}

/** Deletes .mtorrent files of a file that stays known under others. Rejects with MiniTorrentError. */
export async function deleteNames(mtorrentPaths: readonly string[], swarm: SwarmKey): Promise<void> {
  const steps = mtorrentPaths.map((path) => () => deleteMetainfo(path, swarm));
  await tryAll(steps, mtorrentPaths[0] ?? '', 'it is no longer known under this name, but not all was deleted');
}

/** @param path that is told where the system named none. */
async function tryAll(steps: readonly (() => Promise<unknown>)[], path: string, sentence: string): Promise<void> {
  let first: MiniTorrentError | undefined;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      const failure = fileError(error, path);
      first ??= failure;
    }
  }
  if (first !== undefined) throw new MiniTorrentError(first.code, `${sentence}: ${first.message}`, first);
}
