// A console in the foreground, at a terminal or a pipe: joins a client and a session, and turns signals and closed streams into
// leaving. What leaving means for the client, its owner says.

import type { SwarmClient } from '../api/swarm-client.js';
import { watchSignals } from '../base/signals.js';
import { PipedLines } from '../console/piped-lines.js';
import { helpText } from '../console/requests.js';
import { Screen } from '../console/screen.js';
import { Session } from '../console/session.js';
import { PeopleVoice, ScriptVoice } from '../console/voices.js';
import { letGoOfTerminal } from './terminal.js';

export interface ForegroundOptions {
  readonly client: SwarmClient;
  /** What `quit` does; answers its detail. */
  readonly leave: () => Promise<string>;
  /** What people are told then. */
  readonly farewell?: string;
  readonly onLogMoved: () => void;
}

export interface Foreground {
  start(): void;
  /** The client has ended, or was left. Answers which signal, if any, made it so, as an exit code. */
  finish(): number;
}

export function openForeground(options: ForegroundOptions): Foreground {
  const session = openSession(options);
  const stopSignals = leaveOnSignals(session, options.onLogMoved);
  return {
    start: () => session.start(),
    finish: () => {
      session.close();
      process.stdin.destroy();
      const { code, isTerminalGone } = stopSignals();
      if (isTerminalGone) letGoOfTerminal();
      return code;
    },
  };
}

function openSession({ client, leave, farewell }: ForegroundOptions): Session {
  const { stdin, stdout, stderr } = process;
  const common = { client, leave, ...(farewell === undefined ? {} : { farewell }) };
  if (stdin.isTTY !== true || stdout.isTTY !== true)
    return new Session({
      ...common,
      source: new PipedLines(stdin),
      voice: new ScriptVoice(stdout, stderr),
      ascii: true,
    });
  const screen = new Screen(stdin, stdout);
  screen.print(helpText());
  return new Session({ ...common, source: screen, voice: new PeopleVoice((text) => screen.print(text)), ascii: false });
}

interface Ending {
  /** Says which signal ended us; 0 without one. */
  readonly code: number;
  readonly isTerminalGone: boolean;
}

/** Answers, when it is told to stop watching, how we came to end. */
function leaveOnSignals(session: Session, onLogMoved: () => void): () => Ending {
  let code = 0;
  let isTerminalGone = false;
  const signals = watchSignals({
    onStop: (signal, exitCode) => {
      code = exitCode;
      isTerminalGone ||= signal === 'SIGHUP';
      process.stderr.write('closing; once more to end at once\n');
      session.quit();
    },
    onLogMoved,
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
