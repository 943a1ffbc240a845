// A console in the foreground, at a terminal or a pipe: joins a client and a session, and turns signals and closed streams into
// leaving. What leaving means for the client, its owner says.

import { watchSignals } from '../../foundation/base/signals.js';
import { openConsole } from '../console/open-console.js';
import type { Session } from '../console/session/session.js';
import type { ColourSetting } from '../console/terminal/abilities.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { letGoOfTerminal } from './context.js';

export interface ForegroundOptions {
  readonly client: SwarmClient;
  /** What `quit` does; answers its detail. */
  readonly leave: () => Promise<string>;
  /** What people are told then. */
  readonly farewell?: string;
  readonly onLogMoved: () => void;
  readonly color: ColourSetting;
  /** Where lines are remembered for the next run; its directory exists. */
  readonly historyPath: string;
  /** One line, said first. */
  readonly greeting: string;
  /** What else is to be known at the start. */
  readonly remarks?: readonly string[];
}

export interface Foreground {
  start(): void;
  /** The client has ended, or was left. Answers which signal, if any, made it so, as an exit code. */
  finish(): number;
}

export function openForeground(options: ForegroundOptions): Foreground {
  const { remarks = [], onLogMoved, ...rest } = options;
  const { stdin, stdout, stderr, env } = process;
  const session = openConsole({ ...rest, stdin, stdout, stderr, env });
  for (const remark of remarks) session.say(remark, 'good');
  const stopSignals = leaveOnSignals(session, onLogMoved);
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
      session.say('closing; press Ctrl-C again to exit immediately');
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
