// What a signal means to a program of ours. SIGINT and SIGTERM: end gracefully; a second one ends at once. SIGHUP: the
// terminal was closed, so the same; without a terminal, as under a service manager, it is logrotate's word that the log was
// moved: a line is logged, and with it every log is opened anew. SIGUSR1 means nothing: Node would open a debugger's port.

/** Shell convention: 128 + the number of the signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof EXIT_CODES;
const SIGNALS = Object.keys(EXIT_CODES) as Signal[];

export interface SignalUses {
  /** Once. @param exitCode by which a shell knows the signal. */
  readonly onStop: (signal: string, exitCode: number) => void;
  readonly onLogMoved: () => void;
}

export function watchSignals({ onStop, onLogMoved }: SignalUses): { unwatch(): void } {
  let isStopping = false;
  const onSignal = (name: NodeJS.Signals): void => {
    const exitCode = EXIT_CODES[name as Signal];
    if (name === 'SIGHUP' && !hasTerminal()) {
      onLogMoved();
      return;
    }
    if (isStopping) process.exit(exitCode);
    isStopping = true;
    onStop(name, exitCode);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('SIGUSR1', ignore);
  return {
    unwatch: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off('SIGUSR1', ignore);
    },
  };
}

function ignore(): void {}

function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true);
}
