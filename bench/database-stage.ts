// Any number of real trackers on one real PostgreSQL, for the scenes that measure them; all of it ends with the scene.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, ProgramProcess } from '../src/app/demo/processes.js';
import { deferred } from '../src/foundation/base/deferred.js';
import { type Address, formatAddress } from '../src/foundation/torrent/address.js';
import { PostgresServer } from '../test/support/postgres.js';
import { withCleanup } from './cleanup.js';
import type { Figure, SceneOptions } from './tracker-stage.js';
import { cpuSeconds, machineBusySeconds } from './tracker-vitals.js';

/** Only written into `.mtorrent` files; nobody listens there. */
const NOBODY: Address = { host: '127.0.0.1', port: 9 };
/** As PostgreSQL comes, but for its memory, of which Debian's default is used. */
export const SERVER_SETTINGS = { shared_buffers: '128MB' };

export interface DatabaseSceneOptions extends SceneOptions {
  /** Repetitions, or rounds. */
  readonly runs: number;
}

export class DatabaseTracker extends ProgramProcess {
  readonly address: Address;
  readonly #listening = deferred<string>();

  /** @param database its address, `postgres://…`. */
  constructor(name: string, address: Address, database: string, directory: string) {
    const words = ['tracker', formatAddress(address), formatAddress(NOBODY), database, `${name}.log`];
    super(name, words, directory);
    this.address = address;
    this.onLine = (line) => {
      if (line.startsWith('TRACKER LISTENING ')) this.#listening.resolve(line);
    };
  }

  async started(): Promise<void> {
    await this.expect(this.#listening, 'listening address');
  }
}

export class DatabaseStage {
  readonly server: PostgresServer;
  readonly #directory: string;
  readonly #end: (step: () => Promise<unknown>) => void;
  #trackers = 0;

  constructor(server: PostgresServer, directory: string, end: (step: () => Promise<unknown>) => void) {
    this.server = server;
    this.#directory = directory;
    this.#end = end;
  }

  /** @param database where it is not the server of this stage alone. */
  async startTracker(database = this.server.address()): Promise<DatabaseTracker> {
    this.#trackers += 1;
    const address = { host: '127.0.0.1', port: await freePort() };
    const tracker = new DatabaseTracker(`tracker-${this.#trackers}`, address, database, this.#directory);
    this.#end(() => tracker.end());
    await tracker.started();
    return tracker;
  }

  /** Ended and removed with the stage. */
  adopt(server: PostgresServer): void {
    this.#end(() => server.remove());
  }
}

/** A new cluster on the disk, with fsync on. */
export function withDatabase<T>(use: (stage: DatabaseStage) => Promise<T>): Promise<T> {
  return withCleanup(async (cleanup) => {
    const directory = await mkdtemp(join(tmpdir(), 'mtorrent-bench-'));
    cleanup.add(() => rm(directory, { recursive: true, force: true }));
    const server = await PostgresServer.start(SERVER_SETTINGS);
    cleanup.add(() => server.remove());
    return use(new DatabaseStage(server, directory, (step) => cleanup.add(step)));
  });
}

/** Per cent of one core while something went on. */
export interface Shares {
  readonly trackers: number;
  readonly database: number;
  readonly driver: number;
  readonly others: number;
}

export async function sharesOf<T>(
  { server, trackers }: { readonly server: PostgresServer; readonly trackers: readonly DatabaseTracker[] },
  work: () => Promise<T>,
): Promise<readonly [T, Shares]> {
  const pids = [trackers.map(({ pid }) => pid), serverPids(server), [process.pid]];
  const look = (): number[][] => [...pids.map((group) => group.map(cpuSeconds)), [machineBusySeconds()]];
  const before = look();
  const beganMs = performance.now();
  const result = await work();
  const percent = 100_000 / (performance.now() - beganMs);
  // A process of the server that has ended meanwhile counts for nothing.
  const [tracker = 0, database = 0, driver = 0, all = 0] = look().map((group, at) =>
    group.reduce((sum, now, of) => sum + (Number.isNaN(now) ? 0 : now - (before[at]?.[of] ?? 0)) * percent, 0),
  );
  return [result, { trackers: tracker, database, driver, others: all - tracker - database - driver }];
}

export function shareFigures(when: string, { trackers, database, driver, others }: Shares): readonly Figure[] {
  return [
    { what: `CPU of the trackers ${when}`, value: trackers, unit: '% of a core' },
    { what: 'CPU of the database', value: database, unit: '% of a core' },
    { what: 'CPU of the driver', value: driver, unit: '% of a core' },
    { what: 'taken by others on this machine', value: others, unit: '% of a core' },
  ];
}

/** Sessions that begin later are not among them. */
function serverPids(server: PostgresServer): readonly number[] {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' });
  return [server.pid, ...children.trim().split('\n').map(Number)];
}
