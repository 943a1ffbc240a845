// The only door to libsql: the seeder list as one SQLite file that any SQLite tool opens. A commit is one transaction with
// synchronous=FULL, all of it or nothing; every statement merges by the owner's version, so repeating one changes nothing.
// A file that is not ours, damaged or newer is refused and left as it is. Never retries a failed write.

import Database from 'libsql';
import { unreachable } from '../base/assert.js';
import { EMPTY_BYTES } from '../base/bytes.js';
import { MiniTorrentError } from '../base/errors.js';
import {
  CLOCK_STEP_MS,
  STORE_BALLAST_BYTES,
  STORE_BUSY_MS,
  STORE_CACHE_KIB,
  STORE_LOG_PAGES,
  TOMBSTONE_MS,
} from '../base/limits.js';
import { Ballast } from './ballast.js';
import { checkHeader, checkVersion } from './header.js';
import { PROGRESS_ROW_SIZE, type StoreCommand } from './messages.js';
import { damaged, openError } from './open-errors.js';
import { APPLICATION_ID, CREATE, SCHEMA_VERSION, STATEMENTS, type StatementName, UPGRADES } from './schema.js';

type Row = readonly (string | number)[];
type Bound = string | number | Uint8Array;
type Statement = Database.Statement<Bound[]>;

type ToldCommand = Extract<
  StoreCommand,
  { kind: 'tolds' | 'facts' | 'toldLeave' | 'followed' | 'commit' | 'readPart' }
>;

/** What a commit that failed left behind: `full` and `busy` nothing at all; after `broken` nobody knows. */
export type FailedOutcome = 'full' | 'busy' | 'broken';

export interface Failure {
  readonly outcome: FailedOutcome;
  readonly error: unknown;
}

export type LoadName = 'loadSwarms' | 'loadLeaves' | 'loadGraves';

