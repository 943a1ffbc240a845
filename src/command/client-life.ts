// What the commands that run a client of their own share: where its state is, and what is said when it ends by itself.

import { join } from 'node:path';
import { exitCodeOf } from '../base/errors.js';
import type { Settings } from '../settings/resolve.js';
import type { Address } from '../torrent/address.js';

/** Clients of one machine that were given no directory keep theirs apart by their address; one without has the user's own. */
export function stateDirectory({ values, origins }: Settings, upload: Address | undefined): string {
  const directory = values['state-dir'];
  if (origins['state-dir'].kind !== 'default') return directory;
  return join(directory, upload === undefined ? 'client' : `${upload.host.replaceAll(':', '-')}_${upload.port}`);
}

/** Tells why on stderr; answers the exit code. */
export function cannotGoOn(error: unknown): number {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`the client cannot go on: ${why}; see its log file\n`);
  return exitCodeOf('INTERNAL');
}
