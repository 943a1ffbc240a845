// `mtorrent client`: one client with its console on this terminal or pipe. Parses the four arguments, joins client and
// session, turns signals into `quit`, and answers the exit code.

import { randomInt } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbedded } from '../api/embedded.js';
import { exitCodeOf, MiniTorrentError } from '../base/errors.js';
import type { LogLevel } from '../base/log.js';
import { watchSignals } from '../base/signals.js';
import type { Client } from '../client/actor.js';
import { openConsole } from '../console/open-console.js';
import { parseRate, rateSentence } from '../console/rates.js';
import type { Session } from '../console/session.js';
import { type Address, parseAddress, sameAddress } from '../torrent/address.js';
import { printable } from '../torrent/names.js';
import { letGoOfTerminal } from './terminal.js';

export interface ClientArguments {
  readonly upload: string;
  readonly trackers: readonly [string, string];
  readonly logPath: string;
  readonly stateDir?: string | undefined;
  readonly logLevel: LogLevel;
  readonly uploadLimit: string;
  readonly downloadLimit: string;
}

export async function runClient(args: ClientArguments): Promise<number> {
  const upload = addressOf(args.upload, "the client's address", true);
  const trackers = [
    addressOf(args.trackers[0], 'tracker 1', false),
    addressOf(args.trackers[1], 'tracker 2', false),
  ] as const;
  if (sameAddress(...trackers)) {
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      `both trackers are ${args.trackers[0]}; name the two trackers of a pair`,
    );
  }
  const rates = { up: rateOf(args.uploadLimit), down: rateOf(args.downloadLimit) };
  const stateDir = resolve(args.stateDir ?? defaultStateDirectory(upload));
  const { client, swarm } = await startEmbedded({
    upload,
    trackers,
    stateDir,
    logPath: resolve(args.logPath),
    logLevel: args.logLevel,
    seed: randomInt(0, 2 ** 32),
    rates,
  });
  const { stdin, stdout, stderr, env } = process;
  const session = openConsole({
    client: swarm,
    stdin,
    stdout,
    stderr,
    env,
    historyPath: join(stateDir, 'history'),
    leave: () => swarm.quit(),
    greeting: `this client serves at ${swarm.facts.address}`,
  });
  const stopSignals = quitOnSignals(client, session);
  session.start();
  return finish(client, session, stopSignals);
}

async function finish(client: Client, session: Session, stopSignals: () => Ending): Promise<number> {
  const error = await client.ended;
  session.close();
  process.stdin.destroy();
  const { code, isTerminalGone } = stopSignals();
  if (isTerminalGone) letGoOfTerminal();
  if (error === undefined) return code;
  process.stderr.write(
    `the client cannot go on: ${error instanceof Error ? error.message : String(error)}; see its log file\n`,
  );
  return exitCodeOf('INTERNAL');
}

interface Ending {
  /** Says which signal ended us; 0 without one. */
  readonly code: number;
  readonly isTerminalGone: boolean;
}

/** Answers, when it is told to stop watching, how we came to end. */
function quitOnSignals(client: Client, session: Session): () => Ending {
  let code = 0;
  let isTerminalGone = false;
  const signals = watchSignals({
    onStop: (signal, exitCode) => {
      code = exitCode;
      isTerminalGone ||= signal === 'SIGHUP';
      session.say('closing; once more to end at once');
      session.quit();
    },
    onLogMoved: () => client.logMoved(),
  });
  const onBroken = (error: NodeJS.ErrnoException): void => {
    // Nobody reads our answers any more (EIO: a closed terminal): close quietly. Anything else is a bug.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    isTerminalGone ||= error.code === 'EIO';
    session.quit();
  };
  for (const stream of [process.stdin, process.stdout]) stream.on('error', onBroken);
  return () => {
    signals.unwatch();
    return { code, isTerminalGone };
  };
}

function addressOf(text: string, what: string, allowAnyPort: boolean): Address {
  const address = parseAddress(text, allowAnyPort);
  if (address !== undefined) return address;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `"${printable(text)}" is not ${what}; write ip:port, such as 192.0.2.1:6881`,
  );
}

function rateOf(text: string): number {
  const rate = parseRate(text);
  if (rate === undefined) throw new MiniTorrentError('INVALID_ARGUMENTS', rateSentence(text));
  return rate;
}

function defaultStateDirectory(upload: Address): string {
  const root = process.env['XDG_STATE_HOME'];
  const base = root?.startsWith('/') ? root : join(homedir(), '.local', 'state');
  return join(base, 'mtorrent', `${upload.host.replaceAll(':', '-')}_${upload.port}`);
}
