// The declarations of commands that run a client. Shape and help only: each loads its work when it runs.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import type { Ends } from './ends.js';

const flags = settingFlags('state-dir', 'upload-limit', 'download-limit', 'peer-threads', 'color', 'log-level');
const CLIENT_FLAGS = {
  ...flags,
  'state-dir': { ...flags['state-dir'], defaultDescription: '$XDG_STATE_HOME/mtorrent/<ip>_<port>' },
};

export function clientWords(parser: Argv, ends: Ends): void {
  parser.command(
    'client <address> <tracker1> <tracker2> <log>',
    'share and download, with a console',
    (args) =>
      args
        .positional('address', {
          type: 'string',
          demandOption: true,
          describe: 'ip:port where other clients fetch from you',
        })
        .positional('tracker1', { type: 'string', demandOption: true, describe: 'ip:port' })
        .positional('tracker2', { type: 'string', demandOption: true, describe: 'ip:port' })
        .positional('log', { type: 'string', demandOption: true, describe: 'log file, appended to' })
        .options(CLIENT_FLAGS)
        .example('$0 client 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001 client.log', ''),
    (args) =>
      ends(async () => {
        const { runClient } = await import('./client-command.js');
        const { loadSettings } = await import('../settings/load.js');
        const { address, tracker1, tracker2, log } = args;
        return runClient({
          upload: address,
          trackers: [tracker1, tracker2],
          logPath: log,
          settings: await loadSettings(args),
        });
      }),
  );
}
