// `mtorrent demo`, as the parser knows it: the demo itself is in app/demo and is loaded when it runs.

import type { Argv } from 'yargs';
import { parseBytes } from '../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { DEMO_SEEDERS_MAX } from '../../foundation/base/limits.js';
import { type RunCommand, terminal } from './context.js';

export function demoCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'demo',
    'run a whole swarm on this machine, and compare every byte',
    (args) =>
      args
        .option('file', { type: 'string', describe: 'a file of yours instead of a generated one' })
        .option('size', { type: 'string', default: '256MiB', describe: 'size of the generated file' })
        .option('seeders', {
          type: 'number',
          default: 3,
          describe: `1 to ${DEMO_SEEDERS_MAX}; if there are several, one of them has only a part`,
        })
        .option('json', { type: 'boolean', default: false, describe: 'the result as one JSON object' }),
    (args) =>
      run(async () => {
        const size = parseBytes(args.size);
        if (size === undefined)
          throw new MiniTorrentError('INVALID_ARGUMENTS', `"${args.size}" is not a size; write it like 256MiB`);
        const { runDemo } = await import('../demo/main.js');
        return runDemo({ file: args.file, size, seeders: args.seeders, json: args.json }, terminal());
      }),
  );
}
