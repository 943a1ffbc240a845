// What a bench made on this machine (processes, network namespaces, directories) is taken away again however it ends:
// done, failed, Ctrl-C, SIGTERM. Steps run last made first, once; what fails is said and does not stop the rest.

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export class Cleanup {
  readonly #steps: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | undefined;

  /** What is made while everything is being taken away goes too. */
  add(step: () => Promise<unknown>): void {
    if (this.#running === undefined) this.#steps.push(step);
    else this.#running = this.#running.then(() => attempt(step));
  }

  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await attempt(step);
  }
}

async function attempt(step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    process.stderr.write(`could not clean up: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

export async function withCleanup<T>(use: (cleanup: Cleanup) => Promise<T>): Promise<T> {
  const cleanup = new Cleanup();
  let ending = false;
  const end = (code: number): void => {
    // The first reason tells the exit code.
    if (ending) return;
    ending = true;
    void cleanup.run().then(() => process.exit(code));
  };
  const onSignal = (signal: NodeJS.Signals): void => end(SIGNAL_EXIT_CODES[signal as keyof typeof SIGNAL_EXIT_CODES]);
  // Also for a promise that nobody waits for: dying on the spot would leave everything behind.
  const onUncaught = (error: unknown): void => {
    if (!ending) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    end(1);
  };
  const signals = Object.keys(SIGNAL_EXIT_CODES) as NodeJS.Signals[];
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onUncaught);
  try {
    return await use(cleanup);
  } catch (error) {
    // It failed because its processes were taken away; whoever takes them away ends this process.
    if (ending) await new Promise(() => undefined);
    throw error;
  } finally {
    await cleanup.run();
    process.off('uncaughtException', onUncaught);
    for (const signal of signals) process.off(signal, onSignal);
  }
}
