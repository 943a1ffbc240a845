// The tracker pair that a client uses: the one that is set, or this user's own. An own pair is two trackers in this
// process, each on a supervised thread, at the addresses of the last run; when another process of this user runs it
// already, that one is used.

import { join } from 'node:path';
import { Supervisor } from '../../foundation/actor/supervisor.js';
import { makeDirectory } from '../../foundation/base/directories.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { isLoopback, isWildcard } from '../../foundation/base/hosts.js';
import { RESTART_PERIOD_MS, RESTARTS_MAX } from '../../foundation/base/limits.js';
import { type LogFile, type LogStyle, openLog } from '../../foundation/base/log.js';
import { command } from '../../foundation/base/shell-line.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { closedServer, type SocketServer } from '../../foundation/wire/transport.js';
import { startHosted } from '../../tracking/tracker/hosted/hosted.js';
import { atomicWriteFile, readBounded } from '../../transfer/storage/disk/state-file.js';
import { type DirectoryLock, lockDirectory } from '../../transfer/storage/lock/lock.js';
import { numericHost, ownHost, watchForAddress } from '../library/own-address.js';
import { type HomeIdentity, homeIdentity, makeHomeIdentity, moveHomeIdentity } from './home-identity.js';
import { HOME_PAIR_TRIES_MAX, TRACKER_PORTS } from './limits.js';
import { formatPorts, movedSentence, parsePorts } from './ports.js';

const PORTS_FILE = 'trackers.json';
const PORTS_BYTES_MAX = 1_024;

export interface PairConfig {
  /** Those that are set; undefined: this user's own pair. */
  readonly trackers: TrackerList | undefined;
  /** Seeder lists, logs and ports of the own pair; made when it is missing. */
  readonly directory: string;
  /** Where own trackers listen; undefined: this machine's address. A wildcard is never told to others. */
  readonly host: string | undefined;
  readonly log: LogStyle;
  /** An own tracker cannot be kept running, or is not where it should be; the sentence is for people. */
  readonly onTrouble: (sentence: string) => void;
  /** Whether an own pair is closed; auto: as it was made, open unless `beginsClosed`. */
  readonly swarm: 'auto' | 'open' | 'closed';
  /** An own pair that was never started before is closed. */
  readonly beginsClosed?: boolean;
  /** A pair whose address nobody named should be at this one by now. Absent: people are told to start it again. */
  readonly onAddress?: (host: string) => void;
}

type Pair = readonly [Address, Address];

export interface TrackerPair {
  readonly trackers: TrackerList;
  /** False: another process runs them. */
  readonly isOurs: boolean;
  /** They are set, and so not this user's own. */
  readonly isNamed: boolean;
  /** Sentences for people about the start. */
  readonly notes: readonly string[];
  /** Of the closed swarm of an own pair; undefined: it is open, or the pair is set. */
  readonly identity: HomeIdentity | undefined;
  /**
   * Call once. Settles when both take connections. Rejects with MiniTorrentError, as `startHosted` does, when one
   * cannot; the other keeps running.
   */
  start(): Promise<void>;
  /** Waits for a start under way, and settles when nothing of the pair runs. */
  close(): Promise<void>;
}

/**
 * A pair that runs. Another program may take a port between our probe and its use; then everything is tried again.
 * Rejects with MiniTorrentError: STATE_DAMAGED, ADDRESS_UNUSABLE, PERMISSION_DENIED, …
 */
export async function startPair(config: PairConfig): Promise<TrackerPair> {
  for (let tries = 1; ; tries += 1) {
    const pair = await openPair(config);
    try {
      await pair.start();
      return pair;
    } catch (error) {
      await pair.close();
      const isPortTaken = error instanceof MiniTorrentError && error.code === 'PORT_IN_USE';
      if (!isPortTaken || tries === HOME_PAIR_TRIES_MAX) throw error;
    }
  }
}

/**
 * A pair whose addresses are known, but which is not started yet. Rejects as `startPair` does, and then keeps nothing.
 */
