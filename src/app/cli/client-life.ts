// What the commands that run a client of their own share: what the settings make of it, where its state is, and what is said when
// it ends by itself.

import { join } from 'node:path';
import { exitCodeOf } from '../../foundation/base/errors.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { OneShotConfig } from '../library/one-shot.js';
import type { Settings } from '../settings/resolve.js';
import { optimizeLater } from './tiering.js';

/** How it runs, whatever it is to do. */
export function runningOptions({ values }: Settings): Pick<OneShotConfig, 'log' | 'rates' | 'peerThreads' | 'onWarm'> {
  return {
    log: { level: values['log-level'] },
    rates: { up: values['upload-limit'], down: values['download-limit'] },
    peerThreads: values['peer-threads'],
    onWarm: optimizeLater,
  };
}

/** What a user has who named nothing: the console without a command, `share` without trackers and the daemon stand on the same. */
export function homeDirectory({ values }: Settings): string {
  return join(values['state-dir'], 'home');
}

/** Clients of one machine that were given no directory keep theirs apart by their address; one without has the user's own. */
export function stateDirectory(settings: Settings, upload: Address | undefined): string {
  const { values, origins } = settings;
  const directory = values['state-dir'];
  if (origins['state-dir'].kind !== 'default') return directory;
  if (upload === undefined) return join(homeDirectory(settings), 'client');
  return join(directory, `${upload.host.replaceAll(':', '-')}_${upload.port}`);
}

/** Tells why on stderr; answers the exit code. */
export function cannotGoOn(error: unknown): number {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`the client cannot continue: ${why}; see its log file\n`);
  return exitCodeOf('INTERNAL');
}
