// The commands that use the client in the background: attach a console to it, stop it, and every verb of the console as a
// command of its own. None of them starts one.

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert } from '../../foundation/base/assert.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { printable } from '../../foundation/torrent/names.js';
import { attachToClient } from '../attach/connection.js';
import { usableSocketPath } from '../attach/socket-path.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';
import { parseWords, perform } from '../verbs/calls.js';
import type { Result } from '../verbs/results.js';
import { openForeground } from './foreground.js';
import { STOPPED_DEADLINE_MS } from './limits.js';

/** Rejects with NOT_RUNNING when none runs, and as `attachToClient` does. The client is to be closed. */
export async function daemonClient({ values }: Settings): Promise<SwarmClient> {
  const socket = usableSocketPath(values.socket);
  const client = await attachToClient(socket);
  if (client !== undefined) return client;
  throw new MiniTorrentError(
    'NOT_RUNNING',
    `no client is running in the background (nothing listens at ${printable(socket)}); start one with mtorrent daemon --detach`,
  );
}

/** A console; `quit` leaves it, and the client goes on. Rejects with NOT_RUNNING when the client ends under it. */
export async function runAttach(settings: Settings): Promise<number> {
  return talkTo(await daemonClient(settings), settings);
}

/** As `runAttach`, on a client that was found. */
export async function talkTo(client: SwarmClient, settings: Settings): Promise<number> {
  const left = deferred<undefined>();
  const { address, pid } = client.facts;
  const foreground = openForeground({
    client,
    leave: async () => {
      left.resolve(undefined);
      return 'DETACHED';
    },
    farewell: 'the client keeps running in the background; mtorrent attach returns to it, mtorrent stop ends it',
    onLogMoved: () => left.resolve(undefined),
    historyPath: join(settings.values['state-dir'], 'history'),
    color: settings.values.color,
    greeting: `attached to the client at ${printable(address)}, process ${pid}`,
  });
  foreground.start();
  const lost = await Promise.race([left.promise, client.ended]);
  // Of what was asked and is not answered any more each line still gets its result.
  if (lost !== undefined) await nextTurn();
  const code = foreground.finish();
  await client.close();
  if (lost !== undefined) throw lost;
  return code;
}

export async function runStop(settings: Settings, output: CommandOutput): Promise<number> {
  const client = await daemonClient(settings);
  const { address, pid } = client.facts;
  try {
    await within(stopped(client), STOPPED_DEADLINE_MS, () => {
      throw new MiniTorrentError(
        'TIMED_OUT',
        `the client at ${printable(address)} has not stopped within ${STOPPED_DEADLINE_MS / 1_000} s; see its log, or kill it: kill -9 ${pid}`,
      );
    });
  } finally {
    await client.close();
  }
  output.stdout(`stopped the client at ${printable(address)}, process ${pid}`);
  return 0;
}

/** Settles when its socket is gone, which it lets go of last. */
async function stopped(client: SwarmClient): Promise<void> {
  try {
    await client.quit();
  } catch (error) {
    // It was ending already, and was faster.
    if (!(error instanceof MiniTorrentError) || error.code !== 'NOT_RUNNING') throw error;
  }
  await client.ended;
}

/** A line of the console as a command of the shell, which has split it into `words`. */
export async function runVerb(words: readonly string[], settings: Settings, output: CommandOutput): Promise<number> {
  const parsed = parseWords(words, process.cwd());
  if (parsed.kind === 'mistake') throw new MiniTorrentError('INVALID_ARGUMENTS', parsed.sentence);
  assert(parsed.kind === 'call', 'what only a console can do has no command in the shell');
  const client = await daemonClient(settings);
  try {
    print(await perform(parsed, client, process.stdout.isTTY !== true), output);
    return 0;
  } finally {
    await client.close();
  }
}

function print(result: Result, { stdout, stderr }: CommandOutput): void {
  if (result.kind === 'done') stdout(result.sentence);
  else if (result.kind === 'json') stdout(result.json);
  else if (result.rows.length > 0) for (const row of result.rows) stdout(row);
  // Scripts count the rows on stdout.
  else if (result.empty !== '') stderr(result.empty);
}
