// A console on this terminal or pipe, for whatever client: joins client and session, turns signals into `quit`, and answers the exit
// code.

import type { SwarmClient } from '../api/swarm-client.js';
import { exitCodeOf } from '../base/errors.js';
import { watchSignals } from '../base/signals.js';
import { openConsole } from '../console/open-console.js';
import type { Session } from '../console/session.js';
import { letGoOfTerminal } from './terminal.js';

export interface Conversation {
  readonly swarm: SwarmClient;
  /** Settles when there is nobody to talk to any more: undefined after `leave`, else the reason. */
  readonly ended: Promise<unknown>;
  /** What `quit` does; answers its detail. */
  readonly leave: () => Promise<string>;
  readonly onLogMoved: () => void;
  /** Where lines are remembered for the next run; its directory exists. */
  readonly historyPath: string;
  /** One line, said first. */
  readonly greeting: string;
  /** What else a person should know at the start. */
  readonly remarks: readonly string[];
}

/** 0, the code that a shell knows a signal by, or that of INTERNAL when the client could not go on. */
export async function converse(conversation: Conversation): Promise<number> {
  const { swarm, leave, historyPath, greeting, remarks } = conversation;
  const { stdin, stdout, stderr, env } = process;
  const session = openConsole({ client: swarm, stdin, stdout, stderr, env, historyPath, leave, greeting });
  for (const remark of remarks) session.say(remark, 'good');
  const stopSignals = quitOnSignals(session, conversation.onLogMoved);
  session.start();
  const error = await conversation.ended;
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
function quitOnSignals(session: Session, onLogMoved: () => void): () => Ending {
  let code = 0;
  let isTerminalGone = false;
  const signals = watchSignals({
    onStop: (signal, exitCode) => {
      code = exitCode;
      isTerminalGone ||= signal === 'SIGHUP';
      session.say('closing; once more to end at once');
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
