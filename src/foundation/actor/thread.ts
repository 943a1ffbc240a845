// The only door to starting threads. A thread gets its name, a settings frame, shared memory and ports, says `ready`,
// and ends when it is told to stop or crashes. Both ends live in this file.

import {
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  type WorkerOptions,
  workerData,
} from 'node:worker_threads';
import { assert, present } from '../base/assert.js';
import { type Deferred, deferred, within } from '../base/deferred.js';
import { FORCED_END_MS, HASH_THREADS_MAX, PEER_THREADS_MAX, STOP_DEADLINE_MS } from '../base/limits.js';
import { type LogFile, type LogLevel, type LogTarget, openLog } from '../base/log.js';
import { leftBehind } from '../base/process-end.js';
import { LOOK_DEADLINE_MS, THREAD_READY_DEADLINE_MS } from './limits.js';
import { type LoopDelay, watchLoopDelay } from './loop-delay.js';
import { shortageOf } from './thread-shortage.js';

export { MessageChannel, type MessagePort };

interface WorkerData {
  readonly name: string;
  readonly log: LogTarget | undefined;
  readonly settings: Uint8Array;
  readonly shared: readonly SharedArrayBuffer[];
  readonly ports: readonly MessagePort[];
}

export interface ThreadOptions {
  /** Names the thread in logs and in `top -H` style tools: 'peer-0'. */
  readonly name: string;
  /** A compiled file of `workers/`. */
  readonly entry: URL;
  /** Where the thread logs under its name; absent: nowhere. */
  readonly log?: LogTarget;
  /** One frame that the entry decodes. */
  readonly settings: Uint8Array;
  readonly shared: readonly SharedArrayBuffer[];
  /** Moved to the thread. */
  readonly ports: readonly MessagePort[];
  /** Mebibytes of its young generation; absent: V8's default. */
  readonly youngHeapMib?: number;
}

export type ThreadEnd = { readonly kind: 'normal' } | { readonly kind: 'crash'; readonly error: Error };

export interface Thread {
  readonly name: string;
  /** Settles when the thread says that it is ready; rejects when it crashes before or takes too long. */
  readonly ready: Promise<void>;
  /** Settles once, whatever ended the thread. Never rejects. */
  readonly ended: Promise<ThreadEnd>;
  /** Its loop delay since the previous look; undefined when it does not answer in time. */
  loopDelay(): Promise<LoopDelay | undefined>;
  /** The least level that it logs from now on. */
  setLogLevel(level: LogLevel): void;
  /**
   * Asks it to stop; ends it after `deadlineMs`, and leaves it behind when a call to a disk holds it. True when it
   * stopped by itself.
   */
  stop(deadlineMs?: number): Promise<boolean>;
}

/** All threads of one process, and some listeners of our own. */
const PRINTING_THREADS_MAX = 2 * (PEER_THREADS_MAX + HASH_THREADS_MAX);

