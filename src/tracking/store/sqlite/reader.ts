// Reads a seeder list, while a tracker runs on it or not. Changes nothing, neither the list nor a file beside it.

import { openForReading, type Row } from './database.js';
import { checkHeader } from './header.js';
import { openError } from './open-errors.js';
import { checkContents, isEmpty } from './opening.js';
import { STATEMENTS } from './schema.js';

export function readSeederList(path: string): { readonly swarms: readonly Row[]; readonly seeders: readonly Row[] } {
  checkHeader(path, 'r');
  const database = openForReading(path);
  try {
    if (isEmpty(database)) return { swarms: [], seeders: [] };
    checkContents(database, path);
    database.exec('begin');
    const swarms = database.prepare(STATEMENTS.listSwarms).raw().all() as Row[];
    const seeders = database.prepare(STATEMENTS.listSeeders).raw().all() as Row[];
    database.exec('commit');
    return { swarms, seeders };
  } catch (error) {
    throw openError(error, path);
  } finally {
    database.close();
  }
}
