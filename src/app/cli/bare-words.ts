// The declaration of what `mtorrent` does without a command: a console that works at once.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import type { Ends } from './ends.js';

export function bareWords(parser: Argv, ends: Ends): void {
  parser.command(
    '$0',
    'a console at once: with the trackers that are set, or with a pair of its own',
    (args) =>
      args
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags('address', 'upload-limit', 'download-limit', 'peer-threads', 'state-dir', 'socket'))
        .options(settingFlags('color', 'log-level'))
        .example('$0', 'on the first machine; it prints the line for a second one')
        .example('$0 -t 192.0.2.1:7001 -t 192.0.2.1:7002', 'with the trackers of another machine'),
    (args) => ends(() => runBare(args)),
  );
}

/** @param flags as the parser gives them. */
export async function runBare(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const { runHome } = await import('./home-command.js');
  const { loadSettings } = await import('../settings/load.js');
  return runHome(await loadSettings(flags));
}
