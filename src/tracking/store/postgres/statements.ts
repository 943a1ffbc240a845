// Every statement that writes a shared database, many rows each. Versions decide here exactly as in the registry. The
// first two parameters are the cluster, as `meta` has it, and the run of the tracker; the others are arrays of columns.
// Pure.

import { DATABASE_NEWS_KEPT_S } from './limits.js';

/** Columns of rows as arrays; keys travel as hex. @param types behind the two parameters that all have. */
function rows(columns: string, types: readonly string[]): string {
  const parameters = types.map((type, at) => `$${at + 3}::${type}[]`);
  return `unnest(${parameters.join(', ')}) as given(${columns})`;
}

/** Taken by the first statement of the same transaction. */
const POSITION = '(select feed_position from meta where cluster = $1)';
const OWN = `${POSITION}, $2::bigint`;
const FEED = `changed = ${POSITION}, writer = $2::bigint`;
const EXCLUDED = 'changed = excluded.changed, writer = excluded.writer';
const NEWER = '(excluded.epoch, excluded.sequence) > (e.epoch, e.sequence)';
const SAME = '(excluded.epoch, excluded.sequence) = (e.epoch, e.sequence)';
/** At one version live beats lapsed. */
const STAYS_LIVE = `(${SAME} and e.state = 'live' and excluded.state = 'lapsed')`;
const KEYS = `decode(s, 'hex') as swarm, decode(c, 'hex') as client`;
/** A word that its client's leaving overtook is void: a tombstone from the start. */
const VOID = `exists (select 1 from leaves l where l.client = given.client
  and (l.epoch, l.sequence) >= (given.epoch, given.sequence))`;
/** As `news.ts` reads it. */
const NEWS_WORD = 'e.swarm || e.client || int4send(e.have) || int8send(e.epoch) || int8send(e.sequence)';
const SAME_FACTS = '(excluded.name, excluded.size, excluded.piece_count) = (k.name, k.size, k.piece_count)';
const INFO = `decode(nullif(info, ''), 'hex')`;
const REMOVED = `state = 'removed', host = '', port = 0, have = 0, listed = false`;
const MEMBER_ORDER = ['version', 'name', 'powers', 'admitted_by', 'invitation', 'host', 'at_s'];
const TERMS = ['powers', 'invited_by', 'uses', 'end_s'];

function greater(table: string, columns: readonly string[]): string {
  const of = (whose: string): string => columns.map((column) => `${whose}.${column}`).join(', ');
  return `(${of('excluded')}) > (${of(table)})`;
}

function taken(columns: readonly string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(', ');
}

