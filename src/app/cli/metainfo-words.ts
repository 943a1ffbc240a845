// The declarations of commands that make and read a `.mtorrent`. Shape and help only: each loads its work when it runs.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type Ends, terminal } from './ends.js';

export function metainfoWords(parser: Argv, ends: Ends): void {
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
        .option('quiet', { alias: 'q', type: 'boolean', default: false, describe: 'explain nothing' })
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
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' }),
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
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' }),
    (args) =>
      ends(async () => {
        const { runVerify } = await import('./verify.js');
        return runVerify({ mtorrentPath: args.mtorrent, filePath: args.file, json: args.json }, terminal());
      }),
  );
}
