// Writes one group of changes as one transaction. The row of the feed's position is locked first, so groups of all
// trackers commit in the order of their positions and never wait for each other in a circle.

import type { ClientId } from '../../../foundation/torrent/ids.js';
import { type DatabaseChange, writesOf } from './batch.js';
import { outcomeOf, sentenceOf } from './faults.js';
import type { WriteOutcome } from './messages.js';
import { CHANNEL, DATABASE_SCHEMA_VERSION } from './schema.js';
import type { DatabaseSession, Statement } from './session.js';
import { WRITES } from './statements.js';

export type Written =
  | { readonly position: number; readonly expired: readonly ClientId[] }
  | { readonly outcome: WriteOutcome; readonly sentence: string };

const NEXT_POSITION = `update meta set feed_position = feed_position + 1
  where schema_version = ${DATABASE_SCHEMA_VERSION} and cluster = $1 returning feed_position`;

/** @param run of this tracker. @param cluster see `meta`. Never rejects. */
export async function writeGroup(
  session: DatabaseSession,
  changes: readonly DatabaseChange[],
  { run, cluster, leaseMs }: { readonly run: number; readonly cluster: string; readonly leaseMs: number },
): Promise<Written> {
  let isCommitSent = false;
  let isDoubtful = false;
  try {
    const writes = writesOf(changes, leaseMs);
    const begun = await session.run([
      { text: 'begin' },
      { name: 'next_position', text: NEXT_POSITION, values: [cluster] },
    ]);
    const position = begun[1]?.rows[0]?.[0];
    if (position === undefined || position === null) {
      await session.execute('rollback');
      return { outcome: 'fenced', sentence: 'the tables of this database were taken over by a newer release' };
    }
    const statements = writes.map(({ name, values }): Statement => {
      return { name, text: WRITES[name], values: [position, run, ...values] };
    });
    const closing = [
      { name: 'notify', text: `select pg_notify('${CHANNEL}', $1)`, values: [position] },
      { text: 'commit' },
    ];
    isCommitSent = true;
    const results = await session.run([...statements, ...closing], () => {
      isDoubtful = true;
    });
    if (results.at(-1)?.command !== 'COMMIT') return { outcome: 'refused', sentence: 'the database rolled it back' };
    // A cancelled wait for a standby ends a commit with a warning.
    if (isDoubtful) return { outcome: 'unknown', sentence: 'the database did not wait for its standby' };
    const expired = writes.flatMap(({ name }, at) =>
      name === 'expires' ? (results[at]?.rows ?? []).map(([client]) => client as ClientId) : [],
    );
    return { position: Number(position), expired };
  } catch (error) {
    // An error that the commit behind it turned into a rollback is of a statement before it.
    const isOfStatement = isCommitSent && session.lastCommand === 'ROLLBACK';
    if (!isCommitSent) await session.execute('rollback').catch(() => undefined);
    return { outcome: outcomeOf(error, isCommitSent && !isOfStatement), sentence: sentenceOf(error) };
  }
}
