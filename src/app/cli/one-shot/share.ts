// `mtorrent share`: makes a .mtorrent and shares its file until a signal comes. A client in the background takes the
// file over, and then the command ends at once. Without any trackers it uses this user's own pair.

import { basename } from 'node:path';
import type { Argv } from 'yargs';
import { command } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import type { TrackerPair } from '../../home/pair.js';
import { linkOf } from '../../library/links.js';
import type { Sharing as SharingFile } from '../../library/one-shot.js';
import type { Sharing, SwarmClient } from '../../library/swarm-client.js';
import { CLIENT_SETTINGS, OPEN_FLAG, SIGN_FLAG, settingFlags } from '../../settings/table.js';
import { type RunCommand, terminal } from '../context.js';
import { membershipOn } from '../membership.js';
import { FOLDER_FLAGS, type FolderArguments } from '../metainfo/folder-flags.js';
import { relayNotices, reportHashing, seed } from './following.js';
import { type OneShot, type OneShotArguments, OUTPUT_FLAGS, runOneShot } from './one-shot.js';
import { serveHttp } from './own-client.js';
import { tellUnused } from './unused-flags.js';

interface ShareArguments extends OneShotArguments, FolderArguments {
  readonly file: string;
  /** The .mtorrent; `<name>.mtorrent` in the current directory when absent. */
  readonly output: string | undefined;
  readonly unlisted: boolean;
}

export function shareCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    ['share <file>', 'seed'],
    'share a file or folder until stopped; prints the path of its .mtorrent',
    (args) =>
      args
        .positional('file', { type: 'string', demandOption: true })
        .option('output', { alias: 'o', type: 'string', describe: 'the .mtorrent [default: <name>.mtorrent here]' })
        .option('unlisted', {
          type: 'boolean',
          default: false,
          describe: `keep it out of what \`${command('list')}\` shows; whoever has its .mtorrent can fetch it`,
        })
        .options(SIGN_FLAG)
        .options(FOLDER_FLAGS)
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags('address', 'upload-limit', ...CLIENT_SETTINGS, 'stats-interval', 'state-dir', 'socket'))
        .options(OPEN_FLAG)
        .options(OUTPUT_FLAGS)
        .example('$0 share disk.img', 'on your trackers, or on a pair that is started for it')
        .example('$0 share disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001 -o images/disk.mtorrent', ''),
    (args) => run(() => runOneShot(args, (oneShot) => runShare(args, oneShot))),
  );
}

interface Names {
  readonly path: string;
  /** As it is printed. */
  readonly output: string;
  readonly mtorrent: string;
  readonly options: Sharing;
}

/**
 * Resolves to the exit code by which a shell knows the signal, or to 0 when a client in the background shares the file.
 */
async function runShare(args: ShareArguments, run: OneShot): Promise<number> {
  const path = absolutePathOf(args.file);
  const output = args.output ?? `${basename(path).normalize('NFC')}.mtorrent`;
  const { exclude, skipUnshareable, followLinks, mtimes, mode, unlisted } = args;
  const options = {
    exclude,
    skipUnshareable,
    followLinks,
    mtimes,
    mode,
    isListed: !unlisted,
    isSigned: run.settings.values.sign,
  };
  const names = { path, output, mtorrent: absolutePathOf(output), options };
  return run.background === undefined ? shareHere(names, run) : handOver(names, run.background, run);
}

async function handOver(names: Names, client: SwarmClient, run: OneShot): Promise<number> {
  const { path, output, mtorrent, options } = names;
  const { reporter } = run;
  tellUnused(run, client);
  reporter.started({ command: 'share', path, mtorrent, ...client.facts, background: true });
  await reportHashing(client.share(path, mtorrent, options), client, path, reporter);
  // The .mtorrent is this share's alone; the file may be known by several, or reached through a symbolic link.
  reporter.seeding(await client.file(mtorrent));
  reporter.result(output);
  reporter.linked(mtorrent, await linkOf(mtorrent));
  return 0;
}

async function shareHere(names: Names, run: OneShot): Promise<number> {
  const { startShare } = await import('../../library/one-shot.js');
  const pair = await startTrackers(run);
  try {
    const { credentials, remark } = await membershipOn(pair, run.membership, run.settings);
    const config = { ...run.clientConfig, credentials };
    const sharing = await startShare(names.path, names.mtorrent, pair.trackers, config, names.options);
    let endHttp = async (): Promise<void> => undefined;
    try {
      endHttp = await serveHttp(sharing.client, run);
      return await shareUntilStopped(names, sharing, run, remark);
    } finally {
      await endHttp();
      await sharing.close();
    }
  } finally {
    await pair.close();
  }
}

async function startTrackers({ config, reporter }: OneShot): Promise<TrackerPair> {
  const { startPair } = await import('../../home/pair.js');
  const pair = await startPair({ ...config.pair, onTrouble: (sentence) => reporter.notice('bad', sentence) });
  for (const note of pair.notes) reporter.notice('bad', note);
  const both = pair.trackers.map(formatAddress).join(' and ');
  if (pair.isOurs) reporter.notice('good', `no trackers are set; started a pair in this process: ${both}`);
  return pair;
}

async function shareUntilStopped(
  names: Names,
  { client, begin }: SharingFile,
  run: OneShot,
  remark: string | undefined,
): Promise<number> {
  const { path, output, mtorrent } = names;
  const { reporter } = run;
  const unlisten = relayNotices(client, reporter);
  reporter.started({ command: 'share', path, mtorrent, ...client.facts, background: false });
  // No event: it is about this process, not about the file.
  if (remark !== undefined) terminal().stderr(remark);
  reporter.detail(`this client serves at ${client.facts.address}`);
  try {
    const begun = await run.cancellation.firstOf(reportHashing(begin(), client, path, reporter));
    if (begun.kind !== 'done') return begun.kind === 'stopped' ? begun.exitCode : 0;
    reporter.result(output);
    reporter.linked(mtorrent, await linkOf(mtorrent));
    return await seed(client, mtorrent, run);
  } finally {
    unlisten();
  }
}
