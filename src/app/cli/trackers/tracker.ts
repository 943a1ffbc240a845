// `mtorrent tracker`, `tracker-list` and `tracker-status`: runs one tracker of a pair, prints the seeder list of one,
// asks a running one how it is.

import type { Argv } from 'yargs';
import { serviceLines } from '../../../foundation/base/journal.js';
import { command } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { type Address, addressFrom, formatAddress } from '../../../foundation/torrent/address.js';
import { parseListenAddress } from '../../../foundation/torrent/listen-address.js';
import type { JoinCa } from '../../../tracking/tracker/start.js';
import type { Settings } from '../../settings/resolve.js';
import { HTTP_SETTINGS, IDENTITY_SETTINGS, LOG_SETTINGS, OPEN_FLAG, settingFlags } from '../../settings/table.js';
import { addressWaitOf, logStyleOf } from '../client-config.js';
import { type ParsedArguments, type RunCommand, settingsOf, terminal } from '../context.js';
import { guestPassage, membershipOf } from '../membership.js';
import { tellReady } from '../running/service-ready.js';
import { optimizeLater } from '../tiering.js';

const TRACKER_SETTINGS = ['address-wait', 'card-life', 'join-ca', 'join-ca-role'] as const;
const A_TRACKER = "a tracker's address";

interface TrackerArguments extends ParsedArguments {
  readonly own: string;
  readonly other: string;
  readonly seederlist: string;
  readonly log: string;
  readonly cluster?: string | undefined;
  readonly list: boolean;
}

interface StatusArguments extends ParsedArguments {
  readonly address: string;
  readonly json: boolean;
}

export function trackerCommands(parser: Argv, run: RunCommand): void {
  parser.command(
    'tracker <own> <other> <seederlist> <log>',
    'run one of the two trackers of a pair',
    (args) =>
      args
        .positional('own', { type: 'string', demandOption: true, describe: 'ip:port to listen on' })
        .positional('other', { type: 'string', demandOption: true, describe: 'ip:port of the other tracker' })
        .positional('seederlist', {
          type: 'string',
          demandOption: true,
          describe: 'SQLite file with every seeder, or postgres://user@host/database',
        })
        .positional('log', { type: 'string', demandOption: true, describe: 'log file, appended to' })
        .option('cluster', {
          type: 'string',
          describe: 'a name for the pair, the same at both; needed if they reach each other at other addresses',
        })
        // How the line is read: what a person writes is its negation.
        .option('list', { type: 'boolean', default: true, hidden: true })
        .option('no-list', {
          type: 'boolean',
          describe: `tell nobody what is shared who does not know its key: \`${command('list')}\` finds nothing here`,
        })
        .options(settingFlags(...TRACKER_SETTINGS, ...IDENTITY_SETTINGS, ...HTTP_SETTINGS, ...LOG_SETTINGS))
        .options(OPEN_FLAG)
        .example('$0 tracker 192.0.2.1:7001 192.0.2.2:7001 seeders.db tracker.log', ''),
    (args) => run(() => runTracker(args)),
  );
  parser.command(
    'tracker-list <seederlist>',
    "print a tracker's seeder list, even while the tracker runs",
    (args) =>
      args
        .positional('seederlist', { type: 'string', demandOption: true })
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' }),
    (args) => run(() => runTrackerList(args.seederlist, args.json)),
  );
  parser.command(
    'tracker-status <address>',
    'show the state of a running tracker and its partner',
    (args) =>
      args
        .positional('address', { type: 'string', demandOption: true, describe: 'ip:port' })
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .options(settingFlags(...IDENTITY_SETTINGS))
        .options(OPEN_FLAG),
    (args) => run(() => runTrackerStatus(args)),
  );
}

async function runTracker(args: TrackerArguments): Promise<number> {
  const settings = await settingsOf(args, { log: '<log>' });
  const log = logStyleOf(settings);
  const { credentials, openRoot, remark } = await membershipOf(settings, 'tracker');
  const own = await ownAddress(args.own, addressWaitOf(settings));
  const partner = addressFrom(args.other, A_TRACKER);
  const isDatabase = /^postgres(ql)?:/i.test(args.seederlist);
  const seederListPath = isDatabase ? args.seederlist : absolutePathOf(args.seederlist);
  const { runTracker: runUntilStopped } = await import('../../../tracking/tracker/main.js');
  return runUntilStopped(
    {
      own,
      partner,
      seederListPath,
      log: { ...log, path: absolutePathOf(args.log) },
      cluster: args.cluster,
      lists: args.list,
      credentials,
      openRoot,
      cardLifeS: settings.values['card-life'] / 1_000,
      joinCa: credentials === undefined ? undefined : await joinCaOf(settings),
    },
    async (tracker) => {
      if (remark !== undefined) process.stderr.write(serviceLines(remark, 'notice'));
      optimizeLater();
      const { openTrackerEndpoints } = await import('../running/endpoints.js');
      const tokenBeside = absolutePathOf(isDatabase ? args.log : args.seederlist);
      const close = await openTrackerEndpoints(settings, { ...tracker, partner }, credentials, tokenBeside);
      void tellReady(`listening at ${formatAddress(own)}`);
      return close;
    },
  );
}

async function joinCaOf({ values }: Settings): Promise<JoinCa | undefined> {
  const file = values['join-ca'];
  if (file === undefined) return undefined;
  const { readCertificates } = await import('../../identity/other-authority.js');
  const { ROLES } = await import('../../../foundation/identity/powers.js');
  return { pem: (await readCertificates(file)).join('\n'), powers: ROLES[values['join-ca-role']] };
}

/** An interface or a network becomes its address, by which the partner knows this tracker; a host name stays. */
async function ownAddress(text: string, waitMs: number): Promise<Address> {
  const own = parseListenAddress(text) ?? addressFrom(text, A_TRACKER, { allowAnyPort: true });
  const { waitForAddress } = await import('../../library/address-wait.js');
  await waitForAddress(own.host, { waitMs, say: terminal().stderr });
  const { isInterfaceOrNetwork, numericHost } = await import('../../library/own-address.js');
  if (isInterfaceOrNetwork(own.host)) return { host: await numericHost(own.host), port: own.port };
  return addressFrom(text, A_TRACKER, { allowAnyPort: true });
}

async function runTrackerList(path: string, json: boolean): Promise<number> {
  const { listSeeders } = await import('../../../tracking/store/sqlite/list.js');
  terminal().stdout((await listSeeders(absolutePathOf(path), { json })).trimEnd());
  return 0;
}

async function runTrackerStatus(args: StatusArguments): Promise<number> {
  const tracker = addressFrom(args.address, A_TRACKER);
  const passage = await guestPassage(tracker, await settingsOf(args));
  const { trackerStatus } = await import('../../../tracking/tracker/status.js');
  terminal().stdout(await trackerStatus(tracker, { json: args.json, passage }));
  return 0;
}