export async function openPair(config: PairConfig): Promise<TrackerPair> {
  const { trackers, directory } = config;
  if (trackers !== undefined) return { ...foreignPair(trackers), isNamed: true };
  await makeDirectory(directory, '--state-dir');
  const portsPath = join(directory, PORTS_FILE);
  const before = await readPorts(portsPath);
  let lock: DirectoryLock;
  try {
    lock = await lockDirectory(directory, { onWait: config.onTrouble });
    void lock.lost.then(({ message }) => config.onTrouble(message));
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_RUNNING' || before === undefined) throw error;
    const notes = ['your trackers already run in another process, and will end with it'];
    return foreignPair(before, notes, config.swarm === 'open' ? undefined : await homeIdentity(directory));
  }
  try {
    const wanted = before?.map(({ port }) => port) ?? TRACKER_PORTS;
    const named = config.host === undefined ? undefined : await numericHost(config.host);
    const isNamed = named !== undefined && !isWildcard(named);
    const host = isNamed ? named : await ownHost([]);
    const listenHost = named ?? host;
    const [first, second] = await freePorts(listenHost, wanted);
    const own: Pair = [
      { host, port: first },
      { host, port: second },
    ];
    const moved = movedSentence(before, own);
    const identity = await identityOf(config, own, before === undefined);
    await atomicWriteFile(portsPath, Buffer.from(formatPorts(own)));
    const hosted = new HostedPair(config, own, listenHost, identity);
    const isOnlyHere = !isNamed && isLoopback(host);
    const watch = isNamed ? undefined : watchForAddress(host);
    void watch?.found.then((found) => addressCame(config, host, found));
    return {
      trackers: own,
      identity,
      isOurs: true,
      isNamed: false,
      notes: [...(moved === undefined ? [] : [moved]), ...(isOnlyHere ? [onlyHereSentence(host)] : [])],
      start: () => hosted.start(),
      close: async () => {
        watch?.stop();
        await hosted.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function onlyHereSentence(host: string): string {
  return `only the loopback is there: this machine has no address yet at which others reach it, so its trackers are at ${host} and serve this machine alone`;
}

function addressCame({ onAddress, onTrouble }: PairConfig, before: string, host: string): void {
  if (onAddress !== undefined) onAddress(host);
  else
    onTrouble(
      `this machine has the address ${host} now, but its trackers are at ${before}; end this program and start it again, so that other machines reach it`,
    );
}

function foreignPair(trackers: TrackerList, notes: readonly string[] = [], identity?: HomeIdentity): TrackerPair {
  const nothing = async (): Promise<void> => undefined;
  return { trackers, isOurs: false, isNamed: false, notes, identity, start: nothing, close: nothing };
}

/** Of an own pair; made before its first ports are written, so that a crash leaves no open one behind. */
async function identityOf(
  { directory, beginsClosed, swarm }: PairConfig,
  own: Pair,
  isFirst: boolean,
): Promise<HomeIdentity | undefined> {
  if (swarm === 'open') return undefined;
  if (isFirst && (beginsClosed === true || swarm === 'closed'))
    await makeHomeIdentity(directory, own, Math.floor(Date.now() / 1000));
  const identity = await homeIdentity(directory);
  if (identity !== undefined) await moveHomeIdentity(identity, own);
  else if (swarm === 'closed') {
    const sentence = `swarm = "closed" is set, and the trackers of this user's consoles are open; close them with ${command('swarm', 'init', '--home')}, or name others`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  return identity;
}

/** Where the own pair was in its last run; undefined: there was none. */
export function lastPorts(directory: string): Promise<Pair | undefined> {
  return readPorts(join(directory, PORTS_FILE));
}

class HostedPair {
  readonly #config: PairConfig;
  readonly #trackers: Pair;
  readonly #listenHost: string;
  readonly #identity: HomeIdentity | undefined;
  readonly #log: LogFile;
  /** One for each tracker, so that they are restarted independently. */
  readonly #supervisors: readonly [Supervisor, Supervisor];
  #starting: Promise<void> = Promise.resolve();

  /** @param listenHost may be a wildcard where that is named. */
  constructor(config: PairConfig, trackers: Pair, listenHost: string, identity: HomeIdentity | undefined) {
    this.#config = config;
    this.#identity = identity;
    this.#listenHost = listenHost;
    this.#trackers = trackers;
    this.#log = openLog({ ...config.log, path: join(config.directory, 'trackers.log') }, 'main');
    this.#supervisors = [this.#supervisor(1), this.#supervisor(2)];
  }

  /** Settles when both have tried to start; rejects with the first error. */
  start(): Promise<void> {
    const started = this.#startBoth();
    this.#starting = started.catch(() => undefined);
    return started;
  }

  async stop(): Promise<void> {
    await this.#starting;
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop()));
    this.#log.close();
  }

  async #startBoth(): Promise<void> {
    const starts = await Promise.allSettled([this.#startOne(0, 1), this.#startOne(1, 0)]);
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #startOne(which: 0 | 1, other: 0 | 1): Promise<void> {
    const { directory, log } = this.#config;
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
          listenHost: this.#listenHost,
          seederListPath: join(directory, `${name}.db`),
          identity: this.#identity?.tracker,
          log: { ...log, path: join(directory, `${name}.log`) },
        }),
    });
  }

  #supervisor(number: number): Supervisor {
    return new Supervisor({
      log: this.#log.log.of(`tracker-${number}`),
      onEscalate: (_child, error) => {
        const why = error instanceof Error ? error.message : 'it ended';
        const log = join(this.#config.directory, `tracker-${number}.log`);
        this.#config.onTrouble(`tracker ${number} cannot be kept running (${why}); see ${log}`);
      },
    });
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

/** The wanted ports, with a free one in place of each that is taken. */
async function freePorts(host: string, wanted: readonly number[]): Promise<readonly [number, number]> {
  const probes: SocketServer[] = [];
  try {
    // Both probes listen until the end, so that the ports differ.
    const ports: number[] = [];
    for (const port of wanted) {
      const probe = closedServer();
      probes.push(probe);
      const found = (await portOrNone(probe, host, port)) ?? (await portOrNone(probe, host, 0));
      if (found === undefined)
        throw new MiniTorrentError(
          'ADDRESS_UNUSABLE',
          `cannot listen on any port of ${host}; name another address of this machine with --address`,
        );
      ports.push(found);
    }
    const [first = 0, second = 0] = ports;
    return [first, second];
  } finally {
    await Promise.all(probes.map((probe) => probe.close()));
  }
}

function portOrNone(server: SocketServer, host: string, port: number): Promise<number | undefined> {
  return server.listen({ host, port }).catch(() => undefined);
}
