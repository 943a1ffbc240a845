// `mtorrent config show` and `config paths`: the settings that apply here and now, and the files they are read from.

import type { Argv } from 'yargs';
import type { CommandOutput } from '../../foundation/base/output.js';
import { command } from '../../foundation/base/shell-line.js';
import { SETTING_NAMES, settingFlags } from '../settings/table.js';
import { type ParsedArguments, type RunCommand, settingsOf, terminal } from './context.js';

const JSON_FLAG = { type: 'boolean', default: false, describe: 'as one JSON object' } as const;

export function configCommand(parser: Argv, run: RunCommand): void {
  parser.command('config', 'show the settings that apply, and where they come from', (args) => {
    args.command(
      'show',
      'every setting with its value',
      (flags) =>
        flags
          .option('origin', { type: 'boolean', default: false, describe: 'and where each comes from' })
          .option('json', JSON_FLAG)
          .options(settingFlags(...SETTING_NAMES)),
      (flags) => run(() => runShow(flags, terminal())),
    );
    args.command(
      'paths',
      'config files in the order in which they apply, and where state and socket are',
      (flags) => flags.option('json', JSON_FLAG).options(settingFlags()),
      (flags) => run(() => runPaths(flags, terminal())),
    );
    return args.demandCommand(1, 1, `write ${command('config', 'show')}, or ${command('config', 'paths')}`);
  });
}

/** Rejects as `loadSettings` does. */
async function runShow(args: ParsedArguments, output: CommandOutput): Promise<number> {
  const { settingRows, settingsJson } = await import('../settings/show.js');
  const settings = await settingsOf(args);
  const withOrigin = args['origin'] === true;
  if (args['json'] === true) output.stdout(JSON.stringify(settingsJson(settings, withOrigin)));
  else for (const row of settingRows(settings, withOrigin)) output.stdout(row);
  return 0;
}

/** Works while a config file is broken as well. */
async function runPaths(args: ParsedArguments, output: CommandOutput): Promise<number> {
  const { ourPlaces, presentConfigs } = await import('../settings/load.js');
  const { placeRows, placesJson } = await import('../settings/show.js');
  const places = ourPlaces(args);
  const present = await presentConfigs(places);
  if (args['json'] === true) output.stdout(JSON.stringify(placesJson(places, present)));
  else for (const row of placeRows(places, present)) output.stdout(row);
  return 0;
}
