// The declarations of commands about trackers. Shape and help only: each loads its work when it runs.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import { type Ends, terminal } from './ends.js';

export function trackerWords(parser: Argv, ends: Ends): void {
  parser.command(
    'tracker <own> <other> <seederlist> <log>',
    'run one of the two trackers',
    (args) =>
      args
        .positional('own', { type: 'string', demandOption: true, describe: 'ip:port to listen on' })
        .positional('other', { type: 'string', demandOption: true, describe: 'ip:port of the other tracker' })
        .positional('seederlist', { type: 'string', demandOption: true, describe: 'SQLite file with every seeder' })
        .positional('log', { type: 'string', demandOption: true, describe: 'log file, appended to' })
        .option('cluster', {
          type: 'string',
          describe: 'a name for the pair, the same at both; needed where they reach each other by other addresses',
        })
        .options(settingFlags('log-level'))
        .example('$0 tracker 192.0.2.1:7001 192.0.2.2:7001 seeders.db tracker.log', ''),
    (args) =>
      ends(async () => {
        const { runTrackerCommand } = await import('./tracker-command.js');
        const { loadSettings } = await import('../settings/load.js');
        const { values } = await loadSettings(args);
        return runTrackerCommand({ ...args, logLevel: values['log-level'] });
      }),
  );
  parser.command(
    'tracker-list <seederlist>',
    "print a tracker's seederlist file, also while the tracker runs",
    (args) =>
      args
        .positional('seederlist', { type: 'string', demandOption: true })
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' }),
    (args) =>
      ends(async () => {
        const { runTrackerList } = await import('./tracker-command.js');
        return runTrackerList(args.seederlist, args.json, terminal());
      }),
  );
  parser.command(
    'tracker-status <address>',
    'ask a running tracker how it and its partner are',
    (args) =>
      args
        .positional('address', { type: 'string', demandOption: true, describe: 'ip:port' })
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' }),
    (args) =>
      ends(async () => {
        const { runTrackerStatus } = await import('./tracker-command.js');
        return runTrackerStatus(args.address, args.json, terminal());
      }),
  );
}
