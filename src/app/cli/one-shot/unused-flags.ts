// What of a command line a client in the background never hears of, when it does the work of `get` or `share`.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { SettingName } from '../../settings/table.js';
import type { OneShot } from './one-shot.js';

/** Flags that only a client of one's own obeys; the trackers, where the other one has others. */
const OWN_FLAGS = [
  'address',
  'upload-limit',
  'download-limit',
  'advertise',
  'peer-threads',
  'disk-reserve',
  'http',
  'metrics',
  'on-complete',
  'on-error',
  'hook-timeout',
  'trackers',
] as const satisfies readonly SettingName[];

/** Tells of such flags. Throws INVALID_ARGUMENTS for one that protects. */
export function tellUnused(
  { settings, reporter }: Pick<OneShot, 'settings' | 'reporter'>,
  { facts }: SwarmClient,
): void {
  const { values, origins } = settings;
  const why = 'the client in the background does the work, with its own settings; use a client of its own: --alone';
  if (origins['require-signature'].kind === 'flag' && values['require-signature'])
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--require-signature cannot be kept to: ${why}`);
  const named = values.trackers?.map(formatAddress).join() ?? '';
  const isUnused = (name: SettingName): boolean =>
    origins[name].kind === 'flag' && (name !== 'trackers' || named !== facts.trackers.join());
  const unused = OWN_FLAGS.filter(isUnused).map((name) => `--${name}`);
  if (unused.length === 0) return;
  reporter.notice('bad', `${unused.join(', ')} ${unused.length === 1 ? 'is' : 'are'} not used: ${why}`);
}
