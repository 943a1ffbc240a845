// Looks up what `completion.ts` needs for Tab: the client's files, or the entries of a directory. Gives up at its
// deadline; what cannot be looked up completes nothing.

import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { FileView } from '../../library/views.js';
import type { PathContext } from '../../verbs/arguments.js';
import {
  type Completion,
  type CursorPlace,
  complete,
  type DirectoryEntry,
  type Found,
  placeOf,
} from '../language/completion.js';
import {
  COMPLETION_DEADLINE_MS,
  COMPLETION_ENTRIES_MAX,
  COMPLETION_MTORRENT_BYTES_MAX,
  COMPLETIONS_SHOWN_MAX,
} from '../limits.js';
import { inColumns } from '../terminal/text-width.js';

/** @param head the line to the left of the cursor. */
export async function completeLine(head: string, client: SwarmClient, at: PathContext): Promise<Completion> {
  const place = placeOf(head, at);
  const nothing: Found = { files: [], entries: [] };
  return complete(head, place, await within(lookUp(place, client), COMPLETION_DEADLINE_MS, () => nothing));
}

export function listCandidates(candidates: readonly string[], columns: number): string {
  return inColumns(candidates, columns, COMPLETIONS_SHOWN_MAX).join('\n');
}

async function lookUp({ expected, word }: CursorPlace, client: SwarmClient): Promise<Found> {
  const files = expected.kind === 'files' ? await filesOf(client) : [];
  const start = word.text.slice(word.text.lastIndexOf('/') + 1);
  if (expected.kind === 'inMtorrent') return { files, entries: await entriesInside(expected) };
  const entries = expected.kind === 'entries' ? await entriesOf(expected.directory, start) : [];
  return { files, entries };
}

/** None where it describes no folder, or is longer than a person waits for. */
async function entriesInside({
  mtorrentPath,
  directory,
  start,
}: Extract<CursorPlace['expected'], { readonly kind: 'inMtorrent' }>): Promise<readonly DirectoryEntry[]> {
  const { insideOf } = await import('../../library/inside.js');
  try {
    if ((await stat(mtorrentPath)).size > COMPLETION_MTORRENT_BYTES_MAX) return [];
    return await insideOf(mtorrentPath, directory, start, COMPLETION_ENTRIES_MAX);
  } catch (error) {
    if (!(error instanceof MiniTorrentError) && errnoOf(error) === undefined) throw error;
    return [];
  }
}

async function filesOf(client: SwarmClient): Promise<readonly FileView[]> {
  try {
    return await client.files();
  } catch (error) {
    // The client has ended, and the console is about to notice.
    if (error instanceof MiniTorrentError) return [];
    throw error;
  }
}

/** Entries whose names begin with `start`; none when the directory is missing or unreadable. */
async function entriesOf(directory: string, start: string): Promise<readonly DirectoryEntry[]> {
  const entries: DirectoryEntry[] = [];
  let seen = 0;
  try {
    for await (const entry of await opendir(directory)) {
      seen += 1;
      if (seen > COMPLETION_ENTRIES_MAX) break;
      if (!entry.name.startsWith(start)) continue;
      const isDirectory = entry.isSymbolicLink()
        ? await leadsToDirectory(join(directory, entry.name))
        : entry.isDirectory();
      entries.push({ name: entry.name, isDirectory });
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  return entries;
}

async function leadsToDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
