// Gives a seeder list a file of its own where its file has several names, as after `cp -al`. SQLite keeps its log by
// name, so two trackers that open one file by two names would damage it; each goes on as with a copy.

import { closeSync, copyFileSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileError } from '../../../foundation/base/errors.js';

/** The caller holds the lock of the list. Throws MiniTorrentError; the list is then as it was. */
export function takeOwnFile(path: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile() || found.nlink < 2) return;
    const place = realpathSync(path);
    const aside = `${place}.unfinished`;
    rmSync(aside, { force: true });
    copyFileSync(place, aside);
    flush(aside);
    renameSync(aside, place);
    flush(dirname(place));
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Of a file or a directory. Throws system errors. */
export function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
