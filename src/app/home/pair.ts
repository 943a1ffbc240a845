// The tracker pair of a console without any set-up: two trackers of this process, each on a thread of its own and started again
// when it dies, where they were in the last run. A pair that another process of this user runs already is used as it is.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Supervisor } from '../../foundation/actor/supervisor.js';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { RESTART_PERIOD_MS, RESTARTS_MAX } from '../../foundation/base/limits.js';
import { type LogFile, type LogStyle, openLog } from '../../foundation/base/log.js';
import type { Address } from '../../foundation/torrent/address.js';
import { closedServer, type SocketServer } from '../../foundation/wire/transport.js';
import { startHosted } from '../../tracking/tracker/hosted.js';
import { type DirectoryLock, lockDirectory } from '../../transfer/storage/lock.js';
import { atomicWriteFile, readBounded } from '../../transfer/storage/state-file.js';
import { HOME_PAIR_TRIES_MAX, TRACKER_PORTS } from './limits.js';
import { formatPorts, movedSentence, parsePorts } from './ports.js';

const PORTS_FILE = 'trackers.json';
const PORTS_BYTES_MAX = 1_024;

export interface HomePairOptions {
  /** Made when it is missing: seeder lists, logs, and the ports. */
  readonly directory: string;
  /** Where the trackers listen. */
  readonly host: string;
  readonly log: LogStyle;
  /** A tracker cannot be kept alive; the sentence is for people. */
  readonly onTrouble: (sentence: string) => void;
}

export interface HomePair {
  readonly trackers: readonly [Address, Address];
  /** False: another process runs them. */
  readonly isOurs: boolean;
  /** What people should know of the start. */
  readonly notes: readonly string[];
  /**
   * Once. Settles when both take connections. Rejects with MiniTorrentError, as `startHosted` does, when one cannot: the other
   * goes on.
   */
  start(): Promise<void>;
  /** Settles when nothing of it runs; what still starts is waited for. */
  close(): Promise<void>;
}

type Pair = readonly [Address, Address];

/** Trackers that somebody else runs. */
export function foreignPair(trackers: Pair, notes: readonly string[] = []): HomePair {
  return { trackers, isOurs: false, notes, start: async () => undefined, close: async () => undefined };
}

/**
 * A pair that runs. Between our look at a port and its use another program may take it: then all is done again. Rejects with
 * MiniTorrentError: STATE_DAMAGED, ADDRESS_UNUSABLE, PERMISSION_DENIED, …
 */
export async function startHomePair(options: HomePairOptions): Promise<HomePair> {
  for (let tries = 1; ; tries += 1) {
    const pair = await openHomePair(options);
    try {
      await pair.start();
      return pair;
    } catch (error) {
      await pair.close();
      const lostIt = error instanceof MiniTorrentError && error.code === 'PORT_IN_USE';
      if (!lostIt || tries === HOME_PAIR_TRIES_MAX) throw error;
    }
  }
}

/** A pair that is to be started, at addresses that are known already. Rejects as `startHomePair` does; nothing is kept then. */
export async function openHomePair(options: HomePairOptions): Promise<HomePair> {
  const { directory } = options;
  await makeDirectory(directory);
  const portsPath = join(directory, PORTS_FILE);
  const before = await readPorts(portsPath);
  let lock: DirectoryLock;
  try {
    lock = await lockDirectory(directory);
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_RUNNING' || before === undefined) throw error;
    return foreignPair(before, ['the trackers of this user run in another process already; they end with it']);
  }
  try {
    const wanted = before?.map(({ port }) => port) ?? TRACKER_PORTS;
    const trackers = await freePorts(options.host, wanted);
    const moved = movedSentence(before, trackers);
    await atomicWriteFile(portsPath, Buffer.from(formatPorts(trackers)));
    const hosted = new HostedPair(options, trackers);
    return {
      trackers,
      isOurs: true,
      notes: moved === undefined ? [] : [moved],
      start: () => hosted.start(),
      close: async () => {
        await hosted.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class HostedPair {
  readonly #options: HomePairOptions;
  readonly #trackers: Pair;
  readonly #log: LogFile;
  /** One each: the fault of one is none of the other. */
  readonly #supervisors: readonly [Supervisor, Supervisor];
  #tried: Promise<void> = Promise.resolve();

  constructor(options: HomePairOptions, trackers: Pair) {
    this.#options = options;
    this.#trackers = trackers;
    this.#log = openLog({ ...options.log, path: join(options.directory, 'trackers.log') }, 'main');
    this.#supervisors = [this.#supervisor(1), this.#supervisor(2)];
  }

  /** Rejects with the error of the first that cannot start; settles either way when both have tried. */
  start(): Promise<void> {
    const started = this.#startBoth();
    this.#tried = started.catch(() => undefined);
    return started;
  }

  async stop(): Promise<void> {
    await this.#tried;
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop()));
    this.#log.close();
  }

  async #startBoth(): Promise<void> {
    const starts = await Promise.allSettled([this.#startOne(0, 1), this.#startOne(1, 0)]);
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #startOne(which: 0 | 1, other: 0 | 1): Promise<void> {
    const { directory, log } = this.#options;
    const name = `tracker-${which + 1}`;
    return this.#supervisors[which].start({
      id: name,
      restart: 'permanent',
      restartsMax: RESTARTS_MAX,
      periodMs: RESTART_PERIOD_MS,
      start: () =>
        startHosted({
          name,
          own: this.#trackers[which],
          partner: this.#trackers[other],
          seederListPath: join(directory, `${name}.db`),
          log: { ...log, path: join(directory, `${name}.log`) },
        }),
    });
  }

  #supervisor(number: number): Supervisor {
    return new Supervisor({
      log: this.#log.log.of(`tracker-${number}`),
      onEscalate: (_child, error) => {
        const why = error instanceof Error ? error.message : 'it ended';
        const log = join(this.#options.directory, `tracker-${number}.log`);
        this.#options.onTrouble(`tracker ${number} of this console cannot be kept running (${why}); see ${log}`);
      },
    });
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, directory);
  }
}

async function readPorts(path: string): Promise<Pair | undefined> {
  try {
    return parsePorts(path, Buffer.from(await readBounded(path, PORTS_BYTES_MAX)).toString('utf8'));
  } catch (error) {
    if (error instanceof MiniTorrentError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The wanted ports, and another one in place of each that is taken. */
async function freePorts(host: string, wanted: readonly number[]): Promise<Pair> {
  const probes: SocketServer[] = [];
  try {
    // Held until both are found, so that they differ.
    const ports: number[] = [];
    for (const port of wanted) {
      const probe = closedServer();
      probes.push(probe);
      const found = (await portOrNone(probe, host, port)) ?? (await portOrNone(probe, host, 0));
      if (found === undefined)
        throw new MiniTorrentError(
          'ADDRESS_UNUSABLE',
          `no port of ${host} can be listened on; name another address of this machine with --address`,
        );
      ports.push(found);
    }
    const [first = 0, second = 0] = ports;
    return [
      { host, port: first },
      { host, port: second },
    ];
  } finally {
    await Promise.all(probes.map((probe) => probe.close()));
  }
}

function portOrNone(server: SocketServer, host: string, port: number): Promise<number | undefined> {
  return server.listen({ host, port }).catch(() => undefined);
}
