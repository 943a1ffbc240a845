// A console on this process's terminal or pipe: connects a client with a session, and leaves on signals and closed
// streams. What leaving means for the client, the caller decides.

import { watchSignals } from '../../../foundation/base/signals.js';
import { openConsole } from '../../console/open-console.js';
import type { Session } from '../../console/session/session.js';
import type { ColourSetting } from '../../console/terminal/abilities.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { letGoOfTerminal } from '../context.js';
import { endOfOutput } from '../lost-output.js';

export interface ForegroundOptions {
  readonly client: SwarmClient;
  /** Performs `quit`; resolves with the detail that scripts get. */
  readonly leave: () => Promise<string>;
  /** What people see after `quit`. */
  readonly farewell?: string;
  readonly onLogMoved: () => void;
  readonly color: ColourSetting;
  /** The history file; its directory exists. */
  readonly historyPath: string;
  /** The first line. */
  readonly greeting: string;
  /** Further lines at the start. */
  readonly remarks?: readonly string[];
}

export interface Foreground {
  start(): void;
  /** To be called when the client has ended or was left. Returns the exit code: that of the signal, or 0. */
  finish(): number;
}

export function openForeground(options: ForegroundOptions): Foreground {
  const { remarks = [], onLogMoved, ...rest } = options;
  const { stdin, stdout, stderr, env } = process;
  const session = openConsole({ ...rest, stdin, stdout, stderr, env });
  for (const remark of remarks) session.notify(remark, 'good');
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
  /** That of the signal that ended the console; 0 without one. */
  readonly code: number;
  readonly isTerminalGone: boolean;
}

/** Returns a function that stops watching and reports how the console ended. */
function leaveOnSignals(session: Session, onLogMoved: () => void): () => Ending {
  let code = 0;
  let isTerminalGone = false;
  const signals = watchSignals({
    onStop: (signal, exitCode) => {
      code = exitCode;
      isTerminalGone ||= signal === 'SIGHUP';
      session.notify('closing; press Ctrl-C again to exit immediately');
      session.quit();
    },
    onLogMoved,
  });
  const onBroken = (error: unknown): void => {
    isTerminalGone ||= endOfOutput(error) === 'terminalGone';
    session.quit();
  };
  process.stdout.on('error', onBroken);
  process.stdin.on('error', (error: NodeJS.ErrnoException) => {
    // EIO: the terminal was closed. Anything else is a bug.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    isTerminalGone ||= error.code === 'EIO';
    session.quit();
  });
  return () => {
    signals.unwatch();
    return { code, isTerminalGone };
  };
}
