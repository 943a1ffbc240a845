// The tables of the seeder list and every statement that touches them. Keys are blobs; the view `seederlist` shows them
// as hex. Versions decide here exactly as in `registry.ts`.

import { PROGRESS_ROW_SIZE } from './messages.js';

/** 'MTRK': tells our file from any other SQLite file. */
export const APPLICATION_ID = 0x4d54524b;
/** Of the tables below. A tracker reads its own and older ones, and refuses newer ones. */
export const SCHEMA_VERSION = 5;

/** One row each: who this tracker is and the highest position it ever gave out; whose changes it has, and how far. */
const PAIR_TABLES = `
  create table self (
    only integer not null primary key check (only = 1),
    tracker blob not null check (length(tracker) = 16),
    position integer not null,
    seen_at real not null -- wall clock, ms, of the last commit; 0 before the first
  ) strict;
  insert into self values (1, randomblob(16), 0, 0);
  create table followed (
    only integer not null primary key check (only = 1),
    origin blob not null check (length(origin) = 16),
    position integer not null
  ) strict;
`;

/**
 * Where this list was last used: a tracker that finds it elsewhere is another one. Empty: by a program that did not
 * say.
 */
const PLACE_COLUMNS = `
  alter table self add column own text not null default '';
  alter table self add column cluster blob not null default x'';
`;

/**
 * What a .mtorrent says beside its file's facts, and which entries are found by who asks what there is. Old rows:
 * nobody said. This tracker follows its partner anew, which may know what the release before could not keep.
 */
const DETAILS_COLUMNS = `
  alter table swarms add column info blob check (length(info) = 32);
  alter table swarms add column list_bytes integer not null default 0;
  alter table swarms add column files integer not null default 0;
  alter table entries add column listed integer not null default 0 check (listed in (0, 1));
`;

/** Of a closed swarm; in an open one they are empty. Times in seconds since 1970. */
const MEMBERSHIP_TABLES = `
  create table members (
    member blob not null primary key check (length(member) = 16), -- from SHA-256 of its key
    public_key blob not null check (length(public_key) = 32),
    name text not null,
    powers integer not null check (powers between 0 and 31),
    admitted_by blob not null check (length(admitted_by) = 16),
    version integer not null check (version between 0 and 4294967295),
    invitation blob not null, -- by which it joined; empty: nobody remembers
    host text not null,
    at_s integer not null
  ) strict, without rowid;
  create table bans (
    member blob not null primary key check (length(member) = 16),
    version integer not null check (version between 0 and 4294967295),
    banned integer not null check (banned in (0, 1))
  ) strict, without rowid;
  create table invitations (
    hash blob not null primary key check (length(hash) = 16), -- of its secret
    powers integer not null check (powers between 0 and 31),
    invited_by blob not null check (length(invited_by) = 16),
    uses integer not null,
    end_s integer not null,
    void integer not null default 0 check (void in (0, 1))
  ) strict, without rowid;
  create table invitation_uses (
    hash blob not null check (length(hash) = 16),
    tracker blob not null check (length(tracker) = 16), -- whose list counted them
    times integer not null,
    primary key (hash, tracker)
  ) strict, without rowid;
  create table withdrawals (
    tracker blob not null primary key check (length(tracker) = 16), -- from SHA-256 of its key
    statement blob not null check (length(statement) = 179)
  ) strict, without rowid;
`;

/** From each older version to the next one. */
export const UPGRADES: Readonly<Record<number, string>> = {
  1: `alter table swarms add column position integer not null default 0;
    alter table entries add column position integer not null default 0;
    alter table leaves add column position integer not null default 0;
    ${PAIR_TABLES}`,
  2: PLACE_COLUMNS,
  3: `${DETAILS_COLUMNS} delete from followed;`,
  4: MEMBERSHIP_TABLES,
};

