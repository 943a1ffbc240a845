// The seeder list as one SQLite file that any SQLite tool opens. A commit is one transaction with synchronous=FULL, and
// every statement merges by the owner's version, so a repeated one changes nothing. Refuses a file that is foreign,
// damaged or newer, and leaves it as it is.

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { unreachable } from '../../../foundation/base/assert.js';
import { EMPTY_BYTES, equalBytes } from '../../../foundation/base/bytes.js';
import { CLOCK_STEP_MS, TOMBSTONE_MS } from '../../../foundation/base/limits.js';
import { TRACKER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import { type Database, openDatabase, type Row, type Statement, single, sqliteCodeOf } from './database.js';
import { checkHeader } from './header.js';
import { STORE_CACHE_KIB, STORE_LOG_PAGES, STORE_RESERVED_BYTES } from './limits.js';
import { MembershipTables } from './membership-tables.js';
import { PROGRESS_ROW_SIZE, type StoreCommand } from './messages.js';
import { openError } from './open-errors.js';
import { checkContents, create, isEmpty, unwritableOf, upgrade } from './opening.js';
import { ReservedSpace } from './reserved-space.js';
import { freesRoom } from './rows.js';
import { STATEMENTS, type StatementName } from './schema.js';

type ReplicatedCommand = Extract<
  StoreCommand,
  {
    kind:
      | 'replicatedEntries'
      | 'fileInfo'
      | 'replicatedLeave'
      | 'followed'
      | 'membership'
      | 'identity'
      | 'commit'
      | 'readPart'
      | 'readHashes';
  }
>;

/** What a commit that failed left behind: `full` and `busy` nothing at all; after `broken` nobody knows. */
export type FailedOutcome = 'full' | 'busy' | 'broken';

export interface Failure {
  readonly outcome: FailedOutcome;
  readonly error: unknown;
}

const FIRST_ACCESS = 'select count(*) from sqlite_master';

export type LoadName = 'loadSwarms' | 'loadLeaves' | 'loadUnlisted';

export class SeederStore {
  readonly #database: Database;
  readonly #reserved: ReservedSpace;
  readonly #logPath: string;
  readonly #statements: Readonly<Record<StatementName, Statement>>;
  readonly membership: MembershipTables;

  private constructor(database: Database, path: string, kept: string | undefined) {
    this.#database = database;
    this.#logPath = `${path}-wal`;
    this.kept = kept;
    this.#reserved = new ReservedSpace(`${path}-ballast`, STORE_RESERVED_BYTES);
    this.#reserved.fill();
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared);
    this.membership = new MembershipTables(database);
  }

  /** An older list that was kept beside this one before its first change. */
  readonly kept: string | undefined;

  /**
   * Makes the file when it is absent or empty. Throws MiniTorrentError: STATE_DAMAGED, or what the file system says.
   */
  static open(path: string): SeederStore {
    const isNew = checkHeader(path, 'a+');
    try {
      return SeederStore.#open(path, { isNew, isAlone: false });
    } catch (error) {
      // A disk that maps no shared memory. The index of the log is kept by this process then, which alone has the list.
      if (!lacksSharedMemory(error)) throw openError(error, unwritableOf(path));
    }
    try {
      return SeederStore.#open(path, { isNew: false, isAlone: true });
    } catch (error) {
      throw openError(error, unwritableOf(path));
    }
  }

  /** Throws errors of SQLite, too. @param how.isAlone nobody else may open it meanwhile. */
  static #open(path: string, how: { readonly isNew: boolean; readonly isAlone: boolean }): SeederStore {
    const database = openDatabase(path);
    try {
      if (how.isAlone) database.pragma('locking_mode = EXCLUSIVE');
      if (how.isNew) create(database);
      // The first access to the log, before anything is prepared: that would keep its locks after an error.
      database.exec(how.isNew ? `pragma journal_mode = WAL; ${FIRST_ACCESS}` : FIRST_ACCESS);
      // Nothing moves from the log into the file before we know that the file is ours and whole.
      database.pragma('wal_autocheckpoint = 0');
      if (isEmpty(database)) create(database);
      checkContents(database, path);
      const kept = upgrade(database, path);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma(`wal_autocheckpoint = ${STORE_LOG_PAGES}`);
      // What a burst or a reader that held it up made of the log is given back at the next checkpoint.
      database.pragma(`journal_size_limit = ${STORE_LOG_PAGES * 4 * 1_024}`);
      database.pragma(`cache_size = -${STORE_CACHE_KIB}`);
      database.exec(STATEMENTS.dropUnfinishedParts);
      return new SeederStore(database, path, kept);
    } catch (error) {
      // Else not closed: closing would move the log into a file that we have just refused. The process ends anyway.
      if (lacksSharedMemory(error)) database.close();
      throw error;
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
      if (this.#reserved.isShort) this.#reserved.fill();
      return undefined;
    }
    if (failure.outcome !== 'full' || !commands.every(freesRoom)) return failure;
    this.#reserved.release();
    const second = this.#transaction(commands, wallMs, position, setByMs);
    this.#reserved.fill();
    return second;
  }

  /** Moves the log into the file, so that it is one file again, and closes. */
  close(): void {
    try {
      this.#reserved.release();
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
   * At the start. What a tracker listed that did not run for longer than tombstones are kept, or whose wall clock
   * cannot say for how long, is not listed by its word alone. The time that it did not run makes no tombstone older.
   */
  resume(wallMs: number): void {
    const seenMs = Number(single(this.#database, STATEMENTS.loadSeen));
    const awayMs = seenMs === 0 ? 0 : wallMs - seenMs;
    this.#database.exec('begin immediate');
    if (awayMs > TOMBSTONE_MS || awayMs < -CLOCK_STEP_MS) this.#statements.expireStale.run(seenMs);
    if (Math.abs(awayMs) > CLOCK_STEP_MS) this.#shift(awayMs);
    this.membership.forgetEnded(wallMs);
    this.#statements.committed.run(0, wallMs);
    this.#database.exec('commit');
  }

  /**
   * The tracker at `own` of the pair `cluster` uses this list. One that was copied or moved here belongs to another
   * tracker, whose positions mean nothing of this one's: it gets a new id. Answers where it was used before, empty when
   * here or nowhere.
   */
  usedAt(own: string, cluster: Uint8Array): string {
    const { own: former, cluster: formerCluster } = this.place();
    const isSame = former === own && equalBytes(formerCluster, cluster);
    if (isSame) return '';
    this.#database.exec('begin immediate');
    this.#statements.place.run(own, cluster);
    if (former !== '') {
      this.#statements.identity.run(randomBytes(TRACKER_ID_SIZE), 0);
      this.#statements.dropFollowed.run();
    }
    this.#database.exec('commit');
    return former;
  }

  /** Where this list was used last, and by which pair; empty: nowhere yet. */
  place(): { readonly own: string; readonly cluster: Uint8Array } {
    const row = this.#statements.loadSelf.raw().get() as unknown as [Uint8Array, number, string, Uint8Array];
    return { own: row[2], cluster: new Uint8Array(row[3]) };
  }

  /** Of the log beside the list. */
  logBytes(): number {
    return statSync(this.#logPath, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Who this tracker is and the highest position it gave out; whose changes it has, up to which position. */
  identity(): {
    readonly trackerId: Uint8Array;
    readonly position: number;
    readonly origin: Uint8Array | null;
    readonly followed: number;
  } {
    const [trackerId, position] = this.#statements.loadSelf.raw().get() as unknown as [
      Uint8Array,
      number,
      ...unknown[],
    ];
    const [origin, followed] = (this.#statements.loadFollowed.raw().get() ?? [null, 0]) as [Uint8Array | null, number];
    return { trackerId: new Uint8Array(trackerId), position, origin: origin && new Uint8Array(origin), followed };
  }

  /** The part of the verified piece hashes that begins at `offset`; empty when there is none. */
  part(swarm: string, offset: number): Uint8Array {
    const row = this.#statements.readPart.raw().get(swarm, offset) as unknown as [Uint8Array] | undefined;
    return new Uint8Array(row?.[0] ?? EMPTY_BYTES);
  }

  /** At most `length` bytes of the verified piece hashes from `offset` on; empty when there are none. */
  hashes(swarm: string, offset: number, length: number): Uint8Array {
    const row = this.#statements.readHashes.raw().get(swarm, offset, length) as unknown as [Uint8Array] | undefined;
    return new Uint8Array(row?.[0] ?? EMPTY_BYTES);
  }

  #write(command: StoreCommand, wallMs: number): void {
    const { swarms, puts, remove, leaveMark, leaveEntries, expire, forget, ...rest } = this.#statements;
    switch (command.kind) {
      case 'swarms':
        swarms.run(JSON.stringify(command.rows));
        return;
      case 'details':
        rest.details.run(JSON.stringify(command.rows));
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
      case 'expires':
        expire.run(JSON.stringify(command.rows), wallMs);
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
          ...command.details,
        );
        rest.dropOtherParts.run(command.swarm);
        return;
      case 'dropParts':
        rest.dropParts.run(command.upload);
        return;
      default:
        this.#writeReplicated(command, wallMs);
    }
  }

  /** What the partner said. */
  #writeReplicated(command: ReplicatedCommand, wallMs: number): void {
    const { replicatedEntries, fileInfo, leaveMark, leaveEntries, followed } = this.#statements;
    switch (command.kind) {
      case 'replicatedEntries':
        replicatedEntries.run(JSON.stringify(command.rows), wallMs);
        if (command.rows.some(([, , , , , , , , , isListed]) => isListed))
          this.#statements.replicatedListings.run(JSON.stringify(command.rows));
        return;
      case 'fileInfo':
        for (const [swarm, name, size, pieceCount, proven, ...details] of command.rows)
          fileInfo.run(swarm, name, size, pieceCount, proven ? 1 : 0, ...details);
        return;
      case 'replicatedLeave':
        leaveMark.run(command.client, command.epoch, command.sequence, wallMs - command.ms, 0);
        leaveEntries.run(command.client, command.epoch, command.sequence, wallMs - command.ms);
        return;
      case 'followed':
        followed.run(command.origin, command.position);
        return;
      case 'membership':
        this.membership.write(command);
        return;
      case 'identity':
        this.#statements.identity.run(command.tracker, 0);
        this.#statements.dropFollowed.run();
        return;
      case 'commit':
      case 'readPart':
      case 'readHashes':
        return;
      default:
        unreachable(command);
    }
  }

  #shift(byMs: number): void {
    this.#statements.shiftTombstones.run(byMs);
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
    const code = sqliteCodeOf(error);
    if (code === 'SQLITE_FULL') return 'full';
    if (code?.startsWith('SQLITE_BUSY') === true) return 'busy';
    return isUnwritten(error) && this.#reserved.isDiskFull() ? 'full' : 'broken';
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

function lacksSharedMemory(error: unknown): boolean {
  return /^SQLITE_IOERR_SHM(MAP|OPEN)$/.test(sqliteCodeOf(error) ?? '');
}

/** Before the flush, so what was written is void with its transaction. After a failed flush nobody knows. */
function isUnwritten(error: unknown): boolean {
  return /^SQLITE_IOERR_(WRITE|SHMSIZE)$/.test(sqliteCodeOf(error) ?? '');
}
