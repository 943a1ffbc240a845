// `mtorrent tracker-import`: moves a pair's seeder list into a database that trackers share, or back. The client
// library of the database is loaded only here.

import type { Argv } from 'yargs';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import type { MovedFigures } from '../../../tracking/store/moving/moving.js';
import { IDENTITY_SETTINGS, OPEN_FLAG, settingFlags } from '../../settings/table.js';
import { type ParsedArguments, type RunCommand, settingsOf, terminal } from '../context.js';
import { membershipOf } from '../membership.js';

interface ImportArguments extends ParsedArguments {
  readonly from: string;
  readonly to: string;
}

export function trackerImportCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'tracker-import <from> <to>',
    "merge a tracker's seeder list into a PostgreSQL database, or back",
    (args) =>
      args
        .positional('from', {
          type: 'string',
          demandOption: true,
          describe: 'seeder list that no tracker uses, or postgres://user@host/database',
        })
        .positional('to', { type: 'string', demandOption: true, describe: 'the other one of the two' })
        .options(settingFlags(...IDENTITY_SETTINGS))
        .options(OPEN_FLAG)
        .example('$0 tracker-import seeders.db postgres://seeders@db1/seeders', ''),
    (args) => run(() => runImport(args)),
  );
}

async function runImport(args: ImportArguments): Promise<number> {
  const { credentials } = await membershipOf(await settingsOf(args), 'tracker');
  const { moveSeeders } = await import('../../../tracking/store/moving/moving.js');
  const figures = await moveSeeders(placeOf(args.from), placeOf(args.to), credentials?.root);
  const output = terminal();
  output.stdout(summaryOf(figures));
  if (figures.users > 0)
    output.stderr(
      `${counted(figures.users, 'tracker')} used the database; what it hears from now on is not in the list: stop it and run this again`,
    );
  return 0;
}

function placeOf(text: string): string {
  return /^postgres(ql)?:/i.test(text) ? text : absolutePathOf(text);
}

function summaryOf({ files, proven, entries, leaves, membership }: MovedFigures): string {
  const parts = [
    counted(files, 'file') + (proven === 0 ? '' : ` (${proven.toLocaleString('en')} with piece hashes)`),
    counted(entries, 'entry', 'entries'),
    ...(leaves === 0 ? [] : [counted(leaves, 'departure')]),
    ...(membership === 0 ? [] : [counted(membership, 'record of members', 'records of members')]),
  ];
  return `imported ${parts.join(', ')}`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
