// What is told once, after a folder was surveyed, about the names in it. Pure.

import { printable } from '../../foundation/torrent/names.js';
import type { FolderSource } from './survey.js';

/** What is told once about a folder's names. */
export function notesOn({ skipped, doubtful }: Pick<FolderSource, 'skipped' | 'doubtful'>): readonly string[] {
  const notes: string[] = [];
  if (skipped.count > 0) notes.push(`left out ${told(skipped)}, which cannot be shared`);
  if (doubtful.count > 0) notes.push(`${told(doubtful)} will not fit on every system`);
  return notes;
}

/** '2 names (aux.c, b:c)' */
function told({ count, first }: FolderSource['skipped']): string {
  const names = first.map(printable).join(', ');
  return `${count === 1 ? 'one name' : `${count} names`} (${names}${count > first.length ? ', …' : ''})`;
}
