// `mtorrent tracker-status`: what a running tracker reports of itself and its partner, as text or JSON. Asks as a
// guest, which is listed nowhere and changes nothing.

import { deferred, within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { TRACKER_REPLY_DEADLINE_MS } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Handshakes } from '../../foundation/wire/handshake-tally.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { GuestConnection } from './guest-connection.js';

/** As far as the text needs them; see `machine.ts` and `pair.ts`. They come from a stranger, whatever it says it is. */
interface Statistics {
  readonly swarms: number;
  readonly liveEntries: number;
  readonly connections: number;
  readonly uptimeMs: number;
  /** Trackers of 0.1 do not say. */
  readonly identity?: string;
  /** Of a closed swarm. */
  readonly handshakes?: Handshakes;
  readonly partner: {
    readonly address: string;
    readonly following: boolean;
    readonly followedBy: boolean;
    readonly behindChanges: number | null;
    readonly lagChanges: number | null;
    readonly lagMs: number | null;
    readonly lastCatchUp: { readonly isWhole: boolean; readonly tookMs: number; readonly records: number } | null;
    readonly digestEqual: boolean | null;
    readonly isReady: boolean;
    readonly isAlone: boolean;
    readonly refusedBy: string;
    /** Of a tracker on a shared database, which has no partner. */
    readonly store?: {
      readonly server: string;
      readonly isBehind: boolean;
      readonly behindMs: number;
      readonly trackers: number;
      readonly trouble: string;
    };
  };
}

export interface StatusOptions {
  readonly json: boolean;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage | undefined;
}

/** Without a closing newline. Rejects with NO_TRACKER when none answers there. */
export async function trackerStatus(tracker: Address, options: StatusOptions): Promise<string> {
  const json = await askStatistics(tracker, options.passage);
  const statistics = statisticsOf(json);
  if (statistics === undefined) {
    const sentence = `what answers at ${formatAddress(tracker)} sends statistics that no tracker of this version sends; check the address, and what listens there`;
    throw new MiniTorrentError('NO_TRACKER', sentence);
  }
  return options.json ? escaped(JSON.stringify(JSON.parse(json), undefined, 2)) : describe(tracker, statistics);
}

