// The declaration of what `mtorrent` does without a command: it shows what there is to name.

import type { Argv } from 'yargs';
import type { Ends } from './ends.js';

export function bareWords(parser: Argv, ends: Ends): void {
  parser.command('$0', false, {}, () =>
    ends(async () => {
      process.stdout.write(`${await parser.getHelp()}\n`);
      return 0;
    }),
  );
}
