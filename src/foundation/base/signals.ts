// What a signal means to our programs. SIGINT, SIGTERM and SIGHUP from a terminal end it gracefully, and a second one
// ends it at once; SIGHUP without a terminal, as logrotate sends it, means that the log was moved. SIGUSR1 is ignored,
// because Node would open a debugger's port.

import { UNREAD_OUTPUT_MS } from './limits.js';
import { endAtOnce, isHung } from './process-end.js';

/** Shell convention: 128 + the number of the signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof EXIT_CODES;
const SIGNALS = Object.keys(EXIT_CODES) as Signal[];

export interface SignalUses {
  /** Once. @param exitCode by which a shell knows the signal. */
  readonly onStop: (signal: string, exitCode: number) => void;
  readonly onLogMoved: () => void;
}

let wasToldToStop = false;

/**
 * To be called when everything of this process has ended. After a signal it exits although its output is not read:
 * whoever should read it may never do so.
 */
export function exitUnread(): void {
  if (!wasToldToStop) return;
  const exit = (): void => {
    // An exit would wait for the disk, and nothing could end it.
    if (!isHung()) process.exit();
  };
  setInterval(exit, UNREAD_OUTPUT_MS).unref();
}

export function watchSignals({ onStop, onLogMoved }: SignalUses): { unwatch(): void } {
  let isStopping = false;
  const onSignal = (name: NodeJS.Signals): void => {
    const exitCode = EXIT_CODES[name as Signal];
    if (name === 'SIGHUP' && !hasTerminal()) {
      onLogMoved();
      return;
    }
    if (isStopping) endAtOnce(name, exitCode);
    isStopping = true;
    wasToldToStop = true;
    onStop(name, exitCode);
  };
  const unwatch = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('SIGUSR1', ignore);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('SIGUSR1', ignore);
  return { unwatch };
}

function ignore(): void {}

function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true);
}
