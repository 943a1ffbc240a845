// `mtorrent doctor`: looks for faults on this machine and at the trackers, with the settings that a client would have.
// Exit code 0 when nothing is bad. Changes nothing and leaves nothing behind.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Argv } from 'yargs';
import type { Finding } from '../../client/doctor/facts.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { lookAtMachine } from '../../foundation/base/this-machine.js';
import { addressFrom, formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';
import { settingFlags } from '../settings/table.js';
import { clientConfigOf } from './client-config.js';
import { backgroundClient, type ParsedArguments, type RunCommand, settingsOf, terminal } from './context.js';
import { membershipAt, membershipOf } from './membership.js';

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
        .options(settingFlags('address', 'state-dir', 'download-dir', 'socket', 'peer-threads'))
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .example('$0 doctor', 'with the address and the trackers that are set')
        .example('$0 doctor -t 192.0.2.1:7001 -t 192.0.2.2:7001 --address 192.0.2.7:6881', ''),
    (args) => run(() => runDoctor(args, terminal())),
  );
}

async function runDoctor(args: DoctorArguments, output: CommandOutput): Promise<number> {
  const settings = await settingsOf(args);
  const background = await usableBackground(settings);
  try {
    // A client that runs knows its trackers, its port and its downloads; this process knows the directories named here.
    const told = background === undefined ? [] : await background.doctor();
    const subjects = new Set(told.map(({ subject }) => subject));
    const seen = await findingsHere(args, settings, background?.facts.address);
    const findings = [...told, ...seen.filter(({ subject }) => !subjects.has(subject))];
    const { findingLines } = await import('../verbs/results.js');
    if (args.json) output.stdout(JSON.stringify({ schema: 1, findings }));
    else for (const line of findings.flatMap(findingLines)) output.stdout(line);
    return findings.some(({ severity }) => severity === 'bad') ? SOMETHING_IS_BAD : 0;
  } finally {
    await background?.close();
  }
}

/** @param running ip:port of the client in the background; undefined: there is none. */
async function findingsHere(
  args: DoctorArguments,
  settings: Settings,
  running: string | undefined,
): Promise<readonly Finding[]> {
  const { client, pair } = clientConfigOf(settings);
  const named = args.tracker?.map((text) => addressFrom(text, 'an address'));
  const { probe } = await import('../../client/doctor/probe.js');
  const { numericHost } = await import('../library/own-address.js');
  const upload = client.upload && { ...client.upload, host: await numericHost(client.upload.host) };
  const trackers = named ?? pair.trackers ?? [];
  const { credentials } = await membershipAt(trackers, await membershipOf(settings, 'client'), settings);
  const isAsked = upload === undefined || formatAddress(upload) === running;
  const measured = await probe({
    upload: isAsked ? undefined : { address: upload, isOurs: false },
    trackers: trackers.map((address) => ({ address, swarm: undefined })),
    places: [
      ...(await statePlaces(settings)),
      { directory: await nearestDirectory(settings.values['download-dir']), neededBytes: 0 },
      { directory: process.cwd(), neededBytes: 0 },
    ],
    runningDownloads: 0,
    credentials,
  });
  const { placementFor, threadsFact } = await import('../../client/threads/placement.js');
  const { findingsOf } = await import('../../client/doctor/findings.js');
  const machine = lookAtMachine();
  const threads = threadsFact(machine, placementFor(machine, client.peerThreads));
  return findingsOf({ ...measured, threads, reach: [], outside: [], downloads: [], troubles: [], refusals: [] });
}

/** The client in the background; undefined when there is none, or it cannot be asked: then its port is another's. */
async function usableBackground(settings: Settings): Promise<SwarmClient | undefined> {
  try {
    return await backgroundClient(settings, (sentence) => void process.stderr.write(`${printable(sentence)}\n`));
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    return undefined;
  }
}

/** Nothing without a home directory that it could be in, which is told. */
async function statePlaces(settings: Settings): Promise<{ directory: string; neededBytes: number }[]> {
  try {
    return [{ directory: await nearestDirectory(clientConfigOf(settings).stateRoot), neededBytes: 0 }];
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    terminal().stderr(printable(error.message));
    return [];
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
