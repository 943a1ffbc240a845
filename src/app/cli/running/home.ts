// `mtorrent` without a command: a console at once. It attaches to the client in the background when one runs; otherwise
// it runs a client in this process, with the trackers that are set or with a pair of its own that a second machine can
// join.

import { join } from 'node:path';
import type { Argv } from 'yargs';
import { command } from '../../../foundation/base/shell-line.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { Home } from '../../home/home.js';
import {
  CLIENT_SETTINGS,
  HOOK_SETTINGS,
  LASTING_SETTINGS,
  LOG_SETTINGS,
  OPEN_FLAG,
  settingFlags,
} from '../../settings/table.js';
import { clientConfigOf } from '../client-config.js';
import { backgroundClient, cannotContinue, type ParsedArguments, type RunCommand, settingsOf } from '../context.js';
import { membershipOf, membershipOn } from '../membership.js';
import { prepareAutomation } from './automation.js';
import { openEndpoints } from './endpoints.js';

export function homeCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    '$0',
    'open a console, with the trackers that are set or a tracker pair of its own',
    (args) =>
      args
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags('address', 'upload-limit', 'download-limit', ...CLIENT_SETTINGS, 'state-dir', 'socket'))
        .options(settingFlags('color', ...HOOK_SETTINGS, ...LASTING_SETTINGS, ...LOG_SETTINGS))
        .options(OPEN_FLAG)
        .example('$0', 'on the first machine; `invite` prints the line for a second one')
        .example('$0 -t 192.0.2.1:7001 -t 192.0.2.1:7002', 'with the trackers of another machine'),
    (args) => run(() => runHome(args)),
  );
}

/** Returns the exit code. Rejects with MiniTorrentError when nothing could be started. */
export async function runHome(args: ParsedArguments): Promise<number> {
  const settings = await settingsOf(args);
  let say = (sentence: string): void => void process.stderr.write(`${printable(sentence)}\n`);
  const background = await backgroundClient(settings, (why) => say(why));
  if (background !== undefined) {
    const { openAttachedConsole } = await import('./attach.js');
    return openAttachedConsole(background, settings);
  }
  const config = clientConfigOf(settings);
  const { openHome } = await import('../../home/home.js');
  const { client, log, pair } = config;
  const membership = await membershipOf(settings, 'client');
  const automate = await prepareAutomation(settings);
  let remark: string | undefined;
  const opening = openHome({
    ...client,
    log,
    pair: { ...pair, beginsClosed: true, onTrouble: (sentence) => say(sentence) },
    credentialsOf: async (own) => {
      const taken = await membershipOn(own, membership, settings);
      remark = taken.remark;
      return taken.credentials;
    },
  });
  // The console is loaded while the client's threads start.
  const automating = opening.then((home) => automate(home, home.notify));
  const [home, automation, { openForeground }] = await Promise.all([opening, automating, import('./foreground.js')]);
  // From now on the console alone writes to the screen.
  say = (sentence) => home.client.onEvent({ kind: 'notice', level: 'bad', sentence });
  const place = (): string => join(config.homeDirectory, 'http');
  const endpoints = await openEndpoints(settings, place, (sentence) => say(sentence)).catch(async (error: unknown) => {
    await automation.close();
    await home.client.close();
    await home.closePair();
    throw error;
  });
  endpoints.serve(home);
  const foreground = openForeground({
    client: home.client,
    leave: () => home.client.quit(),
    onLogMoved: home.logMoved,
    historyPath: join(config.homeDirectory, 'history'),
    color: settings.values.color,
    greeting: `this client serves at ${home.facts.address}`,
    remarks: [...(remark === undefined ? [] : [remark]), ...remarksOf(home), ...endpoints.remarks],
  });
  foreground.start();
  const error = await home.ended;
  await automation.close();
  await endpoints.close();
  await home.closePair();
  // Last, since it may let go of the terminal: no other thread opens files any more.
  const code = foreground.finish();
  return error === undefined ? code : cannotContinue(error);
}

function remarksOf({ trackers, hasPair, isClosed, notes }: Home): readonly string[] {
  if (!hasPair) return notes;
  if (isClosed) return [...notes, 'the trackers run in this process and let in only whom you invite; type: invite'];
  const [first, second] = trackers.map(formatAddress);
  const where = trackers[0].host.startsWith('127.') ? 'another terminal on this machine' : 'another machine';
  return [
    ...notes,
    `the trackers run in this process; to join the same swarm from ${where}, run:`,
    `  ${command('-t', first ?? '', '-t', second ?? '')}`,
  ];
}