export const WRITES = {
  swarms: `insert into swarms as k (changed, writer, swarm, name, size, piece_count)
    select ${OWN}, decode(s, 'hex'), name, size, pieces from ${rows('s, name, size, pieces', ['text', 'text', 'bigint', 'int'])}
    on conflict (swarm) do update set name = excluded.name, size = excluded.size, piece_count = excluded.piece_count,
      info = null, list_bytes = 0, files = 0, ${EXCLUDED}
    where k.upload is null and not ${SAME_FACTS}`,
  // Behind the facts of its file. Proven facts are told their details once.
  details: `update swarms k set info = ${INFO.replace('(info', '(given.info')}, list_bytes = given.list_bytes, files = given.files, ${FEED}
    from ${rows('s, name, size, pieces, info, list_bytes, files', ['text', 'text', 'bigint', 'int', 'text', 'bigint', 'bigint'])}
    where k.swarm = decode(s, 'hex') and (k.name, k.size, k.piece_count) = (given.name, given.size, pieces)
      and (k.upload is null or k.info is null)
      and (k.info, k.list_bytes, k.files) is distinct from (decode(nullif(given.info, ''), 'hex'), given.list_bytes, given.files)`,
  puts: `with given as materialized (select ${KEYS}, host, port, have, epoch, sequence, listed
      from ${rows('s, c, host, port, have, epoch, sequence, listed', ['text', 'text', 'text', 'int', 'int', 'bigint', 'bigint', 'boolean'])}),
    word as (select *, ${VOID} as void from given)
    insert into entries as e (changed, writer, swarm, client, host, port, have, epoch, sequence, state, listed)
    select ${OWN}, swarm, client, case when void then '' else host end, case when void then 0 else port end,
      case when void then 0 else have end, epoch, sequence, case when void then 'removed' else 'live' end, listed and not void
    from word
    on conflict (swarm, client) do update set ${taken(['host', 'port', 'have', 'epoch', 'sequence', 'state', 'listed', 'changed_at'])}, ${EXCLUDED}
    where ${NEWER} or (e.state = 'lapsed' and ${SAME})`,
  // A row that was live keeps its place in the feed, of which no index has to change: its progress goes into the news.
  progress: `with told as (update entries e set have = given.have, epoch = given.epoch, sequence = given.sequence, state = 'live',
      changed = case when e.state = 'live' then e.changed else ${POSITION} end,
      writer = case when e.state = 'live' then e.writer else $2::bigint end
      from ${rows('s, c, have, epoch, sequence', ['text', 'text', 'int', 'bigint', 'bigint'])}
      where e.swarm = decode(s, 'hex') and e.client = decode(c, 'hex') and e.state <> 'removed'
        and (given.epoch, given.sequence) > (e.epoch, e.sequence)
      returning e.changed, ${NEWS_WORD} as word)
    insert into news (position, writer, words)
    select ${POSITION}, $2::bigint, string_agg(word, '') from told where changed < ${POSITION} having count(*) > 0`,
  removes: `insert into entries as e (changed, writer, swarm, client, host, port, have, epoch, sequence, state)
    select ${OWN}, decode(s, 'hex'), decode(c, 'hex'), '', 0, 0, epoch, sequence, 'removed'
    from ${rows('s, c, epoch, sequence', ['text', 'text', 'bigint', 'bigint'])}
    on conflict (swarm, client) do update set ${REMOVED}, epoch = excluded.epoch, sequence = excluded.sequence,
      changed_at = excluded.changed_at, ${EXCLUDED}
    where ${NEWER} or (${SAME} and e.state <> 'removed')`,
  leaveMarks: `insert into leaves as l (changed, writer, client, epoch, sequence, changed_at)
    select ${OWN}, decode(c, 'hex'), epoch, sequence, now() - ms * interval '1 millisecond'
    from ${rows('c, epoch, sequence, ms', ['text', 'bigint', 'bigint', 'float8'])}
    on conflict (client) do update set ${taken(['epoch', 'sequence', 'changed_at'])}, ${EXCLUDED}
    where (excluded.epoch, excluded.sequence) > (l.epoch, l.sequence)`,
  leaveEntries: `update entries e set ${REMOVED}, changed_at = now() - ms * interval '1 millisecond', ${FEED}
    from ${rows('c, epoch, sequence, ms', ['text', 'bigint', 'bigint', 'float8'])}
    where e.client = decode(c, 'hex') and e.state <> 'removed' and (e.epoch, e.sequence) <= (given.epoch, given.sequence)`,
  // Whoever was heard by any tracker within a lease stays. Answers those that expired. $4: the lease in milliseconds.
  expires: `with given as materialized (select decode(c, 'hex') as client from unnest($3::text[]) as t(c)),
    silent as materialized (select client from given where not exists (select 1 from leases l where l.client = given.client
      and l.heard_at > now() - $4::float8 * interval '1 millisecond')),
    expired as (update entries e set state = 'lapsed', changed_at = now(), ${FEED} from silent
      where e.client = silent.client and e.state = 'live')
    select encode(client, 'hex') from silent`,
  // What is not forgotten, because it has changed meanwhile, is told again: whoever forgot it here hears of it.
  forgets: `with given as materialized (select ${KEYS}, epoch, sequence
      from ${rows('s, c, epoch, sequence', ['text', 'text', 'bigint', 'bigint'])}),
    gone as (delete from entries e using given where e.swarm = given.swarm and e.client = given.client
      and e.state <> 'live' and (e.epoch, e.sequence) <= (given.epoch, given.sequence))
    update entries e set changed = ${POSITION}, writer = -$2::bigint from given
    where e.swarm = given.swarm and e.client = given.client
      and (e.state = 'live' or (e.epoch, e.sequence) > (given.epoch, given.sequence))`,
  forgetLeaves: `delete from leaves l using ${rows('c, epoch, sequence', ['text', 'bigint', 'bigint'])}
    where ${OWN.replace(',', ' is not null and')} is not null and l.client = decode(c, 'hex')
      and (l.epoch, l.sequence) <= (given.epoch, given.sequence)`,
  forgetParts: `delete from hash_parts p using unnest($3::text[]) as t(s)
    where ${POSITION} + $2::bigint is not null and p.swarm = decode(s, 'hex')
      and not exists (select 1 from entries e where e.swarm = p.swarm)`,
  forgetSwarms: `delete from swarms k using unnest($3::text[]) as t(s)
    where ${POSITION} + $2::bigint is not null and k.swarm = decode(s, 'hex')
      and not exists (select 1 from entries e where e.swarm = k.swarm)`,
  part: `insert into hash_parts (swarm, upload, "offset", bytes)
    select decode($3, 'hex'), $4::bigint, $5::bigint, $6::bytea where ${POSITION} + $2::bigint is not null
    on conflict (swarm, upload, "offset") do update set bytes = excluded.bytes`,
  complete: `insert into swarms as k (changed, writer, swarm, upload, name, size, piece_count, info, list_bytes, files)
    values (${OWN}, decode($3, 'hex'), $4::bigint, $5, $6::bigint, $7::int, decode(nullif($8, ''), 'hex'), $9::bigint, $10::bigint)
    on conflict (swarm) do update set ${taken(['upload', 'name', 'size', 'piece_count'])}, ${EXCLUDED},
      info = case when excluded.info is null and ${SAME_FACTS} then k.info else excluded.info end,
      list_bytes = case when excluded.info is null and ${SAME_FACTS} then k.list_bytes else excluded.list_bytes end,
      files = case when excluded.info is null and ${SAME_FACTS} then k.files else excluded.files end
    where k.upload is null`,
  dropOtherParts: `delete from hash_parts p where ${POSITION} + $2::bigint is not null and p.swarm = decode($3, 'hex')
    and p.upload = $4::bigint and p.upload is distinct from (select upload from swarms k where k.swarm = p.swarm)`,
  dropParts: `delete from hash_parts p where ${POSITION} + $2::bigint is not null and p.upload = $3::bigint
    and not exists (select 1 from swarms k where k.swarm = p.swarm and k.upload = p.upload)`,
  replicated: `with given as materialized (select ${KEYS}, host, port, have, epoch, sequence, state, ms, listed
      from ${rows('s, c, host, port, have, epoch, sequence, state, ms, listed', ['text', 'text', 'text', 'int', 'int', 'bigint', 'bigint', 'text', 'float8', 'boolean'])}),
    word as (select *, state = 'removed' or ${VOID} as void from given)
    insert into entries as e (changed, writer, swarm, client, host, port, have, epoch, sequence, state, listed, changed_at)
    select ${OWN}, swarm, client, case when void then '' else host end, case when void then 0 else port end,
      case when void then 0 else have end, epoch, sequence, case when void then 'removed' else state end, listed and not void,
      now() - case when state = 'live' then 0 else ms end * interval '1 millisecond'
    from word
    on conflict (swarm, client) do update set ${taken(['host', 'port', 'have', 'epoch', 'sequence'])}, ${EXCLUDED},
      state = case when ${STAYS_LIVE} then e.state else excluded.state end,
      changed_at = case when ${STAYS_LIVE} then e.changed_at else excluded.changed_at end,
      listed = case when ${SAME} and excluded.state <> 'removed' then e.listed or excluded.listed else excluded.listed end
    where ${NEWER} or (${SAME} and e.state <> 'removed'
      and (excluded.state = 'removed' or (excluded.state = 'live' and e.state = 'lapsed') or (excluded.listed and not e.listed)))`,
  fileInfo: `insert into swarms as k (changed, writer, swarm, name, size, piece_count, info, list_bytes, files)
    select ${OWN}, decode(s, 'hex'), name, size, pieces, ${INFO}, list_bytes, files
    from ${rows('s, name, size, pieces, info, list_bytes, files', ['text', 'text', 'bigint', 'int', 'text', 'bigint', 'bigint'])}
    on conflict (swarm) do update set ${taken(['name', 'size', 'piece_count', 'info', 'list_bytes', 'files'])}, ${EXCLUDED}
    where case when ${SAME_FACTS} then excluded.info is not null and (k.info is null or (k.upload is null
        and (excluded.info, excluded.list_bytes, excluded.files) < (k.info, k.list_bytes, k.files)))
      else k.upload is null and (excluded.size, excluded.piece_count, excluded.name) < (k.size, k.piece_count, k.name) end`,
  members: `insert into members as m (changed, writer, member, public_key, ${MEMBER_ORDER.join(', ')})
    values (${OWN}, $3::bytea, $4::bytea, $5::bigint, $6, $7::int, $8::bytea, $9::bytea, $10, $11::bigint)
    on conflict (member) do update set ${taken(MEMBER_ORDER)}, ${EXCLUDED} where ${greater('m', MEMBER_ORDER)}`,
  bans: `insert into bans as b (changed, writer, member, version, banned)
    values (${OWN}, $3::bytea, $4::bigint, $5::boolean)
    on conflict (member) do update set ${taken(['version', 'banned'])}, ${EXCLUDED} where ${greater('b', ['version', 'banned'])}`,
  // Touched whatever it says: its counters are in a table of their own.
  invitations: `insert into invitations as i (changed, writer, hash, ${TERMS.join(', ')}, void)
    values (${OWN}, $3::bytea, $4::int, $5::bytea, $6::int, $7::bigint, $8::boolean)
    on conflict (hash) do update set void = i.void or excluded.void, ${EXCLUDED},
      ${TERMS.map((term) => `${term} = case when ${greater('i', TERMS)} then excluded.${term} else i.${term} end`).join(', ')}`,
  uses: `insert into invitation_uses as u (hash, tracker, times)
    select $3::bytea, $4::bytea, $5::bigint where ${POSITION} + $2::bigint is not null
    on conflict (hash, tracker) do update set times = greatest(u.times, excluded.times)`,
  withdrawals: `insert into withdrawals (changed, writer, tracker, statement) values (${OWN}, $3::bytea, $4::bytea)
    on conflict (tracker) do nothing`,
} as const;

