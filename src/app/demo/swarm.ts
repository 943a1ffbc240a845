// A whole swarm on this machine, in a temporary directory of its own: two trackers, seeders and downloaders. The demo,
// the end-to-end tests and the benchmarks use it. It ends what it started, and leaves nothing behind.

import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Address } from '../../foundation/torrent/address.js';
import { makePartialClient } from './partial.js';
import { ClientProcess, freePort, type ProgramOptions, TrackerProcess } from './processes.js';

/** A process that ends with the swarm. */
interface Ending {
  end(): Promise<unknown>;
}

export class Swarm {
  readonly directory: string;
  readonly trackers: readonly [Address, Address];
  readonly #processes: Ending[] = [];
  /** Of each process by its name, beside its own. */
  environment: (name: string) => Readonly<Record<string, string>> = () => ({});
  #stopped = false;

  private constructor(directory: string, trackers: readonly [Address, Address]) {
    this.directory = directory;
    this.trackers = trackers;
  }

  /** @param root where its temporary directory is made. */
  static async create(root: string): Promise<Swarm> {
    const directory = await mkdtemp(join(root, 'mtorrent-'));
    const ports = [await freePort(), await freePort()] as const;
    return new Swarm(directory, [
      { host: '127.0.0.1', port: ports[0] },
      { host: '127.0.0.1', port: ports[1] },
    ]);
  }

  /**
   * Starts tracker 0 or 1, or starts it again on the same seederlist file.
   * @param partner where it finds the other one, when that is not its own address.
   */
  async startTracker(
    which: 0 | 1,
    options: readonly string[] = [],
    partner = this.trackers[which === 0 ? 1 : 0],
  ): Promise<TrackerProcess> {
    this.#refuseWhenStopped();
    const name = `tracker-${which + 1}`;
    const run = { env: this.environment(name) };
    const tracker = new TrackerProcess(name, this.trackers[which], partner, this.directory, options, run);
    this.#processes.push(tracker);
    await tracker.started();
    return tracker;
  }

  async startTrackers(): Promise<readonly [TrackerProcess, TrackerProcess]> {
    return Promise.all([this.startTracker(0), this.startTracker(1)]);
  }

  /** Starts a client; one of the same name has the same state. */
  startClient(name: string, port = 0, options: readonly string[] = [], program: ProgramOptions = {}): ClientProcess {
    this.#refuseWhenStopped();
    const at = { host: '127.0.0.1', port };
    const run = { ...program, env: { ...this.environment(name), ...program.env } };
    const client = new ClientProcess(name, at, this.trackers, this.directory, options, run);
    this.#processes.push(client);
    return client;
  }

  /** Ends with the swarm. */
  adopt<P extends Ending>(running: P): P {
    this.#processes.push(running);
    return running;
  }

  /**
   * A client that holds some pieces of a file and fetches no more. `mtorrentPath`: of its own, since it may delete it.
   */
  async startPartialClient(
    name: string,
    sourcePath: string,
    mtorrentPath: string,
    hasPiece: (piece: number) => boolean,
  ): Promise<ClientProcess> {
    await makePartialClient({
      mtorrentPath,
      sourcePath,
      stateDir: join(this.directory, `${name}.state`),
      targetPath: join(this.directory, `${name}.partial`),
      hasPiece,
    });
    return this.startClient(name);
  }

  /** A file of random bytes in the swarm's directory; answers its path. */
  async makeFile(name: string, size: number): Promise<string> {
    return randomFile(this.path(name), size, () => this.#refuseWhenStopped());
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Ends every process; nothing can be started or made any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#processes.map((running) => running.end()));
  }

  /** Stops, and removes the directory. */
  async end(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Whoever was in the midst of something when the swarm stopped must not leave a process behind. */
  #refuseWhenStopped(): void {
    if (this.#stopped) throw new MiniTorrentError('CANCELLED', 'the swarm has ended');
  }
}

/** A new file of random bytes; answers its path. `check` is called before each part and may throw. */
export async function randomFile(path: string, size: number, check: () => void = () => undefined): Promise<string> {
  const handle = await open(path, 'wx');
  try {
    const buffer = new Uint8Array(4 * 1024 * 1024);
    for (let at = 0; at < size; at += buffer.length) {
      check();
      randomFillSync(buffer);
      await handle.write(buffer, 0, Math.min(buffer.length, size - at), at);
    }
  } finally {
    await handle.close();
  }
  return path;
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part as Buffer);
  return hash.digest('hex');
}
