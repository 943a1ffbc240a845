// `mtorrent client`: one client with its console on this terminal or pipe. Parses the four arguments, joins client and
// console, and answers the exit code.

import { join, resolve } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type Address, parseAddress, sameAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { startClient } from '../library/start-client.js';
import type { Settings } from '../settings/resolve.js';
import { cannotGoOn, runningOptions, stateDirectory } from './client-life.js';

export interface ClientArguments {
  readonly upload: string;
  readonly trackers: readonly [string, string];
  readonly logPath: string;
  readonly settings: Settings;
}

export async function runClient(args: ClientArguments): Promise<number> {
  const upload = addressOf(args.upload, "the client's address", true);
  const trackers = [
    addressOf(args.trackers[0], 'tracker 1', false),
    addressOf(args.trackers[1], 'tracker 2', false),
  ] as const;
  if (sameAddress(...trackers)) {
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      `both trackers are ${args.trackers[0]}; name the two trackers of a pair`,
    );
  }
  const { values } = args.settings;
  const stateDir = stateDirectory(args.settings, upload);
  const running = runningOptions(args.settings);
  const starting = startClient({
    upload,
    trackers,
    stateDir,
    ...running,
    log: { ...running.log, path: resolve(args.logPath) },
  });
  // The console is loaded while the client's threads start.
  const [{ client, logMoved, ended }, { openForeground }] = await Promise.all([starting, import('./foreground.js')]);
  const foreground = openForeground({
    client,
    leave: () => client.quit(),
    onLogMoved: logMoved,
    historyPath: join(stateDir, 'history'),
    color: values.color,
    greeting: `this client serves at ${client.facts.address}`,
  });
  foreground.start();
  const error = await ended;
  const code = foreground.finish();
  return error === undefined ? code : cannotGoOn(error);
}

function addressOf(text: string, what: string, allowAnyPort: boolean): Address {
  const address = parseAddress(text, allowAnyPort);
  if (address !== undefined) return address;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `"${printable(text)}" is not ${what}; write ip:port, such as 192.0.2.1:6881`,
  );
}
