// Declares a shell command for each row of the table of verbs that has one. The words go back through that table when the
// command runs, so a verb means the same in the shell and in the console.

import type { Argv } from 'yargs';
import { settingFlags } from '../settings/table.js';
import { placesOf } from '../verbs/places.js';
import { VERBS } from '../verbs/table.js';
import type { Verb } from '../verbs/verb.js';
import { type RunCommand as Ends, terminal } from './context.js';

type Written = Readonly<Record<string, unknown>>;

export function verbWords(parser: Argv, ends: Ends): void {
  for (const verb of VERBS) if (verb.shell !== undefined) declareVerb(parser, ends, verb);
}

function declareVerb(parser: Argv, ends: Ends, verb: Verb): void {
  const { name, forms, shell } = verb;
  const places = placesOf(verb);
  const flags = forms.flatMap(({ flag }) => (flag === undefined ? [] : [flag]));
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
      for (const line of shell?.examples ?? []) args.example(`$0 ${line}`, '');
      return args.options(settingFlags('socket'));
    },
    (args: Written) => {
      const words = places.map((place) => args[place.name]).filter((word) => word !== undefined);
      const given = flags.filter((flag) => args[flag.name] === true).map((flag) => `--${flag.name}`);
      ends(() => run([name, ...words.map(String), ...given], args));
    },
  );
}

async function run(words: readonly string[], args: Written): Promise<number> {
  const { runVerb } = await import('./running-daemon.js');
  const { loadSettings } = await import('../settings/load.js');
  return runVerb(words, await loadSettings(args), terminal());
}
