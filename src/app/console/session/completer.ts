// What Tab finds: asks the client for its files, or reads the directory that is meant, and leaves the deciding to
// `completion.ts`. Never waits longer than its deadline; what cannot be looked up completes nothing.

import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { FileView } from '../../library/views.js';
import type { PathContext } from '../../verbs/arguments.js';
import { type Completed, complete, type Entry, type Known, type Place, placeOf } from '../language/completion.js';
import { COMPLETION_DEADLINE_MS, COMPLETION_ENTRIES_MAX, COMPLETIONS_SHOWN_MAX } from '../limits.js';
import { inColumns } from '../terminal/text-width.js';

/** @param head the line up to the cursor. */
export async function completeLine(head: string, client: SwarmClient, at: PathContext): Promise<Completed> {
  const place = placeOf(head, at);
  const nothing: Known = { files: [], entries: [] };
  return complete(head, place, await within(lookUp(place, client), COMPLETION_DEADLINE_MS, () => nothing));
}

export function listed(candidates: readonly string[], columns: number): string {
  return inColumns(candidates, columns, COMPLETIONS_SHOWN_MAX).join('\n');
}

async function lookUp({ wanted, word }: Place, client: SwarmClient): Promise<Known> {
  const files = wanted.kind === 'files' ? await filesOf(client) : [];
  const start = word.text.slice(word.text.lastIndexOf('/') + 1);
  const entries = wanted.kind === 'entries' ? await entriesOf(wanted.directory, start) : [];
  return { files, entries };
}

async function filesOf(client: SwarmClient): Promise<readonly FileView[]> {
  try {
    return await client.files();
  } catch (error) {
    // The client has ended; its console is about to hear of it.
    if (error instanceof MiniTorrentError) return [];
    throw error;
  }
}

/** Those that begin with `start`; none of a directory that is not there or not ours to read. */
async function entriesOf(directory: string, start: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
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
