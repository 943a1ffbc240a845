// `mtorrent stop`: ends the client that runs in the background, and waits until it has ended.

import type { Argv } from 'yargs';
import { within } from '../../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { settingFlags } from '../../settings/table.js';
import { type RunCommand, runningClient, settingsOf, terminal } from '../context.js';
import { STOPPED_DEADLINE_MS } from '../limits.js';

export function stopCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'stop',
    'stop the background client',
    (args) => args.options(settingFlags('socket')).example('$0 stop', ''),
    (args) => run(async () => stop(await runningClient(await settingsOf(args)))),
  );
}

async function stop(client: SwarmClient): Promise<number> {
  const { address, pid } = client.facts;
  const deadlineS = STOPPED_DEADLINE_MS / 1_000;
  let farewell: string;
  try {
    farewell = await within(stopped(client), STOPPED_DEADLINE_MS, () => {
      throw new MiniTorrentError(
        'TIMED_OUT',
        `the client at ${printable(address)} has not stopped within ${deadlineS} s; see its log, or kill it: kill -9 ${pid}`,
      );
    });
  } finally {
    await client.close();
  }
  const { stdout, stderr } = terminal();
  stdout(`stopped the client at ${printable(address)}, process ${pid}`);
  // What was ended by force, and whose disk does not answer.
  const [, by] = /^BYE \((.*)\)$/.exec(farewell) ?? [];
  if (by !== undefined) stderr(printable(by));
  return 0;
}

/** Settles when the client's socket closes, which it does last. Resolves to its last words. */
async function stopped(client: SwarmClient): Promise<string> {
  let farewell = '';
  try {
    farewell = await client.quit();
  } catch (error) {
    // It was already stopping, and ended before it answered.
    if (!(error instanceof MiniTorrentError) || error.code !== 'NOT_RUNNING') throw error;
  }
  await client.ended;
  return farewell;
}
