// The declaration of the command that prints scripts of completion.

import type { Argv } from 'yargs';
import type { CommandEntry } from '../completion/command-table.js';
import { type RunCommand as Ends, terminal } from './context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** @param listed every command, also this one. */
export function completionWords(parser: Argv, ends: Ends, listed: () => readonly CommandEntry[]): void {
  parser.command(
    'completion <shell>',
    'print the script with which a shell completes mtorrent',
    (args) =>
      args
        .positional('shell', { type: 'string', choices: SHELLS, demandOption: true, describe: 'which shell' })
        .example('eval "$($0 completion bash)"', 'in ~/.bashrc')
        .example('eval "$($0 completion zsh)"', 'in ~/.zshrc, after compinit')
        .example('$0 completion fish > ~/.config/fish/completions/mtorrent.fish', 'once'),
    (args) =>
      ends(async () => {
        const { runCompletion } = await import('./completion-command.js');
        return runCompletion(args.shell as (typeof SHELLS)[number], listed(), terminal());
      }),
  );
}
