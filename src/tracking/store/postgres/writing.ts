// Writes one group of changes as one transaction. The row of the feed's position is locked first, so groups of all
// trackers commit in the order of their positions and never wait for each other in a circle.

import type { ClientId } from '../../../foundation/torrent/ids.js';
import { type DatabaseChange, writesOf } from './batch.js';
import { outcomeOf, sentenceOf, stateOf } from './faults.js';
import type { WriteOutcome } from './messages.js';
import { CHANNEL, DATABASE_SCHEMA_VERSION } from './schema.js';
import type { DatabaseSession, Statement } from './session.js';
import { WRITES } from './statements.js';

export type Written =
  | { readonly position: number; readonly expired: readonly ClientId[] }
  | { readonly outcome: WriteOutcome; readonly sentence: string };

/** Fails where the tables are of another release: nothing behind it is done then. */
const NEXT_POSITION = `with taken as (update meta set feed_position = feed_position + 1
  where schema_version = ${DATABASE_SCHEMA_VERSION} and cluster = $1 returning feed_position)
  select max(feed_position), 1 / count(*) from taken`;
const DIVISION_BY_ZERO = '22012';
const NOTIFY = `select pg_notify('${CHANNEL}', feed_position::text) from meta`;

/** @param run of this tracker. @param cluster see `meta`. Never rejects. */
export async function writeGroup(
  session: DatabaseSession,
  changes: readonly DatabaseChange[],
  { run, cluster, leaseMs }: { readonly run: number; readonly cluster: string; readonly leaseMs: number },
): Promise<Written> {
  let isSent = false;
  let isDoubtful = false;
  try {
    const writes = writesOf(changes, leaseMs);
    const statements = writes.map(({ name, values }): Statement => {
      return { name, text: WRITES[name], values: [cluster, run, ...values] };
    });
    // In one journey: others wait for the row that the first one locks, and must not wait for a busy tracker.
    const opening = [{ text: 'begin' }, { name: 'next_position', text: NEXT_POSITION, values: [cluster] }];
    const closing = [{ name: 'notify', text: NOTIFY }, { text: 'commit' }];
    isSent = true;
    const results = await session.run([...opening, ...statements, ...closing], () => {
      isDoubtful = true;
    });
    if (results.at(-1)?.command !== 'COMMIT') return { outcome: 'refused', sentence: 'the database rolled it back' };
    // A cancelled wait for a standby ends a commit with a warning.
    if (isDoubtful) return { outcome: 'unknown', sentence: 'the database did not wait for its standby' };
    const expired = writes.flatMap(({ name }, at) =>
      name === 'expires' ? (results[opening.length + at]?.rows ?? []).map(([client]) => client as ClientId) : [],
    );
    return { position: Number(results[1]?.rows[0]?.[0]), expired };
  } catch (error) {
    // An error that the commit behind it turned into a rollback is of a statement before it.
    const isOfStatement = isSent && session.lastCommand === 'ROLLBACK';
    if (isOfStatement && stateOf(error) === DIVISION_BY_ZERO)
      return { outcome: 'fenced', sentence: 'the tables of this database were taken over by a newer release' };
    return { outcome: outcomeOf(error, isSent && !isOfStatement), sentence: sentenceOf(error) };
  }
}
