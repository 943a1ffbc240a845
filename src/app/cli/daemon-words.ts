// The declarations of the client in the background and of what is asked of it. Shape and help only: each loads its work when it
// runs.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import { type Ends, terminal } from './ends.js';

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

/** What is asked of it: the verbs of the console, in the order of its menu. */
export function verbWords(parser: Argv, ends: Ends): void {
  const name = {
    type: 'string',
    demandOption: true,
    describe: 'name of the .mtorrent, of the file, or a path',
  } as const;
  show(parser, ends);
  for (const [word, what] of [
    ['pause', 'fetch no more for now; still share it'],
    ['resume', 'go on with a paused or failed download'],
  ] as const)
    parser.command(
      `${word} <name>`,
      what,
      (args) => args.positional('name', name).options(settingFlags('socket')),
      (args) => verb(ends, args, [word, args.name]),
    );
  parser.command(
    'remove <name>',
    'stop sharing; the file itself is kept',
    (args) =>
      args
        .positional('name', name)
        .option('force', { alias: 'f', type: 'boolean', default: false, describe: 'drop an unfinished download' })
        .options(settingFlags('socket')),
    (args) => verb(ends, args, ['remove', args.name, args.force ? '--force' : undefined]),
  );
  parser.command(
    'limit [direction] [rate]',
    'show both limits, or set one: up or down, and bytes a second',
    (args) =>
      args
        .positional('direction', { type: 'string', describe: 'up or down' })
        .positional('rate', { type: 'string', describe: '500K, 10M, 1.5MiB, or off' })
        .options(settingFlags('socket'))
        .example('$0 limit up 10M', ''),
    (args) => verb(ends, args, ['limit', args.direction, args.rate]),
  );
  parser.command(
    'log <level>',
    'log from this level on',
    (args) =>
      args
        .positional('level', { type: 'string', demandOption: true, describe: 'trace, debug, info, warn or error' })
        .options(settingFlags('socket')),
    (args) => verb(ends, args, ['log', args.level]),
  );
  parser.command(
    'wait',
    'until every running download has ended',
    (args) => args.options(settingFlags('socket')),
    (args) => verb(ends, args, ['wait']),
  );
}

function show(parser: Argv, ends: Ends): void {
  parser.command(
    'show [what] [name]',
    'downloads, shares, trackers or stats; peers or pieces of a file',
    (args) =>
      args
        .positional('what', { type: 'string', default: 'downloads' })
        .positional('name', { type: 'string', describe: 'of a file, for peers and pieces' })
        .option('json', { type: 'boolean', default: false, describe: 'downloads as one JSON object' })
        .options(settingFlags('socket'))
        .example('$0 show', '')
        .example('$0 show peers disk.img', ''),
    (args) => verb(ends, args, ['show', args.what, args.name, args.json ? '--json' : undefined]),
  );
}

function verb(ends: Ends, args: Readonly<Record<string, unknown>>, words: readonly (string | undefined)[]): void {
  ends(async () => {
    const { runVerb } = await import('./running-daemon.js');
    return runVerb(
      words.filter((word) => word !== undefined),
      await settingsOf(args),
      terminal(),
    );
  });
}

async function settingsOf(args: Readonly<Record<string, unknown>>) {
  const { loadSettings } = await import('../settings/load.js');
  return loadSettings(args);
}
