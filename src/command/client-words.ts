// The declarations of commands that run a client. Shape and help only: each loads its work when it runs.

import type { Argv } from 'yargs';
import type { LogLevel } from '../base/log.js';
import type { Ends } from './ends.js';

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
        .option('state-dir', {
          type: 'string',
          describe: 'what to remember across runs [default: $XDG_STATE_HOME/mtorrent/<ip>_<port>]',
        })
        .option('upload-limit', rateOption('sent'))
        .option('download-limit', rateOption('downloaded'))
        .option('log-level', {
          type: 'string',
          choices: ['trace', 'debug', 'info', 'warn', 'error'],
          default: 'info',
          describe: 'least level that is logged',
        })
        .example('$0 client 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001 client.log', ''),
    (args) =>
      ends(async () => {
        const { runClient } = await import('./client-command.js');
        return runClient({
          upload: args.address,
          trackers: [args.tracker1, args.tracker2],
          logPath: args.log,
          stateDir: args['state-dir'],
          // Given twice they are lists, which are no rates.
          uploadLimit: String(args['upload-limit']),
          downloadLimit: String(args['download-limit']),
          logLevel: args['log-level'] as LogLevel,
        });
      }),
  );
}

function rateOption(what: string) {
  return {
    type: 'string',
    default: 'off',
    describe: `bytes a second that are ${what} at most: 500K, 10M, 1.5MiB; 0 or off for none`,
  } as const;
}
