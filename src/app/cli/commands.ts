// The command line: assembles the parser from the declaration of each command. The parser is loaded only when there is
// something to parse, so that `--help` is instant. Checks the shape of arguments; what they mean is checked where they
// are used.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { programVersion } from '../../foundation/base/installation.js';
import { nearest } from '../../foundation/base/nearest.js';
import { command } from '../../foundation/base/shell-line.js';
import { refuseGarbled } from '../../foundation/base/surroundings.js';
import { printable } from '../../foundation/torrent/names.js';
import { type CommandEntry, commandTable } from '../completion/command-table.js';
import { completionCommand } from './completion.js';
import { configCommand } from './config.js';
import type { RunCommand } from './context.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { refuseHungPlaces } from './hung-places.js';
import { lineMistake } from './line-mistakes.js';
import { createCommand } from './metainfo/create.js';
import { infoCommand } from './metainfo/info.js';
import { signCommand } from './metainfo/sign.js';
import { verifyCommand } from './metainfo/verify.js';
import { getCommand } from './one-shot/get.js';
import { shareCommand } from './one-shot/share.js';
import { overview } from './overview.js';
import { attachCommand } from './running/attach.js';
import { clientCommand } from './running/client.js';
import { daemonCommand } from './running/daemon.js';
import { homeCommand, runHome } from './running/home.js';
import { stopCommand } from './running/stop.js';
import { hideDashes, showDashes } from './standard-stream.js';
import { swarmCommands } from './swarm/swarm.js';
import { listCommand } from './trackers/list.js';
import { reportCommand } from './trackers/report.js';
import { trackerCommands } from './trackers/tracker.js';
import { trackerImportCommand } from './trackers/tracker-import.js';
import { verbCommands } from './verbs.js';

/** Longer lines are hard to read. */
const COLUMNS_MAX = 110;

/** Thrown by a handler to stop yargs: if it returned, yargs would render the full help text. */
const PARSED = new Error('the line is parsed');

/** In the order in which `--help` lists them. */
export function declare(parser: Argv, run: RunCommand): void {
  homeCommand(parser, run);
  clientCommand(parser, run);
  shareCommand(parser, run);
  getCommand(parser, run);
  daemonCommand(parser, run);
  attachCommand(parser, run);
  stopCommand(parser, run);
  listCommand(parser, run);
  reportCommand(parser, run);
  verbCommands(parser, run);
  trackerCommands(parser, run);
  trackerImportCommand(parser, run);
  swarmCommands(parser, run);
  createCommand(parser, run);
  signCommand(parser, run);
  infoCommand(parser, run);
  verifyCommand(parser, run);
  configCommand(parser, run);
  doctorCommand(parser, run);
  completionCommand(parser, run, declaredCommands);
  demoCommand(parser, run);
}

/**
 * Runs the command that `words` name; answers its exit code. Throws MiniTorrentError, INVALID_ARGUMENTS for a bad line.
 */
export async function commandLine(words: readonly string[]): Promise<number> {
  const instant = instantAnswer(words);
  if (instant !== undefined) {
    process.stdout.write(`${instant}\n`);
    return 0;
  }
  for (const word of words) refuseGarbled(word.replace(/^--[\w-]+=/, ''), 'an argument');
  // Nothing to parse either: the prompt appears sooner.
  if (words.length === 0) return runHome({});
  const table = declaredCommands();
  refuseStranger(words, table);
  const mistake = lineMistake(words, table);
  if (mistake !== undefined) throw new MiniTorrentError('INVALID_ARGUMENTS', mistake);
  const { default: yargs } = await import('yargs');
  // What `get --help` leaves to do.
  let work = (): Promise<number> => Promise.resolve(0);
  const run: RunCommand = (named) => {
    work = named;
    throw PARSED;
  };
  const parser = yargs(hideDashes(words))
    .scriptName('mtorrent')
    .usage('$0 <command>')
    .strict()
    .wrap(columnsOf())
    .alias('h', 'help')
    // yargs itself would take the version of the package around the link that it was called by.
    .version(programVersion())
    .alias('V', 'version')
    .exitProcess(false)
    .middleware(showDashes)
    .fail((message, error) => {
      if (error !== undefined && error !== null && !(error instanceof MiniTorrentError) && error.name !== 'YError')
        throw error;
      if (error instanceof MiniTorrentError) throw error;
      throw new MiniTorrentError(
        'INVALID_ARGUMENTS',
        `${(message ?? error?.message ?? '').replaceAll('\n', ' ')} (${command('--help')})`,
      );
    });
  declare(parser, run);
  try {
    await parser.parseAsync();
  } catch (error) {
    if (error !== PARSED) throw error;
  }
  await refuseHungPlaces(words, process.env);
  return work();
}

/** The output of a line that needs no parser. */
function instantAnswer(words: readonly string[]): string | undefined {
  const [word, ...more] = words;
  if (more.length > 0) return undefined;
  if (word === '--version' || word === '-V') return programVersion();
  return word === '--help' || word === '-h' ? overview(declaredCommands(), columnsOf()) : undefined;
}

function columnsOf(): number {
  return Math.min(COLUMNS_MAX, process.stdout.columns ?? COLUMNS_MAX);
}

/** Every command, as completion, suggestions and the manual need them. */
export function declaredCommands(): readonly CommandEntry[] {
  return commandTable((parser) => declare(parser, () => undefined));
}

/** Refuses a mistyped command, which yargs would take for an argument of the default command. */
function refuseStranger(words: readonly string[], table: readonly CommandEntry[]): void {
  const names = table.flatMap((command) => [command.words, ...command.aliases]);
  let above = '';
  for (const word of words) {
    const siblings = names.filter(
      (name) => name !== '' && name.startsWith(above) && !name.slice(above.length).includes(' '),
    );
    // A command without subcommands takes arguments.
    if (word.startsWith('-') || siblings.length === 0) return;
    if (!siblings.includes(`${above}${word}`)) throw stranger(`${above}${word}`, siblings);
    above = `${above}${word} `;
  }
}

function stranger(words: string, siblings: readonly string[]): MiniTorrentError {
  const near = nearest(words, siblings);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `there is no command "${printable(words)}"${hint} (${command('--help')})`,
  );
}