export const CREATE = `
  create table swarms (
    swarm blob not null primary key check (length(swarm) = 20),
    name text not null check (length(cast(name as blob)) <= 255),
    size integer not null check (size >= 0),
    piece_count integer not null check (piece_count between 0 and 8388608),
    upload integer check (upload >= 0), -- whose parts are the verified hash string; null while there is none
    position integer not null default 0 -- of its completion here, see order.ts
  ) strict, without rowid;
  create table entries (
    swarm blob not null check (length(swarm) = 20),
    client blob not null check (length(client) = 16),
    host text not null check (length(host) <= 45),
    port integer not null check (port between 0 and 65535),
    have integer not null check (have between 0 and 8388608),
    epoch integer not null check (epoch between 0 and 4294967295),
    sequence integer not null check (sequence between 0 and 4294967295),
    state text not null check (state in ('live', 'removed', 'lapsed')),
    changed_at real not null, -- wall clock, ms; only for forgetting tombstones
    position integer not null default 0, -- of its last change by a request made here
    primary key (swarm, client)
  ) strict, without rowid;
  create index entries_of_client on entries (client);
  create table leaves (
    client blob not null primary key check (length(client) = 16),
    epoch integer not null check (epoch between 0 and 4294967295),
    sequence integer not null check (sequence between 0 and 4294967295),
    changed_at real not null,
    position integer not null default 0
  ) strict, without rowid;
  create table parts (
    swarm blob not null check (length(swarm) = 20),
    upload integer not null check (upload >= 0),
    offset integer not null check (offset >= 0),
    bytes blob not null,
    primary key (swarm, upload, offset)
  ) strict;
  create index parts_of_upload on parts (upload);
  ${PAIR_TABLES}
  ${PLACE_COLUMNS}
  ${DETAILS_COLUMNS}
  ${MEMBERSHIP_TABLES}
  create view seederlist as
    select s.name, s.size, s.piece_count, lower(hex(s.swarm)) as swarm, e.host, e.port, e.have, lower(hex(e.client)) as client
    from entries e join swarms s on s.swarm = e.swarm where e.state = 'live';
`;

const NEWER = '(excluded.epoch, excluded.sequence) > (entries.epoch, entries.sequence)';
const SAME = '(excluded.epoch, excluded.sequence) = (entries.epoch, entries.sequence)';

/**
 * Many rows a statement, as JSON: crossing into SQLite costs as much as the row itself. Materialized, so that no member
 * of a row is looked for twice.
 */
const ROWS = `row as materialized (select unhex(value ->> 0) as swarm, unhex(value ->> 1) as client, value ->> 2 as host,
  value ->> 3 as port, value ->> 4 as have, value ->> 5 as epoch, value ->> 6 as sequence, value ->> 7 as eighth,
  value ->> 8 as ninth, value ->> 9 as tenth from json_each(?1))`;

/** A word that its client's leaving overtook is void: a tombstone from the start. */
function word(eighth: 'position' | 'state'): string {
  const isRemoved = eighth === 'state' ? `eighth = 'removed' or` : '';
  return `word as materialized (select *, eighth as ${eighth}, ${isRemoved} exists (select 1 from leaves
    where leaves.client = row.client and (leaves.epoch, leaves.sequence) >= (row.epoch, row.sequence)) as void from row)`;
}

/** The facts that are told are those that are known. */
const SAME_FACTS =
  '(excluded.name, excluded.size, excluded.piece_count) = (swarms.name, swarms.size, swarms.piece_count)';
const KEEPS_DETAILS = `excluded.info is null and ${SAME_FACTS}`;
const INFO_7 = `iif(?7 = '', null, unhex(?7))`;

const ENTRIES =
  'select lower(hex(swarm)), lower(hex(client)), host, port, have, epoch, sequence, state, changed_at, position, listed from entries';

