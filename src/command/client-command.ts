// `mtorrent client`: one client with its console on this terminal or pipe. Parses the four arguments, joins client and
// session, turns signals into `quit`, and answers the exit code.

import { randomInt } from 'node:crypto';
import { join, resolve } from 'node:path';
import { startEmbedded } from '../api/embedded.js';
import type { SwarmClient } from '../api/swarm-client.js';
import { exitCodeOf, MiniTorrentError } from '../base/errors.js';
import { watchSignals } from '../base/signals.js';
import type { Client } from '../client/actor.js';
import { PipedLines } from '../console/piped-lines.js';
import { helpText } from '../console/requests.js';
import { Screen } from '../console/screen.js';
import { Session } from '../console/session.js';
import { PeopleVoice, ScriptVoice } from '../console/voices.js';
import type { Settings } from '../settings/resolve.js';
import { type Address, parseAddress, sameAddress } from '../torrent/address.js';
import { printable } from '../torrent/names.js';
import { letGoOfTerminal } from './terminal.js';

export interface ClientArguments {
  readonly upload: string;
  readonly trackers: readonly [string, string];
  readonly logPath: string;
  readonly settings: Settings;
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
  const { values } = args.settings;
  const { client, swarm } = await startEmbedded({
    upload,
    trackers,
    stateDir: stateDirectory(args.settings, upload),
    logPath: resolve(args.logPath),
    logLevel: values['log-level'],
    seed: randomInt(0, 2 ** 32),
    rates: { up: values['upload-limit'], down: values['download-limit'] },
  });
  const session = openSession(swarm);
  process.stderr.write(`this client serves at ${swarm.facts.address}\n`);
  const stopSignals = quitOnSignals(client, session);
  session.start();
  return finish(client, session, stopSignals);
}

function openSession(client: SwarmClient): Session {
  const { stdin, stdout, stderr } = process;
  const leave = (): Promise<string> => client.quit();
  if (stdin.isTTY !== true || stdout.isTTY !== true)
    return new Session({
      client,
      source: new PipedLines(stdin),
      voice: new ScriptVoice(stdout, stderr),
      ascii: true,
      leave,
    });
  const screen = new Screen(stdin, stdout);
  screen.print(helpText());
  return new Session({
    client,
    source: screen,
    voice: new PeopleVoice((text) => screen.print(text)),
    ascii: false,
    leave,
  });
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
      process.stderr.write('closing; once more to end at once\n');
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

/** Clients of one machine that were given none keep theirs apart. */
function stateDirectory({ values, origins }: Settings, { host, port }: Address): string {
  const directory = values['state-dir'];
  return origins['state-dir'].kind === 'default' ? join(directory, `${host.replaceAll(':', '-')}_${port}`) : directory;
}
