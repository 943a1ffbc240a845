// `mtorrent doctor`: looks for what is wrong on this machine and at the trackers, without a running client. Exit code 0 when
// nothing is bad. Changes nothing and leaves nothing behind.

import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findingsOf } from '../../client/doctor/findings.js';
import { probe } from '../../client/doctor/probe.js';
import { placementFor, threadsFact } from '../../client/threads/placement.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { lookAtMachine } from '../../foundation/base/this-machine.js';
import { type Address, parseAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { findingLines } from '../verbs/results.js';

export interface DoctorArguments {
  /** `ip:port` each. */
  readonly trackers: readonly string[];
  /** Where a client is to listen; not looked at when absent. */
  readonly address?: string | undefined;
  readonly json?: boolean | undefined;
  /** As the settings say; undefined: nothing. */
  readonly peerThreads?: number | undefined;
}

const SOMETHING_IS_BAD = 1;

export async function runDoctor(args: DoctorArguments, output: CommandOutput): Promise<number> {
  const trackers = args.trackers.map((text) => ({ address: addressOf(text, '--tracker'), swarm: undefined }));
  const upload = args.address === undefined ? undefined : addressOf(args.address, '--address');
  const measured = await probe({
    upload: upload === undefined ? undefined : { address: upload, isOurs: false },
    trackers,
    places: [
      { directory: await nearestDirectory(stateRoot()), neededBytes: 0 },
      { directory: process.cwd(), neededBytes: 0 },
    ],
    runningDownloads: 0,
  });
  const machine = lookAtMachine();
  const threads = threadsFact(machine, placementFor(machine, args.peerThreads));
  const findings = findingsOf({ ...measured, threads, downloads: [], troubles: [] });
  if (args.json === true) output.stdout(JSON.stringify({ schema: 1, findings }));
  else for (const line of findings.flatMap(findingLines)) output.stdout(line);
  return findings.some(({ severity }) => severity === 'bad') ? SOMETHING_IS_BAD : 0;
}

function addressOf(text: string, flag: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `${flag} "${printable(text)}" is not an address; write ip:port, such as 192.0.2.1:7001`,
  );
}

function stateRoot(): string {
  const root = process.env['XDG_STATE_HOME'];
  return join(root?.startsWith('/') === true ? root : join(homedir(), '.local', 'state'), 'mtorrent');
}

/** `path`, or the directory above it in which it would be made. */
async function nearestDirectory(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const isThere = await stat(at).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere || dirname(at) === at) return at;
  }
}
