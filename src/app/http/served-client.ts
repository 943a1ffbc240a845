// What an endpoint serves of a client: every verb, its events, and a .mtorrent that a browser was given. The client may
// start again while the endpoint stays.

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../foundation/base/directories.js';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import { programVersion } from '../../foundation/base/installation.js';
import { checkFileName, printable } from '../../foundation/torrent/names.js';
import { atomicWriteFile } from '../../transfer/storage/disk/state-file.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { VERBS } from '../verbs/table.js';
import { ClientMetrics } from './client-metrics.js';
import { EventFeed } from './event-feed.js';
import { exposition } from './metrics.js';
import { type Operation, operationsOf } from './operations.js';
import { answerOf, COUNT, listOf, objectOf, TEXT } from './schemas.js';
import type { Served } from './served.js';

export interface ServedClientOptions {
  /** Where a download goes that a browser was given without a destination. Absolute. */
  readonly downloadDir: string;
  /** Where such .mtorrent files are kept. Absolute. */
  readonly dropDir: string;
}

export class ServedClient implements Served {
  readonly title = 'Mini-Torrent client';
  readonly events = new EventFeed();
  readonly operations: readonly Operation[];
  readonly #options: ServedClientOptions;
  readonly #numbers = new ClientMetrics();
  /** Directories whose .mtorrent the client is being given. */
  readonly #dropping = new Set<string>();
  #client: SwarmClient | undefined;

  constructor(options: ServedClientOptions) {
    this.#options = options;
    const client = (): SwarmClient => this.#now();
    this.operations = [this.#about(), ...operationsOf(VERBS, client)];
  }

  /** Asked from now on; undefined: there is none for a while. */
  serve(client: SwarmClient | undefined): void {
    this.#client = client;
    this.events.follow(client);
  }

  unready(): string | undefined {
    return this.#client === undefined ? 'the client is starting or stopping' : undefined;
  }

  async metrics(): Promise<string> {
    const client = this.#now();
    return exposition(await this.#numbers.of(client, this.events.streamCount, Date.now() / 1_000, programVersion()));
  }

  readonly drop = async (mtorrent: Buffer, name: string, destination: string | undefined): Promise<object> => {
    const client = this.#now();
    const fault = checkFileName(name);
    if (fault !== undefined)
      throw new MiniTorrentError('UNSAFE_NAME', `${printable(name)} cannot be the name of a .mtorrent: ${fault}`);
    const { dropDir, downloadDir } = this.#options;
    // Two that differ may have one name.
    const directory = join(dropDir, createHash('sha1').update(mtorrent).digest('hex'));
    this.#dropping.add(directory);
    try {
      await makeDirectory(directory, '--state-dir');
      const path = join(directory, name);
      await atomicWriteFile(path, mtorrent);
      return { schema: 1, path: (await client.get(path, destination ?? `${downloadDir}/`)).path };
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      // Whoever dropped it knows it by its name, and it is deleted.
      throw new MiniTorrentError(error.code, error.message.replaceAll(join(directory, name), name), error);
    } finally {
      this.#dropping.delete(directory);
      await this.#sweep(client);
    }
  };

  /** Deletes what was dropped and is no .mtorrent of a download any more, or never was. */
  async #sweep(client: SwarmClient): Promise<void> {
    const { dropDir } = this.#options;
    try {
      const known = new Set((await client.files()).map(({ mtorrentPath }) => dirname(mtorrentPath)));
      for (const name of await readdir(dropDir)) {
        const directory = join(dropDir, name);
        if (known.has(directory) || this.#dropping.has(directory)) continue;
        await rm(directory, { recursive: true, force: true });
      }
    } catch (error) {
      // The client is ending, or the disk fails: the next drop sweeps.
      if (!(error instanceof MiniTorrentError) && errnoOf(error) === undefined) throw error;
    }
  }

  #now(): SwarmClient {
    if (this.#client !== undefined) return this.#client;
    throw new MiniTorrentError('NOT_RUNNING', 'the client is starting or stopping; try again');
  }

  #about(): Operation {
    return {
      name: 'about',
      method: 'GET',
      summary: 'which client this is',
      input: objectOf({}),
      answer: answerOf({
        program: { const: 'client' },
        version: TEXT,
        address: TEXT,
        trackers: listOf(TEXT),
        pid: COUNT,
        downloadDir: TEXT,
      }),
      perform: async () => {
        const { address, trackers, pid } = this.#now().facts;
        const { downloadDir } = this.#options;
        return { schema: 1, program: 'client', version: programVersion(), address, trackers, pid, downloadDir };
      },
    };
  }
}
