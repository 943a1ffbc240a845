// Declares a shell command for each verb of a running client that has one. The words go through the table of verbs
// again when the command runs, so a verb means the same in the shell and in the console.

import type { Argv } from 'yargs';
import { assert } from '../../foundation/base/assert.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { SURROUNDINGS } from '../../foundation/base/surroundings.js';
import { printable } from '../../foundation/torrent/names.js';
import { settingFlags } from '../settings/table.js';
import { parseWords, perform } from '../verbs/calls.js';
import { placesOf } from '../verbs/places.js';
import type { Result } from '../verbs/results.js';
import { VERBS } from '../verbs/table.js';
import type { Verb } from '../verbs/verb.js';
import { type ParsedArguments, type RunCommand, runningClient, settingsOf, terminal } from './context.js';

export function verbCommands(parser: Argv, run: RunCommand): void {
  for (const verb of VERBS) if (verb.shell !== undefined) verbCommand(parser, run, verb);
}

function verbCommand(parser: Argv, run: RunCommand, verb: Verb): void {
  const { name, forms, shell } = verb;
  const places = placesOf(verb);
  const flags = forms.flatMap(({ flag }) => (flag === undefined ? [] : [flag]));
  const flagged = forms.flatMap(({ takes }) => Object.values(takes).filter(({ flag }) => flag !== undefined));
  const usage = places.map((place) => (place.isRequired ? `<${place.name}>` : `[${place.name}]`));
  parser.command(
    [name, ...usage].join(' '),
    shell?.summary ?? forms[0]?.purpose ?? '',
    (args: Argv) => {
      for (const place of places)
        args.positional(place.name, {
          type: 'string',
          demandOption: place.isRequired,
          describe: place.description,
          ...(place.fallback === undefined ? {} : { default: place.fallback }),
        });
      for (const flag of flags)
        args.option(flag.name, {
          type: 'boolean',
          default: false,
          describe: flag.purpose,
          ...(flag.short === undefined ? {} : { alias: flag.short }),
        });
      for (const { flag = '', description } of flagged)
        args.option(flag, { type: 'string', requiresArg: true, describe: description });
      for (const line of shell?.examples ?? []) args.example(`$0 ${line}`, '');
      return args.options(settingFlags('socket'));
    },
    (args: ParsedArguments) => {
      const words = places.map((place) => args[place.name]).filter((word) => word !== undefined);
      const given = flags.filter((flag) => args[flag.name] === true).map((flag) => `--${flag.name}`);
      const behindFlags = flagged.flatMap(({ flag = '' }) =>
        args[flag] === undefined ? [] : [`--${flag}`, String(args[flag])],
      );
      run(() => runVerb([name, ...words.map(String), ...given, ...behindFlags], args));
    },
  );
}

async function runVerb(words: readonly string[], args: ParsedArguments): Promise<number> {
  const parsed = parseWords(words, SURROUNDINGS);
  if (parsed.kind === 'mistake') throw new MiniTorrentError('INVALID_ARGUMENTS', parsed.sentence);
  assert(parsed.kind === 'call', 'a verb that the console answers is not a command of the shell');
  const client = await runningClient(await settingsOf(args));
  const output = terminal();
  // What a change leaves undone is told by a notice before its answer.
  if (!parsed.form.isQuestion)
    client.listen((event) => {
      if (event.kind === 'notice' && event.level === 'bad') output.stderr(printable(event.sentence));
    });
  try {
    print(await perform(parsed, client, process.stdout.isTTY !== true), output);
    return 0;
  } finally {
    await client.close();
  }
}

function print(result: Result, { stdout, stderr }: CommandOutput): void {
  if (result.kind === 'done') stdout(result.sentence);
  else if (result.kind === 'json') stdout(result.json);
  else if (result.rows.length > 0) for (const row of result.rows) stdout(row);
  // On stderr, so that a script that counts rows finds none.
  else if (result.empty !== '') stderr(result.empty);
}
