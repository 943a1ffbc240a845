// `mtorrent completion`: the script for one shell, made of the commands as they are declared.

import type { CommandOutput } from '../../foundation/base/output.js';
import { bashScript } from '../completion/bash.js';
import type { CommandEntry } from '../completion/command-table.js';
import { fishScript } from '../completion/fish.js';
import { grammarOf } from '../completion/grammar.js';
import { zshScript } from '../completion/zsh.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export async function runCompletion(
  shell: keyof typeof SCRIPTS,
  commands: readonly CommandEntry[],
  output: CommandOutput,
): Promise<number> {
  output.stdout(SCRIPTS[shell](grammarOf(commands)).trimEnd());
  return 0;
}
