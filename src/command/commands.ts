// The command line: every command with its arguments, its help and its one handler, which is loaded only when it runs, so
// that `--help` is instant. Checks the shape of arguments; what they mean is checked where they are used.

import yargs, { type Argv } from 'yargs';
import { parseBytes } from '../base/bytes.js';
import { MiniTorrentError } from '../base/errors.js';
import { DEMO_SEEDERS_MAX } from '../base/limits.js';
import type { LogLevel } from '../base/log.js';
import { doctorWords } from './doctor-words.js';
import { type Ends, terminal } from './ends.js';

const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];
const ANCHOR = 'Files from many machines at once. A first look: mtorrent demo';

/** Runs the command that `words` name; answers its exit code. Throws MiniTorrentError, INVALID_ARGUMENTS for a bad line. */
export async function commandLine(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const ends = (work: () => Promise<number>): Promise<void> =>
    work().then((code) => {
      exitCode = code;
    });
  const parser = yargs([...words])
    .scriptName('mtorrent')
    .usage(`$0 <command>\n\n${ANCHOR}`)
    .strict()
    .recommendCommands()
    .demandCommand(1, 1, 'name a command; mtorrent --help lists them')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .alias('h', 'help')
    .alias('V', 'version')
    .exitProcess(false)
    .fail((message, error) => {
      if (error !== undefined && error !== null && !(error instanceof MiniTorrentError) && error.name !== 'YError')
        throw error;
      if (error instanceof MiniTorrentError) throw error;
      throw new MiniTorrentError(
        'INVALID_ARGUMENTS',
        `${(message ?? error?.message ?? '').replaceAll('\n', ' ')} (mtorrent --help)`,
      );
    });
  client(parser, ends);
  trackers(parser, ends);
  metainfo(parser, ends);
  doctorWords(parser, ends);
  demo(parser, ends);
  await parser.parseAsync();
  return exitCode;
}

function client(parser: Argv, ends: Ends): void {
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
        .option('log-level', logLevelOption)
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

function trackers(parser: Argv, ends: Ends): void {
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
        .option('log-level', logLevelOption)
        .example('$0 tracker 192.0.2.1:7001 192.0.2.2:7001 seeders.db tracker.log', ''),
    (args) =>
      ends(async () => {
        const { runTrackerCommand } = await import('./tracker-command.js');
        return runTrackerCommand({ ...args, logLevel: args['log-level'] as LogLevel });
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

function metainfo(parser: Argv, ends: Ends): void {
  parser.command(
    'create <file>',
    'make a .mtorrent without sharing',
    (args) =>
      args
        .positional('file', { type: 'string', demandOption: true })
        .option('tracker', {
          alias: 't',
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'ip:port; give it twice',
        })
        .option('out', { alias: 'o', type: 'string', describe: 'the .mtorrent [default: <name>.mtorrent here]' })
        .option('name', { type: 'string', describe: 'save under another name' })
        .option('sha256', { type: 'boolean', default: false, describe: 'add the SHA-256 of the whole file' })
        .option('force', { alias: 'f', type: 'boolean', default: false, describe: 'replace an existing .mtorrent' })
        .option('quiet', { alias: 'q', type: 'boolean', default: false })
        .example('$0 create disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001', ''),
    (args) =>
      ends(async () => {
        const [first, second, ...more] = args.tracker;
        if (first === undefined || second === undefined || more.length > 0) {
          throw new MiniTorrentError('INVALID_ARGUMENTS', 'name the two trackers: -t ip:port -t ip:port');
        }
        const { runCreate } = await import('./create.js');
        const { file, out, name, sha256, force, quiet } = args;
        return runCreate({ file, out, trackers: [first, second], name, sha256, force, quiet }, terminal());
      }),
  );
  parser.command(
    'info <mtorrent>',
    'show what a .mtorrent says',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true })
        .option('json', { type: 'boolean', default: false }),
    (args) =>
      ends(async () => {
        const { runInfo } = await import('./info.js');
        return runInfo({ path: args.mtorrent, json: args.json }, terminal());
      }),
  );
  parser.command(
    'verify <mtorrent> <file>',
    'tell which pieces of a file are good',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true })
        .positional('file', { type: 'string', demandOption: true })
        .option('json', { type: 'boolean', default: false }),
    (args) =>
      ends(async () => {
        const { runVerify } = await import('./verify.js');
        return runVerify({ mtorrentPath: args.mtorrent, filePath: args.file, json: args.json }, terminal());
      }),
  );
}

function demo(parser: Argv, ends: Ends): void {
  parser.command(
    'demo',
    'a whole swarm on this machine: two trackers, some seeders, one download, every byte compared',
    (args) =>
      args
        .option('file', { type: 'string', describe: 'a file of yours instead of a generated one' })
        .option('size', { type: 'string', default: '256MiB', describe: 'size of the generated file' })
        .option('seeders', {
          type: 'number',
          default: 3,
          describe: `1 to ${DEMO_SEEDERS_MAX}; one of several holds only a part`,
        })
        .option('json', { type: 'boolean', default: false, describe: 'the result as one JSON object' }),
    (args) =>
      ends(async () => {
        const size = parseBytes(args.size);
        if (size === undefined)
          throw new MiniTorrentError('INVALID_ARGUMENTS', `"${args.size}" is not a size; write it like 256MiB`);
        const { runDemo } = await import('../demo/main.js');
        return runDemo({ file: args.file, size, seeders: args.seeders, json: args.json }, terminal());
      }),
  );
}

const logLevelOption = {
  type: 'string',
  choices: LOG_LEVELS,
  default: 'info',
  describe: 'least level that is logged',
} as const;

function rateOption(what: string) {
  return {
    type: 'string',
    default: 'off',
    describe: `bytes a second that are ${what} at most: 500K, 10M, 1.5MiB; 0 or off for none`,
  } as const;
}
