// The tables of version 1, as the release that had them made them: nobody changes this text.

export const TABLES_1 = `
  create table meta (
    only_row boolean not null primary key default true check (only_row),
    schema_version integer not null,
    cluster text not null, -- of a closed swarm, in hex; empty: an open one
    feed_position bigint not null default 0,
    runs bigint not null default 0
  );
  create table trackers (
    run bigint not null primary key,
    address text not null,
    acknowledged bigint not null, -- it has every change up to this position
    seen_at timestamptz not null default now()
  ) with (fillfactor = 50);
  create table swarms (
    swarm bytea not null primary key check (length(swarm) = 20),
    name text collate "C" not null,
    size bigint not null check (size >= 0),
    piece_count integer not null check (piece_count between 0 and 8388608),
    upload bigint, -- whose parts are the verified piece hashes; null while there are none
    info bytea check (length(info) = 32),
    list_bytes bigint not null default 0,
    files bigint not null default 0,
    changed bigint not null, writer bigint not null
  );
  create index swarms_changed on swarms (changed);
  create table entries (
    swarm bytea not null check (length(swarm) = 20),
    client bytea not null check (length(client) = 16),
    host text not null,
    port integer not null check (port between 0 and 65535),
    have integer not null check (have between 0 and 8388608),
    epoch bigint not null check (epoch between 0 and 4294967295),
    sequence bigint not null check (sequence between 0 and 4294967295),
    state text not null check (state in ('live', 'removed', 'lapsed')),
    listed boolean not null default false,
    changed_at timestamptz not null default now(), -- only for forgetting tombstones
    changed bigint not null, writer bigint not null,
    primary key (swarm, client)
  ) with (fillfactor = 70);
  create index entries_of_client on entries (client);
  create index entries_changed on entries (changed);
  create table leaves (
    client bytea not null primary key check (length(client) = 16),
    epoch bigint not null check (epoch between 0 and 4294967295),
    sequence bigint not null check (sequence between 0 and 4294967295),
    changed_at timestamptz not null default now(),
    changed bigint not null, writer bigint not null
  );
  create index leaves_changed on leaves (changed);
  create table hash_parts (
    swarm bytea not null check (length(swarm) = 20),
    upload bigint not null,
    "offset" bigint not null check ("offset" >= 0),
    bytes bytea not null,
    primary key (swarm, upload, "offset")
  );
  create index hash_parts_of_upload on hash_parts (upload);
  create table leases (
    client bytea not null primary key check (length(client) = 16),
    heard_at timestamptz not null,
    writer bigint not null
  ) with (fillfactor = 70);
  create table members (
    member bytea not null primary key check (length(member) = 16),
    public_key bytea not null check (length(public_key) = 32),
    name text collate "C" not null,
    powers integer not null,
    admitted_by bytea not null,
    version bigint not null,
    invitation bytea not null,
    host text collate "C" not null,
    at_s bigint not null,
    changed bigint not null, writer bigint not null
  );
  create table bans (
    member bytea not null primary key check (length(member) = 16),
    version bigint not null,
    banned boolean not null,
    changed bigint not null, writer bigint not null
  );
  create table invitations (
    hash bytea not null primary key check (length(hash) = 16),
    powers integer not null,
    invited_by bytea not null,
    uses integer not null,
    end_s bigint not null,
    void boolean not null default false,
    changed bigint not null, writer bigint not null
  );
  create table invitation_uses (
    hash bytea not null,
    tracker bytea not null check (length(tracker) = 16),
    times bigint not null,
    primary key (hash, tracker)
  );
  create table withdrawals (
    tracker bytea not null primary key check (length(tracker) = 16),
    statement bytea not null,
    changed bigint not null, writer bigint not null
  );
  insert into meta (schema_version, cluster) values (1, '');
`;
