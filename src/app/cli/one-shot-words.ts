// The declarations of the commands that do one thing and end: `share` and `get`. Shape and help only: each loads its work when it
// runs.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import type { Ends } from './ends.js';

const OUTPUT_FLAGS = {
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'errors only' },
  verbose: {
    alias: 'v',
    type: 'boolean',
    default: false,
    describe: 'more about what happens, and a log of everything',
  },
  json: {
    alias: 'j',
    type: 'boolean',
    default: false,
    describe: 'events as JSON, one a line (docs/events.schema.json)',
  },
  alone: { type: 'boolean', default: false, describe: 'in this process, also when a client runs in the background' },
} as const;

export function oneShotWords(parser: Argv, ends: Ends): void {
  parser.command(
    ['share <file>', 'seed'],
    'share a file until stopped; prints the path of its .mtorrent',
    (args) =>
      args
        .positional('file', { type: 'string', demandOption: true })
        .option('output', { alias: 'o', type: 'string', describe: 'the .mtorrent [default: <name>.mtorrent here]' })
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags('address', 'upload-limit', 'peer-threads', 'stats-interval', 'state-dir', 'socket'))
        .options(OUTPUT_FLAGS)
        .example('$0 share disk.img', 'on the trackers of this user, or on a pair started for it')
        .example('$0 share disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001 -o images/disk.mtorrent', ''),
    (args) =>
      ends(async () => {
        const { runShare } = await import('./share-command.js');
        const { loadSettings } = await import('../settings/load.js');
        const { file, output, quiet, verbose, json, alone } = args;
        return runShare({ file, output, quiet, verbose, json, alone, settings: await loadSettings(args) });
      }),
  );
  parser.command(
    ['get <mtorrent> [destination]', 'add'],
    'fetch a file; ends when it is complete and prints its path',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true })
        .positional('destination', { type: 'string', describe: 'a directory, or a file name [default: download-dir]' })
        .option('seed', { type: 'boolean', default: false, describe: 'share it on until stopped' })
        .option('timeout', { type: 'string', describe: 'give up after so long, and keep what is there: 90s, 10m, 1h' })
        .option('detach', { type: 'boolean', default: false, describe: 'leave it to the client in the background' })
        .options(settingFlags('seed-time', 'address', 'download-dir', 'upload-limit', 'download-limit'))
        .options(settingFlags('peer-threads', 'stats-interval', 'state-dir', 'socket'))
        .options(OUTPUT_FLAGS)
        .example('$0 get disk.img.mtorrent', 'into the current directory')
        .example('$0 get disk.img.mtorrent /data/ --timeout 1h', 'to be continued by the same words')
        .example('$0 get disk.img.mtorrent /data/ --seed-time 30m --json', ''),
    (args) =>
      ends(async () => {
        const { runGet } = await import('./get-command.js');
        const { loadSettings } = await import('../settings/load.js');
        const { mtorrent, destination, seed, timeout, detach, quiet, verbose, json, alone } = args;
        const told = { seed, timeout, detach, quiet, verbose, json, alone };
        return runGet({ mtorrent, destination, ...told, settings: await loadSettings(args) });
      }),
  );
}
