// `mtorrent daemon`: a client without a console, in the foreground like a service, or started in the background.

import type { Argv } from 'yargs';
import {
  CLIENT_SETTINGS,
  HOOK_SETTINGS,
  LASTING_SETTINGS,
  LOG_SETTINGS,
  OPEN_FLAG,
  settingFlags,
} from '../../settings/table.js';
import { type RunCommand, settingsOf, terminal } from '../context.js';

export function daemonCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'daemon [address] [tracker1] [tracker2]',
    'run a background client, for attach, get, share and the commands below',
    (args) =>
      args
        .positional('address', { type: 'string', describe: 'ip:port where other clients reach this one' })
        .positional('tracker1', { type: 'string', describe: 'ip:port' })
        .positional('tracker2', { type: 'string', describe: 'ip:port' })
        .option('detach', {
          type: 'boolean',
          default: false,
          describe: 'start it in the background, and exit once it answers',
        })
        .options(settingFlags('trackers', 'address-wait', 'socket', 'state-dir', 'log', ...LOG_SETTINGS))
        .options(settingFlags('upload-limit', 'download-limit', ...CLIENT_SETTINGS))
        .options(settingFlags(...HOOK_SETTINGS, ...LASTING_SETTINGS, 'watch-dir', 'watch-dest', 'download-dir'))
        .options(OPEN_FLAG)
        .example('$0 daemon --detach', 'with a tracker pair of its own')
        .example('$0 daemon 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001', ''),
    (args) =>
      run(async () => {
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