export class SeederStore {
  readonly #database: Database.Database;
  readonly #ballast: Ballast;
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  private constructor(database: Database.Database, path: string) {
    this.#database = database;
    this.#ballast = new Ballast(`${path}-ballast`, STORE_BALLAST_BYTES);
    this.#ballast.load();
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared);
  }

  /** Makes the file when it is absent or empty. Throws MiniTorrentError: STATE_DAMAGED, or what the file system says. */
  static open(path: string): SeederStore {
    checkHeader(path, 'a+');
    const database = openDatabase(path);
    try {
      // Nothing moves from the log into the file before we know that the file is ours and whole.
      database.pragma('wal_autocheckpoint = 0');
      if (isEmpty(database)) create(database);
      checkContents(database, path);
      upgrade(database);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma(`wal_autocheckpoint = ${STORE_LOG_PAGES}`);
      database.pragma(`cache_size = -${STORE_CACHE_KIB}`);
      database.exec(STATEMENTS.dropUnfinishedParts);
      return new SeederStore(database, path);
    } catch (error) {
      // Not closed: closing would move the log into a file that we have just refused. The process ends anyway.
      throw openError(error, path);
    }
  }

  /** Rows of a load statement, in batches of at most `rowsMax`. */
  *batches(name: LoadName, rowsMax: number): Generator<readonly Row[]> {
    let batch: Row[] = [];
    for (const row of this.#statements[name].raw().iterate()) {
      batch.push(row as Row);
      if (batch.length < rowsMax) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** The live entries as they are told to the tracker, in batches of at most `rowsMax`. */
  *liveBatches(rowsMax: number, wallMs: number): Generator<readonly Row[]> {
    const page = this.#statements.loadLive.raw();
    for (let [swarm, client]: Row = ['', '']; ; ) {
      const [json] = page.get(swarm ?? '', client ?? '', rowsMax, wallMs) as unknown as [string];
      const rows: readonly Row[] = JSON.parse(json);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      [swarm, client] = last;
    }
  }

  /**
   * All of `commands` on the disk and undefined; or none of them, and what is known of the failure.
   * @param setByMs the wall clock was set by this much since the last commit.
   */
  commit(commands: readonly StoreCommand[], wallMs: number, position = 0, setByMs = 0): Failure | undefined {
    let failure = this.#transaction(commands, wallMs, position, setByMs);
    // It was full a moment ago, or it fails: trying again tells. Only a flush may never be tried again.
    if (failure?.outcome === 'broken' && isUnwritten(failure.error))
      failure = this.#transaction(commands, wallMs, position, setByMs);
    if (failure === undefined) {
      if (this.#ballast.isLight) this.#ballast.load();
      return undefined;
    }
    if (failure.outcome !== 'full' || !commands.every(freesRoom)) return failure;
    this.#ballast.drop();
    const second = this.#transaction(commands, wallMs, position, setByMs);
    this.#ballast.load();
    return second;
  }

  /** Moves the log into the file, so that it is one file again, and closes. */
  close(): void {
    try {
      this.#ballast.drop();
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      this.#database.close();
    }
  }

  /** Highest number of an upload that any swarm keeps: new ones start above. */
  lastUpload(): number {
    return Number(single(this.#database, STATEMENTS.lastUpload));
  }

  /**
   * At the start. What a tracker listed that did not run for longer than tomb stones are kept, or whose wall clock cannot say for how
   * long, is not listed by its word alone. The time that it did not run makes no tomb stone older.
   */
  resume(wallMs: number): void {
    const seenMs = Number(single(this.#database, STATEMENTS.loadSeen));
    const awayMs = seenMs === 0 ? 0 : wallMs - seenMs;
    this.#database.exec('begin immediate');
    if (awayMs > TOMBSTONE_MS || awayMs < -CLOCK_STEP_MS) this.#statements.lapseStale.run(seenMs);
    if (Math.abs(awayMs) > CLOCK_STEP_MS) this.#shift(awayMs);
    this.#statements.committed.run(0, wallMs);
    this.#database.exec('commit');
  }

  /** Who this tracker is and the highest position it gave out; whose changes it has, up to which position. */
  identity(): {
    readonly trackerId: Uint8Array;
    readonly position: number;
    readonly origin: Uint8Array | null;
    readonly followed: number;
  } {
    const [trackerId, position] = this.#statements.loadSelf.raw().get() as unknown as [Uint8Array, number];
    const [origin, followed] = (this.#statements.loadFollowed.raw().get() ?? [null, 0]) as [Uint8Array | null, number];
    return { trackerId: new Uint8Array(trackerId), position, origin: origin && new Uint8Array(origin), followed };
  }

  /** The part of the verified hash string that begins at `offset`; empty when there is none. */
  part(swarm: string, offset: number): Uint8Array {
    const row = this.#statements.readPart.raw().get(swarm, offset) as unknown as [Uint8Array] | undefined;
    return new Uint8Array(row?.[0] ?? EMPTY_BYTES);
  }

  #write(command: StoreCommand, wallMs: number): void {
    const { swarms, puts, remove, leaveMark, leaveEntries, lapses, forget, ...rest } = this.#statements;
    switch (command.kind) {
      case 'swarms':
        swarms.run(JSON.stringify(command.rows));
        return;
      case 'puts':
        puts.run(JSON.stringify(command.rows), wallMs);
        return;
      case 'progress':
        rest.progress.run(command.rows, `[0${',0'.repeat(command.rows.length / PROGRESS_ROW_SIZE - 1)}]`);
        return;
      case 'removes':
        for (const row of command.rows) remove.run(...row, wallMs);
        return;
      case 'leave':
        leaveMark.run(command.client, command.epoch, command.sequence, wallMs, command.position);
        leaveEntries.run(command.client, command.epoch, command.sequence, wallMs);
        return;
      case 'lapses':
        lapses.run(JSON.stringify(command.rows), wallMs);
        return;
      case 'forgets':
        for (const row of command.rows) forget.run(...row);
        return;
      case 'forgetLeave':
        rest.forgetLeave.run(command.client, command.epoch, command.sequence);
        return;
      case 'forgetSwarm':
        rest.forgetParts.run(command.swarm);
        rest.forgetSwarm.run(command.swarm);
        return;
      case 'part':
        rest.part.run(command.swarm, command.upload, command.offset, command.part);
        return;
      case 'complete':
        rest.complete.run(
          command.swarm,
          command.upload,
          command.name,
          command.size,
          command.pieceCount,
          command.position,
        );
        rest.dropOtherParts.run(command.swarm);
        return;
      case 'dropParts':
        rest.dropParts.run(command.upload);
        return;
      default:
        this.#writeTold(command, wallMs);
    }
  }

  /** What the partner said. */
  #writeTold(command: ToldCommand, wallMs: number): void {
    const { tolds, facts, leaveMark, leaveEntries, followed } = this.#statements;
    switch (command.kind) {
      case 'tolds':
        tolds.run(JSON.stringify(command.rows), wallMs);
        return;
      case 'facts':
        for (const [swarm, name, size, pieceCount, proven] of command.rows)
          facts.run(swarm, name, size, pieceCount, proven ? 1 : 0);
        return;
      case 'toldLeave':
        leaveMark.run(command.client, command.epoch, command.sequence, wallMs - command.ms, 0);
        leaveEntries.run(command.client, command.epoch, command.sequence, wallMs - command.ms);
        return;
      case 'followed':
        followed.run(command.origin, command.position);
        return;
      case 'commit':
      case 'readPart':
        return;
      default:
        unreachable(command);
    }
  }

  #shift(byMs: number): void {
    this.#statements.shiftGraves.run(byMs);
    this.#statements.shiftLeaves.run(byMs);
  }

  #transaction(
    commands: readonly StoreCommand[],
    wallMs: number,
    position: number,
    setByMs: number,
  ): Failure | undefined {
    try {
      this.#database.exec('begin immediate');
      if (setByMs !== 0) this.#shift(setByMs);
      for (const command of commands) this.#write(command, wallMs);
      this.#statements.committed.run(position, wallMs);
      this.#database.exec('commit');
      return undefined;
    } catch (error) {
      return { outcome: this.#rolledBack() ? this.#outcomeOf(error) : 'broken', error };
    }
  }

  #outcomeOf(error: unknown): FailedOutcome {
    if (!(error instanceof Database.SqliteError)) return 'broken';
    if (error.code === 'SQLITE_FULL') return 'full';
    if (error.code.startsWith('SQLITE_BUSY')) return 'busy';
    return isUnwritten(error) && this.#ballast.isDiskFull() ? 'full' : 'broken';
  }

  /** SQLite itself rolls back after some errors and not after others. */
  #rolledBack(): boolean {
    try {
      if (this.#database.inTransaction) this.#database.exec('rollback');
      return true;
    } catch (error) {
      // Then the transaction is open and nothing more may be written through it: the caller ends the store.
      return error === undefined;
    }
  }
}

/** Removals and the like: what a full disk should not refuse. */
const ADDING: ReadonlySet<StoreCommand['kind']> = new Set([
  'swarms',
  'puts',
  'part',
  'complete',
  'tolds',
  'facts',
  'followed',
]);

function freesRoom({ kind }: StoreCommand): boolean {
  return !ADDING.has(kind);
}

/** For readers: swarms and their live seeders, while a tracker may be running on the file. Makes and changes nothing. */
export function readSeederList(path: string): { readonly swarms: readonly Row[]; readonly seeders: readonly Row[] } {
  checkHeader(path, 'r');
  const database = openDatabase(path);
  try {
    database.pragma('query_only = ON');
    if (isEmpty(database)) return { swarms: [], seeders: [] };
    checkContents(database, path);
    database.exec('begin');
    const swarms = database.prepare(STATEMENTS.listSwarms).raw().all() as Row[];
    const seeders = database.prepare(STATEMENTS.listSeeders).raw().all() as Row[];
    database.exec('commit');
    return { swarms, seeders };
  } catch (error) {
    throw openError(error, path);
  } finally {
    database.close();
  }
}

/** Before the flush, so what was written is void with its transaction. After a failed flush nobody knows. */
function isUnwritten(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_IOERR_(WRITE|SHMSIZE)$/.test(error.code);
}

function openDatabase(path: string): Database.Database {
  try {
    return new Database(path, { timeout: STORE_BUSY_MS });
  } catch (error) {
    throw new MiniTorrentError(
      'PERMISSION_DENIED',
      `${path} could not be opened as an SQLite file; check its permissions and its directory's`,
      error,
    );
  }
}

function isEmpty(database: Database.Database): boolean {
  return single(database, 'select count(*) from sqlite_master') === 0;
}

/** In one transaction, before the log is switched on: a crash leaves an empty file or a whole one. */
function create(database: Database.Database): void {
  database.exec(
    `begin exclusive; ${CREATE} pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}; commit`,
  );
}

/** In one transaction: a crash leaves the old version or the new one. */
function upgrade(database: Database.Database): void {
  const steps: string[] = [];
  for (let version = Number(single(database, 'pragma user_version')); version < SCHEMA_VERSION; version += 1)
    steps.push(UPGRADES[version] ?? '');
  if (steps.length === 0) return;
  database.exec(`begin exclusive; ${steps.join('')}; pragma user_version = ${SCHEMA_VERSION}; commit`);
}

function checkContents(database: Database.Database, path: string): void {
  const applicationId = single(database, 'pragma application_id');
  if (applicationId === 0) checkVersion(1, 1, path);
  checkVersion(Number(applicationId), Number(single(database, 'pragma user_version')), path);
  const verdict = single(database, 'pragma quick_check(1)');
  if (verdict !== 'ok') throw damaged(path, String(verdict));
}

function single(database: Database.Database, sql: string): string | number | undefined {
  return (database.prepare(sql).raw().get() as Row | undefined)?.[0];
}
