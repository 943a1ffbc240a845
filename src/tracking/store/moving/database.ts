// The database of trackers as one end of a move. It is read as it is at one moment, and written group by group as a
// tracker does, so trackers may use it meanwhile: they hear of what was written.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { PART_BYTES_MAX } from '../../../foundation/base/limits.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { DatabaseAddress } from '../postgres/address.js';
import type { DatabaseChange } from '../postgres/batch.js';
import { type Connected, connectDatabase, newRun } from '../postgres/connecting.js';
import { sentenceOf } from '../postgres/faults.js';
import { UPLOADS_A_RUN } from '../postgres/limits.js';
import type { FedRows, WriteOutcome } from '../postgres/messages.js';
import { DatabaseReading } from '../postgres/reading.js';
import { writeGroup } from '../postgres/writing.js';
import type { MoveSource, MoveTarget } from './ends.js';

const CODES = {
  full: 'DISK_FULL',
  fenced: 'STATE_DAMAGED',
  refused: 'IO_ERROR',
  unknown: 'IO_ERROR',
  broken: 'IO_ERROR',
} as const satisfies Record<WriteOutcome, string>;

/** Its pages are read between commits of a list, however long those take. */
const ONE_MOMENT = `set idle_in_transaction_session_timeout = 0;
  begin transaction isolation level repeatable read read only`;
const PROVEN = `select encode(swarm, 'hex') from swarms where upload is not null`;

/** @param cluster of a closed swarm, in hex; '': open. Rejects with MiniTorrentError. */
export async function openDatabaseSource(address: DatabaseAddress, cluster: string): Promise<MoveSource> {
  const connected = await connect(address, cluster);
  return asked(connected, async () => {
    await connected.reader.execute(ONE_MOMENT);
    const reading = new DatabaseReading(connected.reader, 0, true);
    return new DatabaseSource(connected, reading, (await reading.state(0)).trackers);
  });
}

export async function openDatabaseTarget(address: DatabaseAddress, cluster: string): Promise<MoveTarget> {
  const connected = await connect(address, cluster);
  return asked(connected, async () => new DatabaseTarget(connected, await newRun(connected), cluster));
}

async function connect(address: DatabaseAddress, cluster: string): Promise<Connected> {
  const events = { onNotified: () => undefined, onEnded: () => undefined };
  try {
    return await connectDatabase(address, { cluster, seen: undefined, events });
  } catch (error) {
    // NO_TRACKER says that waiting may mend it, which nobody does here.
    if (!(error instanceof MiniTorrentError) || error.code !== 'NO_TRACKER') throw error;
    throw new MiniTorrentError('IO_ERROR', error.message, error);
  }
}

/** Closes the sessions when `work` fails. */
async function asked<T>(connected: Connected, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    connected.writer.drop();
    connected.reader.drop();
    throw lost(connected, error);
  }
}

function lost({ name }: Connected, error: unknown): MiniTorrentError {
  if (error instanceof MiniTorrentError) return error;
  return new MiniTorrentError('IO_ERROR', `${name}: ${sentenceOf(error)}; run the import again`, error);
}

async function end({ writer, reader }: Connected): Promise<void> {
  await Promise.all([writer.end(), reader.end()]);
}

class DatabaseSource implements MoveSource {
  readonly name: string;
  readonly users: number;
  readonly #connected: Connected;
  readonly #reading: DatabaseReading;

  constructor(connected: Connected, reading: DatabaseReading, users: number) {
    this.name = connected.name;
    this.users = users;
    this.#connected = connected;
    this.#reading = reading;
  }

  rows(): Promise<readonly FedRows[]> {
    return asked(this.#connected, async () => {
      const pages: FedRows[] = [];
      await this.#reading.load((rows) => void pages.push(rows));
      return pages;
    });
  }

  hashes(swarm: SwarmKey, offset: number): Promise<Uint8Array> {
    return asked(this.#connected, () => this.#reading.hashes(swarm, offset, PART_BYTES_MAX));
  }

  close(): Promise<void> {
    return end(this.#connected);
  }
}

class DatabaseTarget implements MoveTarget {
  readonly #connected: Connected;
  readonly #run: number;
  readonly #cluster: string;
  #uploads = 0;

  constructor(connected: Connected, run: number, cluster: string) {
    this.#connected = connected;
    this.#run = run;
    this.#cluster = cluster;
  }

  async proven(): Promise<ReadonlySet<SwarmKey>> {
    const rows = await asked(this.#connected, () => this.#connected.writer.one({ text: PROVEN }));
    return new Set(rows.map(([swarm]) => swarm as SwarmKey));
  }

  newUpload(): number {
    this.#uploads += 1;
    return this.#run * UPLOADS_A_RUN + this.#uploads;
  }

  async write(changes: readonly DatabaseChange[]): Promise<void> {
    const setting = { run: this.#run, cluster: this.#cluster, leaseMs: 0 };
    const written = await writeGroup(this.#connected.writer, changes, setting);
    if (!('outcome' in written)) return;
    const { outcome, sentence } = written;
    throw new MiniTorrentError(CODES[outcome], `${this.#connected.name}: ${sentence}; run the import again`);
  }

  /** Nothing is left to do: its trackers hear of each group. */
  async finish(): Promise<void> {}

  close(): Promise<void> {
    return end(this.#connected);
  }
}
