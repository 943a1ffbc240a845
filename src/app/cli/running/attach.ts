// `mtorrent attach`: a console on the client that runs in the background. Leaving the console leaves the client
// running.

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Argv } from 'yargs';
import { deferred } from '../../../foundation/base/deferred.js';
import { command } from '../../../foundation/base/shell-line.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { Settings } from '../../settings/resolve.js';
import { settingFlags } from '../../settings/table.js';
import { type RunCommand, runningClient, settingsOf, socketWords } from '../context.js';

export function attachCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'attach',
    'open a console on the background client; quit leaves it running',
    (args) => args.options(settingFlags('socket', 'color')).example('$0 attach', ''),
    (args) =>
      run(async () => {
        const settings = await settingsOf(args);
        return openAttachedConsole(await runningClient(settings), settings);
      }),
  );
}

/**
 * Resolves to the exit code once the console is left. Rejects with NOT_RUNNING when the client ends while it is
 * attached. Closes `client`, which keeps running.
 */
export async function openAttachedConsole(client: SwarmClient, settings: Settings): Promise<number> {
  const { openForeground } = await import('./foreground.js');
  const left = deferred<undefined>();
  const { address, pid } = client.facts;
  const at = socketWords(settings);
  const foreground = openForeground({
    client,
    leave: async () => {
      left.resolve(undefined);
      return 'DETACHED';
    },
    farewell: `the client keeps running in the background; ${command('attach', ...at)} returns to it, ${command('stop', ...at)} ends it`,
    onLogMoved: () => left.resolve(undefined),
    historyPath: join(settings.values['state-dir'], 'history'),
    color: settings.values.color,
    greeting: `attached to the client at ${printable(address)}, process ${pid}`,
  });
  foreground.start();
  const lost = await Promise.race([left.promise, client.ended]);
  // Each line whose request was rejected still gets its result.
  if (lost !== undefined) await nextTurn();
  const code = foreground.finish();
  await client.close();
  if (lost !== undefined) throw lost;
  return code;
}
