// The declaration of `mtorrent doctor`. Shape and help only: it loads its work when it runs.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import { type Ends, terminal } from './ends.js';

export function doctorWords(parser: Argv, ends: Ends): void {
  parser.command(
    'doctor',
    'find out what is wrong, or slow, on this machine and at the trackers',
    (args) =>
      args
        .option('tracker', { alias: 't', type: 'string', array: true, describe: 'ip:port; as often as you like' })
        .option('address', { type: 'string', describe: 'ip:port where a client is to serve' })
        .options(settingFlags('peer-threads'))
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .example('$0 doctor -t 192.0.2.1:7001 -t 192.0.2.2:7001 --address 192.0.2.7:6881', ''),
    (args) =>
      ends(async () => {
        const { runDoctor } = await import('./doctor-command.js');
        const { loadSettings } = await import('../settings/load.js');
        const { tracker = [], address, json } = args;
        const { values } = await loadSettings({ 'peer-threads': args['peer-threads'], config: args.config });
        return runDoctor({ trackers: tracker, address, json, peerThreads: values['peer-threads'] }, terminal());
      }),
  );
}