export type WriteName = keyof typeof WRITES;

const ENTRY_COLUMNS = `encode(swarm, 'hex'), encode(client, 'hex'), host, port, have, epoch, sequence, state, listed,
  extract(epoch from now() - changed_at) * 1000, changed`;
const SWARM_COLUMNS = `encode(swarm, 'hex'), name, size, piece_count, upload is not null, coalesce(encode(info, 'hex'), ''), list_bytes, files`;
const LEAVE_COLUMNS = `encode(client, 'hex'), epoch, sequence, extract(epoch from now() - changed_at) * 1000, changed`;
const MEMBER_COLUMNS = 'public_key, name, powers, admitted_by, version, invitation, host, at_s';
const INVITATION_COLUMNS = `hash, powers, invited_by, uses, end_s, void,
  coalesce((select json_agg(json_build_array(encode(tracker, 'hex'), times)) from invitation_uses u where u.hash = i.hash), '[]')`;
/** What others wrote behind position $1 and up to $2, where this tracker's run is $3. */
const BEHIND = 'changed > $1::bigint and changed <= $2::bigint and writer <> $3::bigint order by changed';

export const READS = {
  fedSwarms: `select ${SWARM_COLUMNS} from swarms where ${BEHIND}`,
  fedLeaves: `select ${LEAVE_COLUMNS} from leaves where ${BEHIND}`,
  fedEntries: `select ${ENTRY_COLUMNS} from entries where ${BEHIND}`,
  fedNews: `select position, words from news where position > $1::bigint and position <= $2::bigint and writer <> $3::bigint order by position`,
  // Asked behind the news: whoever reads behind a higher position may have missed some.
  newsBegin: 'select min(position) from news',
  fedMembers: `select ${MEMBER_COLUMNS} from members where ${BEHIND}`,
  fedBans: `select member, version, banned from bans where ${BEHIND}`,
  fedInvitations: `select ${INVITATION_COLUMNS} from invitations i where ${BEHIND}`,
  fedWithdrawals: `select statement from withdrawals where ${BEHIND}`,
  // Page by page behind a key; $2: rows.
  pageOfSwarms: `select ${SWARM_COLUMNS} from swarms where swarm > decode($1, 'hex') order by swarm limit $2`,
  pageOfLeaves: `select ${LEAVE_COLUMNS} from leaves where client > decode($1, 'hex') order by client limit $2`,
  pageOfEntries: `select ${ENTRY_COLUMNS} from entries where (swarm, client) > (decode($1, 'hex'), decode($3, 'hex'))
    order by swarm, client limit $2`,
  hashes: `select substring(p.bytes from ($2::bigint - p."offset" + 1)::int for $3::int) from hash_parts p
    join swarms k on k.swarm = p.swarm and k.upload = p.upload
    where p.swarm = decode($1, 'hex') and p."offset" <= $2::bigint order by p."offset" desc limit 1`,
  // $1: so many milliseconds ago, $2: this tracker's run.
  leases: `select encode(client, 'hex'), extract(epoch from now() - heard_at) * 1000 from leases
    where heard_at > now() - $1::float8 * interval '1 millisecond' and writer <> $2::bigint`,
  state: `select feed_position, extract(epoch from now()),
    (select min(passed) from trackers where run <> $1::bigint and seen_at > now() - interval '1 day'),
    (select count(*) from trackers where seen_at > now() - interval '1 minute') from meta`,
} as const;

