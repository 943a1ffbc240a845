// `mtorrent doctor`: looks for faults on this machine and at the trackers, with the settings that a client would have.
// Exit code 0 when nothing is bad. Changes nothing and leaves nothing behind.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { lookAtMachine } from '../../foundation/base/this-machine.js';
import { type Address, addressFrom, formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Settings } from '../settings/resolve.js';
import { CLIENT_SETTINGS, settingFlags } from '../settings/table.js';
import { clientConfigOf } from './client-config.js';
import { backgroundClient, type ParsedArguments, type RunCommand, settingsOf, terminal } from './context.js';

const SOMETHING_IS_BAD = 1;

interface DoctorArguments extends ParsedArguments {
  readonly tracker: readonly string[] | undefined;
  readonly json: boolean;
}

export function doctorCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'doctor',
    'find faults and bottlenecks on this machine and at the trackers',
    (args) =>
      args
        .option('tracker', {
          alias: 't',
          type: 'string',
          array: true,
          describe: 'ip:port; may be repeated [default: the trackers that are set]',
        })
        .options(settingFlags('address', 'state-dir', 'download-dir', 'socket', ...CLIENT_SETTINGS))
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .example('$0 doctor', 'with the address and the trackers that are set')
        .example('$0 doctor -t 192.0.2.1:7001 -t 192.0.2.2:7001 --address 192.0.2.7:6881', ''),
    (args) => run(() => runDoctor(args, terminal())),
  );
}

async function runDoctor(args: DoctorArguments, output: CommandOutput): Promise<number> {
  const settings = await settingsOf(args);
  const { client, pair, stateRoot } = clientConfigOf(settings);
  const named = args.tracker?.map((text) => addressFrom(text, 'an address'));
  const { probe } = await import('../../client/doctor/probe.js');
  const measured = await probe({
    upload: client.upload === undefined ? undefined : await uploadOf(client.upload, settings),
    trackers: (named ?? pair.trackers ?? []).map((address) => ({ address, swarm: undefined })),
    places: [
      { directory: await nearestDirectory(stateRoot), neededBytes: 0 },
      { directory: await nearestDirectory(settings.values['download-dir']), neededBytes: 0 },
      { directory: process.cwd(), neededBytes: 0 },
    ],
    runningDownloads: 0,
  });
  const { placementFor, threadsFact } = await import('../../client/threads/placement.js');
  const { findingsOf } = await import('../../client/doctor/findings.js');
  const { findingLines } = await import('../verbs/results.js');
  const machine = lookAtMachine();
  const threads = threadsFact(machine, placementFor(machine, client.peerThreads));
  const findings = findingsOf({ ...measured, threads, reach: [], downloads: [], troubles: [] });
  if (args.json) output.stdout(JSON.stringify({ schema: 1, findings }));
  else for (const line of findings.flatMap(findingLines)) output.stdout(line);
  return findings.some(({ severity }) => severity === 'bad') ? SOMETHING_IS_BAD : 0;
}

/** Whether it is this user's client in the background that listens at `address`. */
async function uploadOf(
  address: Address,
  settings: Settings,
): Promise<{ readonly address: Address; readonly isOurs: boolean }> {
  try {
    const background = await backgroundClient(
      settings,
      (sentence) => void process.stderr.write(`${printable(sentence)}\n`),
    );
    const isOurs = background?.facts.address === formatAddress(address);
    await background?.close();
    return { address, isOurs };
  } catch (error) {
    // It cannot be asked, so it counts as another program.
    if (!(error instanceof MiniTorrentError)) throw error;
    return { address, isOurs: false };
  }
}

/** `path`, or the directory above it in which it would be made. */
async function nearestDirectory(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const isDirectory = await stat(at).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isDirectory || dirname(at) === at) return at;
  }
}
