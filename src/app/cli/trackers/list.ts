// `mtorrent list`: what a pair of trackers lists, with the links that fetch it. Asks the trackers that are named or
// set, else those of the client in the background.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { NAME_BYTES_MAX } from '../../../foundation/base/limits.js';
import { addressFrom } from '../../../foundation/torrent/address.js';
import { type TrackerList, trackerList } from '../../../foundation/torrent/tracker-pair.js';
import type { Settings } from '../../settings/resolve.js';
import { IDENTITY_SETTINGS, OPEN_FLAG, settingFlags } from '../../settings/table.js';
import { clientConfigOf } from '../client-config.js';
import { backgroundClient, type ParsedArguments, type RunCommand, settingsOf, terminal } from '../context.js';
import { membershipAt, membershipOf, passageOf } from '../membership.js';

interface ListArguments extends ParsedArguments {
  readonly text?: string | undefined;
  readonly json: boolean;
}

export function listCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'list [text]',
    'list what is shared, with the links that fetch it',
    (args) =>
      args
        .positional('text', { type: 'string', describe: 'a part of its name, in any case' })
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags('socket', ...IDENTITY_SETTINGS))
        .options(OPEN_FLAG)
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .example('$0 list llama -t 192.0.2.1:7001 -t 192.0.2.2:7001', ''),
    (args) => run(() => runList(args)),
  );
}

async function runList(args: ListArguments): Promise<number> {
  const text = args.text ?? '';
  if (Buffer.byteLength(text) > NAME_BYTES_MAX)
    throw new MiniTorrentError('INVALID_ARGUMENTS', `no name has more than ${NAME_BYTES_MAX} bytes; name a part of it`);
  const settings = await settingsOf(args);
  const trackers = await trackersOf(settings);
  const { credentials } = await membershipAt(trackers, await membershipOf(settings, 'client'), settings);
  const { listFiles } = await import('../../../tracking/tracker/listing.js');
  const passage = await passageOf(credentials);
  const files = await listFiles(trackers, text, passage);
  const { listedJson, listedLine, nothingListed } = await import('../../verbs/results.js');
  const { stdout, stderr } = terminal();
  if (args.json) stdout(listedJson(files));
  else for (const file of files) stdout(listedLine(file));
  // On stderr, so that a script that counts rows finds none.
  if (files.length === 0 && !args.json) stderr(nothingListed(text));
  return 0;
}

async function trackersOf(settings: Settings): Promise<TrackerList> {
  const { trackers } = clientConfigOf(settings).pair;
  if (trackers !== undefined) return trackers;
  const client = await backgroundClient(settings, terminal().stderr);
  try {
    const list = trackerList(client?.facts.trackers.map((tracker) => addressFrom(tracker, 'a tracker')) ?? []);
    if (list !== undefined) return list;
  } finally {
    await client?.close();
  }
  throw new MiniTorrentError('INVALID_ARGUMENTS', 'no trackers are set; name both: -t ip:port -t ip:port');
}
