// Reads what the shared database has: everything, page by page, or what other trackers wrote behind a position.

import type { ClientId, SwarmKey } from '../../../foundation/torrent/ids.js';
import type { InfoDigest } from '../../../foundation/torrent/info-text.js';
import type { MembershipRow } from '../../membership/records.js';
import { membershipFieldsOf, membershipRowsOf } from '../../membership/rows.js';
import type { EntryState } from '../../registry/changes.js';
import type { Value } from './batch.js';
import {
  DATABASE_PAGE_ROWS,
  FEED_GROUPS_FIRST,
  FEED_GROUPS_MAX,
  FEED_PAGE_ROWS_FEW,
  FEED_PAGE_ROWS_MANY,
} from './limits.js';
import { type FedEntry, type FedLeave, type FedRows, type FedSwarm, type FeedState, NOTHING_FED } from './messages.js';
import { newsOf } from './news.js';
import type { DatabaseSession, ResultRow } from './session.js';
import { READS, type ReadName } from './statements.js';

export class DatabaseReading {
  readonly #session: DatabaseSession;
  readonly #run: number;
  readonly #isClosed: boolean;
  #groups = FEED_GROUPS_FIRST;

  /** @param run whose rows are known. @param isClosed the swarm has members. */
  constructor(session: DatabaseSession, run: number, isClosed: boolean) {
    this.#session = session;
    this.#run = run;
    this.#isClosed = isClosed;
  }

