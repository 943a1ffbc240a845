// `mtorrent get`: downloads one file and ends with it. When it is stopped before, it keeps the pieces it has, and the
// same command continues. A client in the background takes the download over and is only watched, unless it has the
// same content at another place.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Automation } from '../automation/automation.js';
import type { Fetching } from '../library/one-shot.js';
import { CLIENT_SETTINGS, HOOK_SETTINGS, OPEN_FLAG, settingFlags } from '../settings/table.js';
import { prepareAutomation } from './automation.js';
import type { RunCommand } from './context.js';
import { CHOICE_FLAGS } from './folder-flags.js';
import { type GetArguments, isToStdout, type Order, orderOf } from './get-order.js';
import { unfinished } from './get-unfinished.js';
import { type OneShot, OUTPUT_FLAGS, runOneShot } from './one-shot.js';
import { otherShares } from './other-shares.js';
import { showDash } from './standard-stream.js';

export function getCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    ['get <mtorrent> [destination]', 'add'],
    'download a file or folder, and print its path when it is complete',
    (args) =>
      args
        .positional('mtorrent', {
          type: 'string',
          demandOption: true,
          describe: 'its path, a link, or - for standard input',
          coerce: showDash,
        })
        .positional('destination', {
          type: 'string',
          describe: 'a directory, a file name, or - for standard output [default: download-dir]',
          coerce: (word: string | undefined) => (word === undefined ? undefined : showDash(word)),
        })
        .option('seed', { type: 'boolean', default: false, describe: 'then share it until stopped' })
        .option('timeout', { type: 'string', describe: 'give up after this time, and keep the pieces: 90s, 10m, 1h' })
        .option('detach', { type: 'boolean', default: false, describe: 'leave it to the client in the background' })
        .option('save-mtorrent', { type: 'string', describe: 'also write the .mtorrent here, such as that of a link' })
        .option('keep', { type: 'string', describe: 'with -: keep what is written, in this directory or file' })
        .option('part-dir', { type: 'string', describe: 'with -: the pieces lie below this directory until the end' })
        .option('reuse', {
          type: 'string',
          array: true,
          nargs: 1,
          describe:
            'an older version, a file or folder that may have bytes of it; may be repeated. --no-reuse: use none',
        })
        .option('dry-run', { type: 'boolean', default: false, describe: 'only say what of it is here already' })
        .options(CHOICE_FLAGS)
        .options(settingFlags('seed-time', 'seed-ratio', 'address', 'download-dir', 'upload-limit', 'download-limit'))
        .options(settingFlags(...CLIENT_SETTINGS, 'stats-interval', 'state-dir', 'socket'))
        .options(settingFlags(...HOOK_SETTINGS))
        .options(OPEN_FLAG)
        .options(OUTPUT_FLAGS)
        .example('$0 get disk.img.mtorrent', 'into the current directory')
        .example('$0 get disk.img.mtorrent /data/ --timeout 1h', 'the same command continues it')
        .example('$0 get disk.img.mtorrent /data/ --seed-time 30m --json', '')
        .example("$0 get model.mtorrent /data/ --only '*.json'", 'some files of a folder')
        .example('$0 get v2.img.mtorrent /data/ --reuse v1.img', 'fetch only what changed'),
    (args) => run(() => runOneShot(args, (oneShot) => runGet(args, oneShot), isToStdout(args) ? 'stderr' : 'stdout')),
  );
}

/**
 * Resolves to 0 for a complete file, or to the signal's exit code when --seed was ended by one. Rejects with UNFINISHED
 * when a signal came before the end, TIMED_OUT or NO_TRACKER after --timeout, and with what ended the download.
 */
async function runGet(args: GetArguments, run: OneShot): Promise<number> {
  const order = await orderOf(args, run);
  if (args['dry-run']) {
    const { getDryRun } = await import('./get-dry-run.js');
    return getDryRun(order, run, args.json);
  }
  if (isToStdout(args)) {
    const { getToStdout } = await import('./get-stdout.js');
    return getToStdout(order, args, run);
  }
  const { startGet, getOn } = await import('../library/one-shot.js');
  const { background } = run;
  if (background !== undefined) {
    try {
      return await fetch(order, getOn(background, order.plan), run);
    } catch (error) {
      if (order.detach || !isElsewhere(error)) throw error;
      run.reporter.detail(`${error.message}: this command gets it alone`);
    }
  }
  const { credentials } = await run.membershipAt(order.plan.metainfo.trackers);
  const shares = { otherShares: () => otherShares(run) };
  const automate = await prepareAutomation(run.settings);
  const fetching = await startGet(order.plan, { ...run.clientConfig, ...shares, credentials });
  const automation = automate(fetching, (level, sentence) => run.reporter.notice(level, sentence));
  let endHttp = async (): Promise<void> => undefined;
  try {
    endHttp = await run.serveHttp(fetching.client);
    return await fetch(order, fetching, run, automation);
  } finally {
    await endHttp();
    await automation.close();
    await fetching.close();
  }
}

/** The client in the background has the same content at another place, where it stays. */
function isElsewhere(error: unknown): error is MiniTorrentError {
  return error instanceof MiniTorrentError && error.code === 'ALREADY_EXISTS';
}

async function fetch(order: Order, fetching: Fetching, run: OneShot, automation?: Automation): Promise<number> {
  const { plan, trackers, detach, seedMs, seedRatio } = order;
  const { client, begin, stateDir } = fetching;
  const { reporter } = run;
  const isOurs = stateDir !== undefined;
  const { target: path, mtorrentPath: mtorrent } = plan;
  const { address } = client.facts;
  if (isOurs) reporter.detail(`this client serves at ${address}; its state and log are in ${stateDir}`);
  reporter.started({ command: 'get', path, mtorrent, trackers, address, background: !isOurs });
  if (detach) {
    reporter.result((await begin()).path);
    return 0;
  }
  const end = await run.follow(fetching, plan.target, order.timeoutMs).catch(async (error: unknown) => {
    await run.firstOf(automation?.idle() ?? Promise.resolve());
    throw error;
  });
  if (end.kind !== 'done') throw await unfinished(end, order, client, isOurs);
  reporter.completed(end.value);
  reporter.result(end.value.path);
  const rested = await run.firstOf(automation?.idle() ?? Promise.resolve());
  if (rested.kind === 'stopped') return rested.exitCode;
  return isOurs && seedMs !== 0 ? run.seed(client, end.value.path, seedMs, seedRatio) : 0;
}
