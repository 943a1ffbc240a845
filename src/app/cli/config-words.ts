// The declarations of commands about settings. Shape and help only: each loads its work when it runs.

import type { Argv } from 'yargs';
import { SETTING_NAMES, settingFlags } from '../settings/table.js';
import { type Ends, terminal } from './ends.js';

const JSON_FLAG = { type: 'boolean', default: false, describe: 'as one JSON object' } as const;

export function configWords(parser: Argv, ends: Ends): void {
  parser.command('config', 'settings: what counts, and where it comes from', (args) => {
    configShow(args, ends);
    configPaths(args, ends);
    return args.demandCommand(1, 1, 'write mtorrent config show, or mtorrent config paths');
  });
}

function configShow(parser: Argv, ends: Ends): void {
  parser.command(
    'show',
    'every setting with its value',
    (args) =>
      args
        .option('origin', { type: 'boolean', default: false, describe: 'and where each comes from' })
        .option('json', JSON_FLAG)
        .options(settingFlags(...SETTING_NAMES)),
    (args) =>
      ends(async () => {
        const { runConfigShow } = await import('./config-command.js');
        return runConfigShow(args, terminal());
      }),
  );
}

function configPaths(parser: Argv, ends: Ends): void {
  parser.command(
    'paths',
    'config files in the order in which they count, and where state and socket are',
    (args) => args.option('json', JSON_FLAG).options(settingFlags()),
    (args) =>
      ends(async () => {
        const { runConfigPaths } = await import('./config-command.js');
        return runConfigPaths(args, terminal());
      }),
  );
}
