// `mtorrent tracker`, `tracker-list` and `tracker-status`: the four arguments of a tracker, a look at its file, a question
// to a running one.

import { resolve } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogLevel } from '../../foundation/base/log.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { type Address, parseAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { runTracker } from '../../tracking/tracker/main.js';
import { trackerStatus } from '../../tracking/tracker/status.js';
import { optimizeLater } from './tiering.js';

export interface TrackerArguments {
  readonly own: string;
  readonly other: string;
  readonly seederlist: string;
  readonly log: string;
  readonly logLevel: LogLevel;
  readonly cluster?: string | undefined;
}

export function runTrackerCommand(args: TrackerArguments): Promise<number> {
  return runTracker(
    {
      own: addressOf(args.own, true),
      partner: addressOf(args.other, false),
      seederListPath: resolve(args.seederlist),
      log: { path: resolve(args.log), level: args.logLevel },
      cluster: args.cluster,
    },
    optimizeLater,
  );
}

export async function runTrackerList(path: string, json: boolean, output: CommandOutput): Promise<number> {
  // Loaded only here: a running tracker keeps SQLite on the store's thread alone.
  const { listSeeders } = await import('../../tracking/store/sqlite/list.js');
  output.stdout((await listSeeders(resolve(path), { json })).trimEnd());
  return 0;
}

export async function runTrackerStatus(address: string, json: boolean, output: CommandOutput): Promise<number> {
  output.stdout(await trackerStatus(addressOf(address, false), { json }));
  return 0;
}

function addressOf(text: string, allowAnyPort: boolean): Address {
  const address = parseAddress(text, allowAnyPort);
  if (address !== undefined) return address;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `"${printable(text)}" is not a tracker's address; write ip:port, such as 192.0.2.1:7001`,
  );
}
