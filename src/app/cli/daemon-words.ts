// Declares the commands that start, attach to and stop the background client. Each loads its work when it runs.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import { type RunCommand as Ends, terminal } from './context.js';

const DETACH_FLAG = 'detach';

export function daemonWords(parser: Argv, ends: Ends): void {
  daemon(parser, ends);
  parser.command(
    'attach',
    'a console on the client in the background; quit leaves it running',
    (args) => args.options(settingFlags('socket', 'color')).example('$0 attach', ''),
    (args) =>
      ends(async () => {
        const { runAttach } = await import('./running-daemon.js');
        return runAttach(await settingsOf(args));
      }),
  );
  parser.command(
    'stop',
    'end the client in the background',
    (args) => args.options(settingFlags('socket')).example('$0 stop', ''),
    (args) =>
      ends(async () => {
        const { runStop } = await import('./running-daemon.js');
        return runStop(await settingsOf(args), terminal());
      }),
  );
}

function daemon(parser: Argv, ends: Ends): void {
  parser.command(
    'daemon [address] [tracker1] [tracker2]',
    'a client in the background, for attach, get, share and the commands below',
    (args) =>
      args
        .positional('address', { type: 'string', describe: 'ip:port where other clients fetch from you' })
        .positional('tracker1', { type: 'string', describe: 'ip:port' })
        .positional('tracker2', { type: 'string', describe: 'ip:port' })
        .option(DETACH_FLAG, {
          type: 'boolean',
          default: false,
          describe: 'start it in the background, and end when it answers',
        })
        .options(settingFlags('trackers', 'socket', 'state-dir', 'log', 'log-level'))
        .options(settingFlags('upload-limit', 'download-limit', 'peer-threads'))
        .example('$0 daemon --detach', 'with a tracker pair of its own')
        .example('$0 daemon 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001', 'in the foreground, as a service'),
    (args) =>
      ends(async () => {
        const { tracker1, tracker2 } = args;
        const named =
          tracker1 === undefined ? {} : { trackers: [tracker1, ...(tracker2 === undefined ? [] : [tracker2])] };
        const settings = await settingsOf({ ...args, ...named });
        const { runStarted, startInBackground } = await import('./background.js');
        if (!args.detach) return runStarted(settings);
        const words = process.argv.slice(2).filter((word) => !/^--(no-)?detach(=.*)?$/.test(word));
        terminal().stdout(await startInBackground(words, settings));
        return 0;
      }),
  );
}

async function settingsOf(args: Readonly<Record<string, unknown>>) {
  const { loadSettings } = await import('../settings/load.js');
  return loadSettings(args);
}
