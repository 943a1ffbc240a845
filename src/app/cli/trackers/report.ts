// `mtorrent report`: how a swarm did, from what its members told the trackers. A .mtorrent or a link says which, and
// needs no client; any other name is one of the client in the background.

import type { Argv } from 'yargs';
import { isLink } from '../../../foundation/torrent/link.js';
import type { SwarmReport } from '../../library/swarm-report.js';
import { IDENTITY_SETTINGS, OPEN_FLAG, settingFlags } from '../../settings/table.js';
import { clientConfigOf } from '../client-config.js';
import { type ParsedArguments, type RunCommand, runningClient, settingsOf, terminal } from '../context.js';
import { membershipAt, membershipOf } from '../membership.js';
import { metainfoFrom } from '../metainfo-argument.js';

interface ReportArguments extends ParsedArguments {
  readonly name: string;
  readonly json: boolean;
}

export function reportCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'report <name>',
    'show how long a swarm took, and who sent how much',
    (args) =>
      args
        .positional('name', {
          type: 'string',
          demandOption: true,
          describe: 'a .mtorrent, a link, or a file of the background client',
        })
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags('socket', 'allow-host-names', ...IDENTITY_SETTINGS))
        .options(OPEN_FLAG)
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .example('$0 report disk.img.mtorrent', ''),
    (args) => run(() => runReport(args)),
  );
}

async function runReport(args: ReportArguments): Promise<number> {
  const report = await (namesMtorrent(args.name) ? fromMtorrent(args) : fromClient(args));
  const { reportJson, reportLines } = await import('../../verbs/report-lines.js');
  const { stdout } = terminal();
  for (const line of args.json ? [reportJson(report)] : reportLines(report)) stdout(line);
  return 0;
}

function namesMtorrent(word: string): boolean {
  return isLink(word) || word.endsWith('.mtorrent');
}

async function fromMtorrent(args: ReportArguments): Promise<SwarmReport> {
  const metainfo = await metainfoFrom(args.name, args);
  const settings = await settingsOf(args);
  const { trackers } = metainfo;
  const { credentials } = await membershipAt(trackers, await membershipOf(settings, 'client'), settings);
  const { reportOf } = await import('../../library/reports.js');
  return reportOf(metainfo, clientConfigOf(settings).pair.trackers, credentials);
}

async function fromClient(args: ReportArguments): Promise<SwarmReport> {
  const client = await runningClient(await settingsOf(args));
  try {
    return await client.report(args.name);
  } finally {
    await client.close();
  }
}