export function startThread(options: ThreadOptions): Thread {
  const { name, log, shared, ports, youngHeapMib } = options;
  // An encoded frame lies in a pool; without a copy the whole pool would be cloned.
  const settings = new Uint8Array(options.settings);
  const birth: WorkerData = { name, log, settings, shared, ports };
  // Node pipes what a thread prints into ours, and warns of a leak when many do.
  for (const stream of [process.stdout, process.stderr])
    stream.setMaxListeners(Math.max(stream.getMaxListeners(), PRINTING_THREADS_MAX));
  // Descriptors are the process's: a file is opened on one thread and written and closed on others.
  const worker = begin(options.entry, {
    name,
    workerData: birth,
    transferList: [...ports],
    stdin: false,
    trackUnmanagedFds: false,
    ...(youngHeapMib === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: youngHeapMib } }),
  });
  let crash: Error | undefined;
  const readySignal = deferred<void>();
  const endSignal = deferred<ThreadEnd>();
  const late = setTimeout(() => {
    readySignal.reject(new Error(`thread ${name} was not ready within ${THREAD_READY_DEADLINE_MS} ms`));
  }, THREAD_READY_DEADLINE_MS);
  // A rejection is also seen through `ended`; without a listener it would end the process.
  readySignal.promise.catch(() => undefined);
  const looks: Deferred<LoopDelay | undefined>[] = [];
  worker.on('message', (message: 'ready' | LoopDelay) => {
    if (message !== 'ready') {
      looks.shift()?.resolve(message);
      return;
    }
    clearTimeout(late);
    readySignal.resolve();
  });
  worker.on('error', (error) => {
    crash = error instanceof Error ? error : new Error(String(error));
  });
  worker.on('exit', (code) => {
    clearTimeout(late);
    if (crash === undefined && code !== 0) crash = new Error(`thread ${name} ended with code ${code}`);
    readySignal.reject(shortageOf(crash) ?? crash ?? new Error(`thread ${name} ended before it was ready`));
    endSignal.resolve(crash === undefined ? { kind: 'normal' } : { kind: 'crash', error: crash });
  });
  return {
    name,
    ready: readySignal.promise,
    ended: endSignal.promise,
    loopDelay() {
      const look = deferred<LoopDelay | undefined>();
      looks.push(look);
      worker.postMessage('look');
      return within(look.promise, LOOK_DEADLINE_MS, () => undefined);
    },
    setLogLevel: (level) => worker.postMessage({ logLevel: level }),
    async stop(deadlineMs = STOP_DEADLINE_MS) {
      worker.postMessage('stop');
      const ended = endSignal.promise.then(() => true);
      if (await within(ended, deadlineMs, () => false)) return true;
      void worker.terminate();
      if (!(await within(ended, FORCED_END_MS, () => false))) leftBehind(ended);
      return false;
    },
  };
}

/** Throws MiniTorrentError where a limit keeps it from starting. */
function begin(entry: URL, options: WorkerOptions): Worker {
  try {
    return new Worker(entry, options);
  } catch (error) {
    throw shortageOf(error) ?? error;
  }
}

export interface ThreadSelf {
  readonly name: string;
  /** Absent for a thread that was started without a log. */
  readonly log: LogTarget | undefined;
  readonly settings: Uint8Array;
  readonly shared: readonly SharedArrayBuffer[];
  readonly ports: readonly MessagePort[];
  /** Tells the parent that this thread takes commands now. */
  ready(): void;
  /** Opens the thread's log, which follows the level that the parent sets. Throws MiniTorrentError. */
  openLog(): LogFile;
  /** `stop` is called once when the parent asks; after its promise the thread ends, open handles or not. */
  onStop(stop: () => Promise<void>): void;
  /** A crash that has no other way up: ends this thread with the error. */
  crash(error: unknown): never;
}

/** The thread's own end; called once by an entry of `workers/`. */
export function thisThread(): ThreadSelf {
  const port = parentPort;
  assert(port !== null, 'a thread entry runs on a thread of its own');
  const birth = workerData as WorkerData;
  const delays = watchLoopDelay();
  port.on('message', (message: unknown) => {
    if (message === 'look') port.postMessage(delays.look());
  });
  return {
    ...birth,
    ready: () => port.postMessage('ready'),
    openLog() {
      const file = openLog(present(birth.log, 'a thread that logs is started with a log'), birth.name);
      port.on('message', (message: unknown) => {
        if (typeof message === 'object' && message !== null && 'logLevel' in message)
          file.setLevel(message.logLevel as LogLevel);
      });
      return file;
    },
    onStop(stop) {
      port.on('message', (message: unknown) => {
        if (message !== 'stop') return;
        stop().then(
          () => process.exit(0),
          (error: unknown) => {
            setImmediate(() => {
              throw error;
            });
          },
        );
      });
    },
    crash(error) {
      throw error;
    },
  };
}
