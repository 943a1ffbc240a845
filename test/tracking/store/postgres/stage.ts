// Two or more trackers' sessions on a real PostgreSQL, for tests of what is written and read there. A file of tests has
// one cluster and one database, whose tables are empty when a test begins.

import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';
import { clientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { type DatabaseAddress, parseDatabaseAddress } from '../../../../src/tracking/store/postgres/address.js';
import { type Connected, connectDatabase, newRun } from '../../../../src/tracking/store/postgres/connecting.js';
import { DatabaseReading } from '../../../../src/tracking/store/postgres/reading.js';
import { DATABASE_SCHEMA_VERSION } from '../../../../src/tracking/store/postgres/schema.js';
import { UPKEEP } from '../../../../src/tracking/store/postgres/statements.js';
import { type Written, writeGroup } from '../../../../src/tracking/store/postgres/writing.js';
import { hasPostgres, PostgresServer } from '../../../support/postgres.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';

export const LEASE_MS = 60_000;
const EMPTY = `truncate entries, leaves, swarms, leases, hash_parts, trackers;
  delete from news; insert into news values (0, 0, '');
  update meta set feed_position = 0, schema_version = ${DATABASE_SCHEMA_VERSION}`;

/** A tracker's two sessions; its heard notifications are counted. */
export class DatabaseTracker {
  readonly #connected: Connected;
  readonly run: number;
  readonly reading: DatabaseReading;
  notified = 0;

  constructor(connected: Connected, run: number) {
    this.#connected = connected;
    this.run = run;
    this.reading = new DatabaseReading(connected.reader, run, false);
  }

  write(changes: readonly Change[], leaseMs = LEASE_MS): Promise<Written> {
    return writeGroup(this.#connected.writer, changes, { run: this.run, cluster: '', leaseMs });
  }

  /** Tells that it has everything up to here, and takes away what nobody reads any more. */
  async reaches(position: number): Promise<void> {
    const { reader } = this.#connected;
    await reader.one({ text: UPKEEP.seen, values: [this.run, `tracker ${this.run}`, position] });
    await reader.one({ text: UPKEEP.oldNews });
  }

  async clear(): Promise<void> {
    await this.#connected.writer.execute('delete from entries; delete from leaves');
  }

  async end(): Promise<void> {
    await Promise.all([this.#connected.writer.end(), this.#connected.reader.end()]);
  }
}

export interface DatabaseStage {
  readonly server: PostgresServer;
  readonly address: DatabaseAddress;
  /** SQL as the superuser; see PostgresServer. */
  readonly sql: (text: string) => string;
  /** One more tracker, until the test ends. */
  readonly tracker: (database?: string) => Promise<DatabaseTracker>;
}

let server: PostgresServer | undefined;

after(() => server?.remove());

/** Undefined: the test was skipped. */
export async function databaseStage(t: TestContext): Promise<DatabaseStage | undefined> {
  if (!hasPostgres(t)) return undefined;
  const isFirst = server === undefined;
  server ??= await PostgresServer.start();
  const own = server;
  if (!isFirst) own.sql(EMPTY);
  const address = parseDatabaseAddress(own.address());
  const tracker = async (database?: string): Promise<DatabaseTracker> => {
    let made: DatabaseTracker | undefined;
    const onNotified = (): void => {
      if (made !== undefined) made.notified += 1;
    };
    const events = { onNotified, onEnded: () => undefined };
    const place = database === undefined ? address : { ...address, database };
    const connected = await connectDatabase(place, { cluster: '', seen: undefined, events });
    made = new DatabaseTracker(connected, await newRun(connected));
    t.after(() => made?.end());
    return made;
  };
  return { server: own, address, sql: (text) => own.sql(text), tracker };
}

export function put(number: number, sequence = 1): Change {
  const place = { host: '10.0.0.1', port: 6_000 + sequence, have: 1, epoch: 1, sequence };
  return { kind: 'put', swarm: swarmOf(number), client: clientId(clientBytes(number)), ...place };
}

export function progress(number: number, sequence: number): Change {
  const word = { swarm: swarmOf(number), client: clientId(clientBytes(number)), epoch: 1, sequence };
  return { kind: 'progress', ...word, have: sequence };
}

export function positionOf(written: Written): number {
  assert.ok('position' in written, JSON.stringify(written));
  return written.position;
}