/** Undefined when it is not what a tracker says. */
function statisticsOf(json: string): Statistics | undefined {
  let all: unknown;
  try {
    all = JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { partner, handshakes } = fieldsOf(all);
  const { lastCatchUp, store } = fieldsOf(partner);
  const isRight =
    has(all, 'number', ['swarms', 'liveEntries', 'connections', 'uptimeMs']) &&
    (!('identity' in fieldsOf(all)) || has(all, 'string', ['identity'])) &&
    (handshakes === undefined || has(handshakes, 'number', ['begun', 'finished', 'forNobody'])) &&
    has(partner, 'string', ['address', 'refusedBy']) &&
    has(partner, 'boolean', ['following', 'followedBy', 'isReady', 'isAlone']) &&
    has(partner, 'number', ['behindChanges', 'lagChanges', 'lagMs'], true) &&
    has(partner, 'boolean', ['digestEqual'], true) &&
    (store === undefined ||
      (has(store, 'string', ['server', 'trouble']) &&
        has(store, 'number', ['behindMs', 'trackers']) &&
        has(store, 'boolean', ['isBehind']))) &&
    (lastCatchUp === null ||
      (has(lastCatchUp, 'boolean', ['isWhole']) && has(lastCatchUp, 'number', ['tookMs', 'records'])));
  return isRight ? (all as Statistics) : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function has(value: unknown, type: 'number' | 'string' | 'boolean', names: readonly string[], orNull = false): boolean {
  const fields = fieldsOf(value);
  return names.every((name) => typeof fields[name] === type || (orNull && fields[name] === null));
}

/** JSON of plain ASCII: nothing in it acts on a terminal. */
function escaped(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function askStatistics(tracker: Address, passage: Passage | undefined): Promise<string> {
  const address = formatAddress(tracker);
  const answer = deferred<string>();
  const connection = new GuestConnection({
    address: tracker,
    passage,
    onGreeted: () => connection.send({ kind: 'stats', id: 1 }),
    onReply: (reply) => {
      if (reply.kind === 'stats') answer.resolve(reply.json);
      if (reply.kind === 'error')
        answer.reject(new MiniTorrentError('TRACKER_REFUSED', `the tracker refused: ${printable(reply.sentence)}`));
    },
    onFailed: ({ kind, reason }) =>
      answer.reject(kind === 'foreign' ? foreignAt(address) : unreachableAt(address, reason)),
  });
  try {
    return await within(answer.promise, TRACKER_REPLY_DEADLINE_MS, () => {
      throw unreachableAt(address, 'no answer in time');
    });
  } finally {
    connection.hangUp();
  }
}

function foreignAt(address: string): MiniTorrentError {
  const sentence = `what answers at ${address} is not a tracker of this version; check the address and its port`;
  return new MiniTorrentError('NO_TRACKER', sentence);
}

function unreachableAt(address: string, why: string): MiniTorrentError {
  return new MiniTorrentError(
    'NO_TRACKER',
    `no tracker answers at ${address} (${why}); check that it runs and the address`,
  );
}

/** A partner that answers and refuses is not away: its sentence follows. */
function partnerWord({ following, followedBy, refusedBy }: Statistics['partner']): string {
  if (following && followedBy) return 'connected';
  if (refusedBy !== '') return 'refuses';
  return following || followedBy ? 'connected one way' : 'away';
}

function partnerLines(partner: Statistics['partner']): readonly string[] {
  return [
    `partner ${partner.address}  ${partnerWord(partner)}`,
    `  we lack ${partner.behindChanges ?? 'unknown'} of its changes`,
    `  it lacks ${partner.lagChanges ?? 'unknown'} of ours${partner.lagMs === null ? '' : `, for ${partner.lagMs} ms`}`,
    `  lists ${partner.digestEqual === null ? 'not compared yet' : partner.digestEqual ? 'equal' : 'differ'}`,
  ];
}

function storeLines(store: NonNullable<Statistics['partner']['store']>): readonly string[] {
  const { server, isBehind, behindMs, trackers, trouble } = store;
  if (!isBehind)
    return [
      `store postgres ${server}  connected`,
      `  ${trackers} ${trackers === 1 ? 'tracker uses' : 'trackers use'} it`,
    ];
  const why = trouble === '' ? 'the database answers slowly' : trouble;
  return [`store behind ${Math.round(behindMs / 1_000)} s`, `  ${why}; lists are answered from memory`];
}

function handshakeLines(handshakes: Handshakes | undefined): readonly string[] {
  if (handshakes === undefined) return [];
  const { begun, finished, forNobody } = handshakes;
  return [`  handshakes ${begun} begun, ${finished} finished, ${forNobody} for nobody`];
}

function describe(tracker: Address, { identity = '', ...statistics }: Statistics): string {
  const { swarms, liveEntries, connections, uptimeMs, partner, handshakes } = statistics;
  const { lastCatchUp: last } = partner;
  const lines = [
    `tracker ${formatAddress(tracker)}  up ${Math.round(uptimeMs / 1_000)} s`,
    `  files ${swarms}  seeders ${liveEntries}  connections ${connections}`,
    ...handshakeLines(handshakes),
    ...(partner.store === undefined ? partnerLines(partner) : storeLines(partner.store)),
  ];
  if (last !== null)
    lines.push(
      `  last catch-up: ${last.isWhole ? 'everything' : 'changes'}, ${last.records} ${last.records === 1 ? 'record' : 'records'} in ${last.tookMs} ms`,
    );
  if (!partner.isReady) lines.push('  catching up: lists are answered in a moment');
  if (partner.isAlone) lines.push('  this list may be out of date: the partner was not heard since the start');
  if (partner.refusedBy !== '') lines.push(`  ${partner.refusedBy}`);
  if (identity !== '') lines.push(`  ${identity}`);
  return lines.map(printable).join('\n');
}