  /** Everything; answers the position that it reaches at least. */
  async load(onRows: (rows: FedRows) => void): Promise<number> {
    const { position } = await this.state(0);
    if (this.#isClosed) onRows({ ...NOTHING_FED, membership: await this.#membership(-1, Number.MAX_SAFE_INTEGER) });
    for await (const rows of this.#pages('pageOfSwarms', 1)) onRows({ ...NOTHING_FED, swarms: rows.map(swarmOf) });
    for await (const rows of this.#pages('pageOfLeaves', 1)) onRows({ ...NOTHING_FED, leaves: rows.map(leaveOf) });
    for await (const rows of this.#pages('pageOfEntries', 2)) onRows({ ...NOTHING_FED, entries: rows.map(entryOf) });
    return position;
  }

  /** What others wrote behind `after` and up to `upTo`. False: some of it is there no more. */
  async follow(after: number, upTo: number, onRows: (rows: FedRows, upTo: number) => void): Promise<boolean> {
    for (let from = after; from < upTo; ) {
      const to = Math.min(upTo, from + this.#groups);
      const values = [from, to, this.#run];
      const names = ['fedSwarms', 'fedLeaves', 'fedEntries', 'fedNews'] as const;
      const asked = names.map((name) => ({ name, text: READS[name], values }));
      const results = await this.#session.run([...asked, { name: 'newsBegin', text: READS.newsBegin }]);
      const [swarms = [], leaves = [], entries = [], news = [], [begin] = []] = results.map(({ rows }) => rows);
      if (Number(begin?.[0]) > from) return false;
      const progress = news.flatMap(([position, words]) => [...newsOf(Number(position), words ?? '')]);
      const membership = this.#isClosed ? await this.#membership(from, to) : [];
      const rows = { swarms: swarms.map(swarmOf), leaves: leaves.map(leaveOf), entries: entries.map(entryOf) };
      onRows({ ...rows, progress, membership }, to);
      const count = entries.length + progress.length;
      if (count < FEED_PAGE_ROWS_FEW) this.#groups = Math.min(FEED_GROUPS_MAX, this.#groups * 2);
      else if (count > FEED_PAGE_ROWS_MANY) this.#groups = Math.max(1, Math.floor(this.#groups / 2));
      from = to;
    }
    return true;
  }

  /** @param sinceMs whoever was heard elsewhere in so many milliseconds; 0: nobody. */
  async state(sinceMs: number): Promise<FeedState> {
    const [[row] = []] = [await this.#rows('state', [this.#run])];
    const heard = sinceMs === 0 ? [] : await this.#rows('leases', [sinceMs, this.#run]);
    return {
      position: Number(row?.[0]),
      clockS: Math.floor(Number(row?.[1])),
      acknowledged: row?.[2] === null ? Number.MAX_SAFE_INTEGER : Number(row?.[2]),
      trackers: Number(row?.[3]),
      heard: heard.map(([client, agoMs]) => [client as ClientId, Number(agoMs)] as const),
    };
  }

  async hashes(swarm: SwarmKey, offset: number, length: number): Promise<Uint8Array> {
    const [row] = await this.#rows('hashes', [swarm, offset, length]);
    return bytesOf(row?.[0]);
  }

  async *#pages(
    name: 'pageOfSwarms' | 'pageOfLeaves' | 'pageOfEntries',
    keys: 1 | 2,
  ): AsyncGenerator<readonly ResultRow[]> {
    let [first, second]: [string, string] = ['', ''];
    for (;;) {
      const values = keys === 1 ? [first, DATABASE_PAGE_ROWS] : [first, DATABASE_PAGE_ROWS, second];
      const rows = await this.#rows(name, values);
      yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < DATABASE_PAGE_ROWS) return;
      [first, second] = [last[0] ?? '', last[1] ?? ''];
    }
  }

  async #membership(after: number, upTo: number): Promise<readonly MembershipRow[]> {
    const values = [after, upTo, after < 0 ? 0 : this.#run];
    const names = ['fedMembers', 'fedBans', 'fedInvitations', 'fedWithdrawals'] as const;
    const results = await this.#session.run(names.map((name) => ({ name, text: READS[name], values })));
    const [members = [], bans = [], invitations = [], withdrawals = []] = results.map(({ rows }) => rows);
    return membershipRowsOf({
      ...membershipFieldsOf([]),
      members: members.map(([key, name, powers, by, version, invitation, host, at]) => ({
        key: bytesOf(key),
        name: name ?? '',
        powers: Number(powers),
        by: bytesOf(by),
        version: Number(version),
        invitation: bytesOf(invitation),
        host: host ?? '',
        atS: Number(at),
      })),
      bans: bans.map(([member, version, isBanned]) => ({
        member: bytesOf(member),
        version: Number(version),
        isBanned: isBanned === 't',
      })),
      invitations: invitations.map(([hash, powers, by, uses, end, isVoid, used]) => ({
        hash: bytesOf(hash),
        powers: Number(powers),
        by: bytesOf(by),
        uses: Number(uses),
        endS: Number(end),
        isVoid: isVoid === 't',
        used: countersOf(used),
      })),
      withdrawals: withdrawals.map(([statement]) => bytesOf(statement)),
    });
  }

  #rows(name: ReadName, values: readonly Value[]): Promise<readonly ResultRow[]> {
    return this.#session.one({ name, text: READS[name], values });
  }
}

function countersOf(json: string | null | undefined): (readonly [Uint8Array, number])[] {
  const counters = JSON.parse(json ?? '[]') as readonly (readonly [string, number])[];
  return counters.map(([tracker, times]) => [Buffer.from(tracker, 'hex'), times] as const);
}

/** Of a bytea as text: `\x…`. */
function bytesOf(text: string | null | undefined): Uint8Array {
  return Uint8Array.from(Buffer.from((text ?? '').slice(2), 'hex'));
}

function swarmOf([swarm, name, size, pieces, isComplete, info, listBytes, files]: ResultRow): FedSwarm {
  const told = { info: (info ?? '') as InfoDigest, listBytes: Number(listBytes), files: Number(files) };
  const facts = { name: name ?? '', size: Number(size), pieceCount: Number(pieces) };
  return {
    swarm: swarm as SwarmKey,
    ...facts,
    isComplete: isComplete === 't',
    details: told.info === '' ? undefined : told,
  };
}

function leaveOf([client, epoch, sequence, ageMs, changed]: ResultRow): FedLeave {
  const version = { epoch: Number(epoch), sequence: Number(sequence) };
  return { client: client as ClientId, ...version, ageMs: Math.max(0, Number(ageMs)), changed: Number(changed) };
}

function entryOf(row: ResultRow): FedEntry {
  // By index: a start waits for hundreds of thousands of them.
  return {
    swarm: row[0] as SwarmKey,
    client: row[1] as ClientId,
    host: row[2] ?? '',
    port: Number(row[3]),
    have: Number(row[4]),
    epoch: Number(row[5]),
    sequence: Number(row[6]),
    state: row[7] as EntryState,
    isListed: row[8] === 't',
    ageMs: Math.max(0, Number(row[9])),
    changed: Number(row[10]),
  };
}
