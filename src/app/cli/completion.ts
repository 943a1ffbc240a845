// `mtorrent completion`: prints the script with which a shell completes mtorrent, written from the declared commands.

import type { Argv } from 'yargs';
import type { CommandEntry } from '../completion/command-table.js';
import { type RunCommand, terminal } from './context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** @param listed every declared command, including this one. */
export function completionCommand(parser: Argv, run: RunCommand, listed: () => readonly CommandEntry[]): void {
  parser.command(
    'completion <shell>',
    'print the completion script for a shell',
    (args) =>
      args
        .positional('shell', { type: 'string', choices: SHELLS, demandOption: true, describe: 'which shell' })
        .example('eval "$($0 completion bash)"', 'in ~/.bashrc')
        .example('eval "$($0 completion zsh)"', 'in ~/.zshrc, after compinit')
        .example('$0 completion fish > ~/.config/fish/completions/mtorrent.fish', ''),
    (args) =>
      run(async () => {
        const { grammarOf } = await import('../completion/grammar.js');
        const write = await scriptFor(args.shell as (typeof SHELLS)[number]);
        terminal().stdout(write(grammarOf(listed())).trimEnd());
        return 0;
      }),
  );
}

async function scriptFor(shell: (typeof SHELLS)[number]) {
  if (shell === 'bash') return (await import('../completion/bash.js')).bashScript;
  if (shell === 'zsh') return (await import('../completion/zsh.js')).zshScript;
  return (await import('../completion/fish.js')).fishScript;
}
