// `mtorrent get`: downloads one file and ends with it. When it is stopped before, it keeps the pieces it has, and the
// same command continues. A client in the background takes the download over and is only watched, unless it has the
// same content at another place.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command } from '../../../foundation/base/shell-line.js';
import { writeMetainfo } from '../../../transfer/storage/metainfo-file.js';
import type { GetPlan } from '../../library/get-plan.js';
import { CLIENT_SETTINGS, HOOK_SETTINGS, OPEN_FLAG, settingFlags } from '../../settings/table.js';
import type { RunCommand } from '../context.js';
import { CHOICE_FLAGS } from '../metainfo/folder-flags.js';
import { mtorrentPathOf } from '../mtorrent-argument.js';
import { STANDARD_STREAM, showDash } from '../standard-stream.js';
import { getAlone } from './get-alone.js';
import { getInBackground } from './get-in-background.js';
import { type GetArguments, isToStdout, type Order, orderOf } from './get-order.js';
import { type OneShot, OUTPUT_FLAGS, runOneShot } from './one-shot.js';

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
  const order = orderOf(args, run.settings);
  if (order.detach && run.background === undefined) throw nobodyToLeaveItTo();
  run.cancellation.limitTo(order.timeoutMs);
  const plan = await planOf(order, run);
  if (order.isDryRun) {
    const { getDryRun } = await import('./get-dry-run.js');
    return getDryRun(plan, run, args.json);
  }
  if (order.stream !== undefined) {
    const { getToStdout } = await import('./get-stdout.js');
    return getToStdout(order, order.stream, plan, run);
  }
  const { background } = run;
  const handedOver = background === undefined ? undefined : await getInBackground(order, plan, background, run);
  return handedOver ?? getAlone(order, plan, run);
}

/** Reads the .mtorrent. */
async function planOf({ source, destination, copyPath, place, wish }: Order, run: OneShot): Promise<GetPlan> {
  const path = await mtorrentPathOf(source, destination, run);
  const isOwnMtorrent = source === STANDARD_STREAM;
  const { planGet } = await import('../../library/get-plan.js');
  const plan = await planGet(path, place, { mayName: run.config.mayName, wish, isOwnMtorrent });
  if (copyPath !== undefined) await writeMetainfo(copyPath, plan.metainfo, { overwrite: false });
  return plan;
}

function nobodyToLeaveItTo(): MiniTorrentError {
  const start = command('daemon', '--detach');
  const sentence = `no client runs in the background to leave the download to; start one with: ${start}`;
  return new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}