export type ReadName = keyof typeof READS;

export const UPKEEP = {
  // $1: clients as hex, in one order, so that two trackers do not wait for each other. $2: this tracker's run.
  renew: `insert into leases as l (client, heard_at, writer) select decode(c, 'hex'), now(), $2::bigint from unnest($1::text[]) as t(c)
    on conflict (client) do update set heard_at = excluded.heard_at, writer = excluded.writer`,
  seen: `insert into trackers as t (run, address, passed) values ($1::bigint, $2, $3::bigint)
    on conflict (run) do update set passed = excluded.passed, seen_at = now()`,
  succeed: 'delete from trackers where address = $2 and run <> $1::bigint',
  newRun: 'update meta set runs = runs + 1 returning runs',
  goodbye: 'delete from trackers where run = $1::bigint',
  // All trackers have passed it, but for one that was not heard: it loads everything. The newest of them says so.
  oldNews: `delete from news where position < (select max(position) from news
    where position <= (select min(passed) from trackers where seen_at > now() - interval '${DATABASE_NEWS_KEPT_S} seconds'))`,
  oldTrackers: `delete from trackers where seen_at < now() - interval '7 days'`,
  oldLeases: `delete from leases where heard_at < now() - interval '1 day'`,
  oldInvitations: `delete from invitations where end_s < $1::bigint`,
  oldUses: `delete from invitation_uses u where not exists (select 1 from invitations i where i.hash = u.hash)`,
  dropUnfinishedParts: `delete from hash_parts p where upload < $1::bigint
    and not exists (select 1 from swarms k where k.swarm = p.swarm and k.upload = p.upload)`,
} as const;

export type UpkeepName = keyof typeof UPKEEP;