export const STATEMENTS = {
  swarms: `insert into swarms (swarm, name, size, piece_count)
    select unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3 from json_each(?1) where true
    on conflict (swarm) do update set name = excluded.name, size = excluded.size, piece_count = excluded.piece_count,
      info = null, list_bytes = 0, files = 0
    where upload is null and (excluded.name, excluded.size, excluded.piece_count) <> (swarms.name, swarms.size, swarms.piece_count)`,
  // Behind the facts of its file. Proven facts are told their details once.
  details: `update swarms set info = row.info, list_bytes = row.list_bytes, files = row.files,
      position = iif(upload is null, swarms.position, row.position)
    from (select unhex(value ->> 0) as swarm, value ->> 1 as name, value ->> 2 as size, value ->> 3 as piece_count,
      unhex(value ->> 4) as info, value ->> 5 as list_bytes, value ->> 6 as files, value ->> 7 as position
      from json_each(?1)) as row
    where swarms.swarm = row.swarm and (swarms.name, swarms.size, swarms.piece_count) = (row.name, row.size, row.piece_count)
      and (swarms.upload is null or swarms.info is null)`,
  // A word that its client's leaving overtook is a tombstone from the start.
  puts: `with ${ROWS}, ${word('position')}
    insert into entries (swarm, client, host, port, have, epoch, sequence, state, changed_at, position, listed)
    select swarm, client, iif(void, '', host), iif(void, 0, port), iif(void, 0, have), epoch, sequence,
      iif(void, 'removed', 'live'), ?2, position, iif(void, 0, ninth) from word where true
    on conflict (swarm, client) do update set host = excluded.host, port = excluded.port, have = excluded.have,
      epoch = excluded.epoch, sequence = excluded.sequence, state = excluded.state, changed_at = excluded.changed_at,
      position = excluded.position, listed = excluded.listed
    where ${NEWER} or (entries.state = 'lapsed' and ${SAME})`,
  // The commonest change: rows of a fixed width (see `rows.ts`), which SQLite takes apart faster than JSON. ?2 is JSON
  // for its count.
  progress: `update entries set have = row.have, epoch = row.epoch, sequence = row.sequence, state = 'live',
      position = iif(row.position = 0, entries.position, row.position)
    from (select substr(?1, key * ${PROGRESS_ROW_SIZE} + 1, 20) as swarm, substr(?1, key * ${PROGRESS_ROW_SIZE} + 21, 16) as client,
      cast(substr(?1, key * ${PROGRESS_ROW_SIZE} + 37, 7) as integer) as have, cast(substr(?1, key * ${PROGRESS_ROW_SIZE} + 44, 10) as integer) as epoch,
      cast(substr(?1, key * ${PROGRESS_ROW_SIZE} + 54, 10) as integer) as sequence, cast(substr(?1, key * ${PROGRESS_ROW_SIZE} + 64, 16) as integer) as position
      from json_each(?2)) as row
    where entries.swarm = row.swarm and entries.client = row.client and entries.state <> 'removed'
      and (row.epoch, row.sequence) > (entries.epoch, entries.sequence)`,
  replicatedEntries: `with ${ROWS}, ${word('state')}
    insert into entries (swarm, client, host, port, have, epoch, sequence, state, changed_at, listed)
    select swarm, client, iif(void, '', host), iif(void, 0, port), iif(void, 0, have), epoch, sequence,
      iif(void, 'removed', state), iif(state = 'live', ?2, ?2 - ninth), iif(void or state = 'removed', 0, tenth)
    from word where true
    on conflict (swarm, client) do update set host = excluded.host, port = excluded.port, have = excluded.have,
      epoch = excluded.epoch, sequence = excluded.sequence, state = excluded.state, changed_at = excluded.changed_at,
      listed = iif(${SAME} and excluded.state <> 'removed', max(entries.listed, excluded.listed), excluded.listed)
    where ${NEWER} or (${SAME} and entries.state <> 'removed'
      and (excluded.state = 'removed' or (excluded.state = 'live' and entries.state = 'lapsed')))`,
  // Of the version that is known, told by a tracker that knows what its owner said beside.
  replicatedListings: `update entries set listed = 1
    from (select unhex(value ->> 0) as swarm, unhex(value ->> 1) as client, value ->> 5 as epoch, value ->> 6 as sequence
      from json_each(?1) where value ->> 9 and value ->> 7 <> 'removed') as row
    where entries.swarm = row.swarm and entries.client = row.client and entries.state <> 'removed'
      and (row.epoch, row.sequence) = (entries.epoch, entries.sequence)`,
  remove: `insert into entries (swarm, client, host, port, have, epoch, sequence, state, changed_at, position)
    values (unhex(?1), unhex(?2), '', 0, 0, ?3, ?4, 'removed', ?6, ?5)
    on conflict (swarm, client) do update set host = '', port = 0, have = 0, listed = 0, epoch = excluded.epoch,
      sequence = excluded.sequence, state = 'removed', changed_at = excluded.changed_at, position = excluded.position
    where ${NEWER} or ${SAME}`,
  leaveMark: `insert into leaves (client, epoch, sequence, changed_at, position) values (unhex(?1), ?2, ?3, ?4, ?5)
    on conflict (client) do update set epoch = excluded.epoch, sequence = excluded.sequence, changed_at = excluded.changed_at,
      position = iif(?5 = 0, leaves.position, ?5)
    where (excluded.epoch, excluded.sequence) > (leaves.epoch, leaves.sequence)`,
  leaveEntries: `update entries set state = 'removed', host = '', port = 0, have = 0, listed = 0, changed_at = ?4
    where client = unhex(?1) and state <> 'removed' and (epoch, sequence) <= (?2, ?3)`,
  expire: `update entries set state = 'lapsed', changed_at = ?2
    where client in (select unhex(value) from json_each(?1)) and state = 'live'`,
  forget: `delete from entries where swarm = unhex(?1) and client = unhex(?2) and state <> 'live'
    and (epoch, sequence) <= (?3, ?4)`,
  forgetLeave: `delete from leaves where client = unhex(?1) and (epoch, sequence) <= (?2, ?3)`,
  forgetParts: `delete from parts where swarm = unhex(?1) and not exists (select 1 from entries e where e.swarm = unhex(?1))`,
  forgetSwarm: `delete from swarms where swarm = unhex(?1) and not exists (select 1 from entries e where e.swarm = unhex(?1))`,
  part: `insert into parts (swarm, upload, offset, bytes) values (unhex(?1), ?2, ?3, ?4)
    on conflict (swarm, upload, offset) do update set bytes = excluded.bytes`,
  complete: `insert into swarms (swarm, upload, name, size, piece_count, position, info, list_bytes, files)
    values (unhex(?1), ?2, ?3, ?4, ?5, ?6, ${INFO_7}, ?8, ?9)
    on conflict (swarm) do update set upload = excluded.upload, name = excluded.name, size = excluded.size,
      piece_count = excluded.piece_count, position = excluded.position,
      info = iif(${KEEPS_DETAILS}, swarms.info, excluded.info),
      list_bytes = iif(${KEEPS_DETAILS}, swarms.list_bytes, excluded.list_bytes),
      files = iif(${KEEPS_DETAILS}, swarms.files, excluded.files)
    where upload is null`,
  // As `replacesFacts` says.
  fileInfo: `insert into swarms (swarm, name, size, piece_count, info, list_bytes, files)
    values (unhex(?1), ?2, ?3, ?4, iif(?6 = '', null, unhex(?6)), ?7, ?8)
    on conflict (swarm) do update set name = excluded.name, size = excluded.size, piece_count = excluded.piece_count,
      info = excluded.info, list_bytes = excluded.list_bytes, files = excluded.files
    where iif(${SAME_FACTS},
      excluded.info is not null and (swarms.info is null or (upload is null and ?5) or ((upload is not null) = ?5 and
        (excluded.info, excluded.list_bytes, excluded.files) < (swarms.info, swarms.list_bytes, swarms.files))),
      (upload is null and ?5) or ((upload is not null) = ?5 and
        (excluded.size, excluded.piece_count, excluded.name) < (swarms.size, swarms.piece_count, swarms.name)))`,
  readPart: `select p.bytes from parts p join swarms s on s.swarm = p.swarm and s.upload = p.upload
    where p.swarm = unhex(?1) and p.offset = ?2`,
  // ?3 bytes from ?2 on, as far as the part that has them goes.
  readHashes: `select substr(p.bytes, ?2 - p.offset + 1, ?3) from parts p
    join swarms s on s.swarm = p.swarm and s.upload = p.upload
    where p.swarm = unhex(?1) and p.offset <= ?2 order by p.offset desc limit 1`,
  committed: 'update self set position = max(position, ?1), seen_at = ?2',
  // A tombstone of these may be forgotten everywhere by now, so only their owners list them again.
  expireStale: `update entries set state = 'lapsed', changed_at = ?1 where state = 'live'`,
  // Their ages are the time that this tracker ran, not the time that its wall clock showed meanwhile.
  shiftTombstones: `update entries set changed_at = changed_at + ?1 where state <> 'live'`,
  shiftLeaves: `update leaves set changed_at = changed_at + ?1`,
  followed: `insert into followed (only, origin, position) values (1, ?1, ?2)
    on conflict (only) do update set origin = excluded.origin, position = excluded.position`,
  loadSelf: 'select tracker, position, own, cluster from self',
  place: 'update self set own = ?1, cluster = ?2',
  // Positions go on: only what they are positions of changes.
  identity: 'update self set tracker = ?1, position = max(position, ?2)',
  dropFollowed: 'delete from followed',
  loadSeen: 'select seen_at from self',
  loadFollowed: 'select origin, position from followed',
  dropOtherParts: `delete from parts where swarm = unhex(?1)
    and upload <> (select s.upload from swarms s where s.swarm = unhex(?1))`,
  dropParts: `delete from parts where upload = ?1
    and not exists (select 1 from swarms s where s.swarm = parts.swarm and s.upload = ?1)`,
  dropUnfinishedParts: `delete from parts
    where not exists (select 1 from swarms s where s.swarm = parts.swarm and s.upload = parts.upload)`,
  loadSwarms: `select lower(hex(swarm)), name, size, piece_count, upload is not null, position,
    iif(info is null, '', lower(hex(info))), list_bytes, files from swarms`,
  loadUnlisted: `${ENTRIES} where state <> 'live' order by changed_at`,
  // A page behind (?1, ?2), of ?3 rows, as one JSON text: values that come out one by one cost twice as much. ?4: now.
  loadLive: `select json_group_array(json_array(lower(hex(swarm)), lower(hex(client)), host, port, have, epoch, sequence, state,
      max(0, ?4 - changed_at), position, listed))
    from (select * from entries where state = 'live' and (swarm, client) > (unhex(?1), unhex(?2)) order by swarm, client limit ?3)`,
  loadLeaves: `select lower(hex(client)), epoch, sequence, changed_at, position from leaves order by changed_at`,
  lastUpload: `select coalesce(max(upload), 0) from swarms`,
  listSwarms: `select lower(hex(swarm)), name, size, piece_count from swarms s
    where exists (select 1 from entries e where e.swarm = s.swarm and e.state = 'live') order by name, swarm`,
  listSeeders: `select lower(hex(swarm)), host, port, have from entries where state = 'live' order by swarm, host, port`,
} as const;

export type StatementName = keyof typeof STATEMENTS;
