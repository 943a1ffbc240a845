// `mtorrent client`: one client with its console on this terminal or pipe. Its addresses and its log are arguments; the
// other settings come from where they always come from.

import { join } from 'node:path';
import type { Argv } from 'yargs';
import { assert } from '../../../foundation/base/assert.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import {
  CLIENT_SETTINGS,
  HOOK_SETTINGS,
  LASTING_SETTINGS,
  LOG_SETTINGS,
  OPEN_FLAG,
  settingFlags,
} from '../../settings/table.js';
import { clientConfigOf } from '../client-config.js';
import { cannotContinue, type ParsedArguments, type RunCommand, settingsOf } from '../context.js';
import { membershipOf } from '../membership.js';
import { prepareAutomation, tellAt } from './automation.js';
import { openEndpoints } from './endpoints.js';
import { findState } from './moved-state.js';

const flags = settingFlags(
  'state-dir',
  'upload-limit',
  'download-limit',
  ...CLIENT_SETTINGS,
  ...HOOK_SETTINGS,
  ...LASTING_SETTINGS,
  'color',
  ...LOG_SETTINGS,
);
const CLIENT_FLAGS = {
  ...flags,
  ...OPEN_FLAG,
  'state-dir': { ...flags['state-dir'], defaultDescription: '$XDG_STATE_HOME/mtorrent/<ip>_<port>' },
};

interface ClientArguments extends ParsedArguments {
  readonly tracker1: string;
  readonly tracker2: string;
  readonly log: string;
}

export function clientCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'client <address> <tracker1> <tracker2> <log>',
    'share and download, with a console',
    (args) =>
      args
        .positional('address', {
          type: 'string',
          demandOption: true,
          describe: 'ip:port where other clients reach this one',
        })
        .positional('tracker1', { type: 'string', demandOption: true, describe: 'ip:port' })
        .positional('tracker2', { type: 'string', demandOption: true, describe: 'ip:port' })
        .positional('log', { type: 'string', demandOption: true, describe: 'log file, appended to' })
        .options(CLIENT_FLAGS)
        .example('$0 client 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001 client.log', ''),
    (args) => run(() => runClient(args)),
  );
}

async function runClient(args: ClientArguments): Promise<number> {
  const named = { ...args, trackers: [args.tracker1, args.tracker2] };
  const settings = await settingsOf(named, { address: '<address>', trackers: '<tracker1> <tracker2>', log: '<log>' });
  const { client: running, log, pair, stateDir: usual } = clientConfigOf(settings);
  const { stateDir, note } = await findState(settings, usual);
  const { credentials, remark } = await membershipOf(settings, 'client');
  assert(pair.trackers !== undefined, 'the trackers are arguments');
  const automate = await prepareAutomation(settings);
  const { startClient } = await import('../../library/start-client.js');
  const starting = startClient(running, {
    trackers: pair.trackers,
    credentials,
    stateDir,
    log: { ...log, path: absolutePathOf(args.log) },
  });
  const automating = starting.then((local) => automate(local, local.notify));
  // The console is loaded while the client's threads start.
  const [local, automation, { openForeground }] = await Promise.all([starting, automating, import('./foreground.js')]);
  const { client, logMoved, ended } = local;
  const say = (sentence: string): void => tellAt(client, 'bad', sentence);
  const endpoints = await openEndpoints(settings, () => stateDir, say).catch(async (error: unknown) => {
    await automation.close();
    await client.close();
    throw error;
  });
  endpoints.serve(local);
  const foreground = openForeground({
    client,
    leave: () => client.quit(),
    onLogMoved: logMoved,
    historyPath: join(stateDir, 'history'),
    color: settings.values.color,
    greeting: `this client serves at ${client.facts.address}`,
    remarks: [note, remark, ...endpoints.remarks].filter((line) => line !== undefined),
  });
  foreground.start();
  const error = await ended;
  await automation.close();
  await endpoints.close();
  const code = foreground.finish();
  return error === undefined ? code : cannotContinue(error);
}
