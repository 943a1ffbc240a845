// Finds the server of a shared database among its hosts and opens the two sessions of a tracker there: one that writes
// groups, and one that reads what others wrote.

import { pause, within } from '../../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { type DatabaseAddress, type DatabaseHost, formatHost } from './address.js';
import { lastingFault, sentenceOf } from './faults.js';
import { DATABASE_CONNECT_MS, DATABASE_OTHERS_MS } from './limits.js';
import type { ServerIdentity } from './messages.js';
import { prepareTables } from './preparing.js';
import { CHANNEL } from './schema.js';
import { bestOf, type ServerLook, whyNot } from './servers.js';
import { DatabaseSession, type SessionEvents } from './session.js';
import { UPKEEP } from './statements.js';

export interface Connected {
  readonly name: string;
  readonly identity: ServerIdentity;
  readonly writer: DatabaseSession;
  readonly reader: DatabaseSession;
}

interface Look extends ServerLook {
  readonly host: DatabaseHost;
  readonly session: DatabaseSession;
}

const WHO = `select pg_is_in_recovery(), system_identifier::text,
  case when pg_is_in_recovery() then null else pg_walfile_name(pg_current_wal_lsn()) end from pg_control_system()`;

/** Rejects with a MiniTorrentError; NO_TRACKER: it may be mended by waiting. */
export async function connectDatabase(
  address: DatabaseAddress,
  {
    cluster,
    seen,
    events,
  }: { readonly cluster: string; readonly seen: ServerIdentity | undefined; readonly events: SessionEvents },
): Promise<Connected> {
  const found = await lookAtAll(address, events);
  const looks = found.filter((look): look is Look => 'session' in look);
  const best = bestOf(looks, seen);
  for (const { session } of looks) if (session !== best?.session) void session.end();
  if (best === undefined) throw noServer(found, seen);
  const { name, host, identity, session: writer } = best;
  let reader: DatabaseSession | undefined;
  try {
    await prepareTables(writer, cluster);
    reader = await DatabaseSession.open(host, address, events);
    const second = await lookAt(reader, name);
    if (whyNot(second, identity) !== undefined)
      throw new MiniTorrentError('NO_TRACKER', `${name} has changed just now`);
    await reader.execute(`listen ${CHANNEL}`);
    return { name, identity, writer, reader };
  } catch (error) {
    writer.drop();
    reader?.drop();
    if (error instanceof MiniTorrentError) throw error;
    throw new MiniTorrentError(lastingFault(error) ?? 'NO_TRACKER', `${name}: ${sentenceOf(error)}`, error);
  }
}

/** A number that no tracker of this database had before, kept until the process ends. */
export async function newRun({ writer }: Connected): Promise<number> {
  const [row] = await writer.one({ text: UPKEEP.newRun });
  return Number(row?.[0]);
}

/** All at once; who has not answered a while after the first good one counts as away. */
async function lookAtAll(address: DatabaseAddress, events: SessionEvents): Promise<readonly (Look | Error)[]> {
  const found: (Look | Error)[] = [];
  let onGood = (): void => undefined;
  const good = new Promise<void>((resolve) => {
    onGood = resolve;
  });
  let isOver = false;
  const all = address.hosts.map(async (host) => {
    const look = await lookAtHost(host, address, events);
    if (isOver) {
      if ('session' in look) look.session.drop();
      return;
    }
    found.push(look);
    if ('session' in look && !look.isInRecovery) onGood();
  });
  const every = Promise.all(all).then(() => undefined);
  const afterGood = good.then(() => pause(DATABASE_OTHERS_MS));
  await within(Promise.race([every, afterGood]), DATABASE_CONNECT_MS * 2, () => undefined);
  isOver = true;
  const order = (look: Look | Error): number =>
    'host' in look ? address.hosts.indexOf(look.host) : address.hosts.length;
  return found.sort((a, b) => order(a) - order(b));
}

async function lookAtHost(host: DatabaseHost, address: DatabaseAddress, events: SessionEvents): Promise<Look | Error> {
  const name = formatHost(host);
  try {
    const session = await DatabaseSession.open(host, address, events);
    try {
      return { ...(await lookAt(session, name)), host, session };
    } catch (error) {
      session.drop();
      throw error;
    }
  } catch (error) {
    return new MiniTorrentError(lastingFault(error) ?? 'NO_TRACKER', `${name}: ${sentenceOf(error)}`, error);
  }
}

async function lookAt(session: DatabaseSession, name: string): Promise<ServerLook> {
  const [row] = await session.one({ text: WHO });
  const timeline = Number.parseInt((row?.[2] ?? '0').slice(0, 8), 16);
  return { name, isInRecovery: row?.[0] === 't', identity: { system: row?.[1] ?? '', timeline } };
}

/** A fault that waiting does not mend counts only if no server answered otherwise. */
function noServer(found: readonly (Look | Error)[], seen: ServerIdentity | undefined): MiniTorrentError {
  const errors = found.filter((look): look is MiniTorrentError => look instanceof MiniTorrentError);
  const reasons = found.map((look) => ('session' in look ? whyNot(look, seen) : look.message));
  const sentence = `no server of the database takes writes (${reasons.length === 0 ? 'none answered in time' : reasons.join('; ')})`;
  const isLasting =
    errors.length === found.length && errors.length > 0 && errors.every(({ code }) => code !== 'NO_TRACKER');
  return new MiniTorrentError(isLasting ? (errors[0]?.code ?? 'NO_TRACKER') : 'NO_TRACKER', sentence, errors[0]);
}
