// Between the tracker's machine and the list's thread: changes to frames, loaded rows to the registry. Changes of one
// kind share a frame and keep their order; `swarm` and `put` touch different tables and may pass each other. Pure.

import { unreachable } from '../../../foundation/base/assert.js';
import { type ClientId, copyKey, type SwarmKey } from '../../../foundation/torrent/ids.js';
import type { InfoDigest } from '../../../foundation/torrent/info-text.js';
import { MEMBERSHIP_ROWS_MAX } from '../../membership/limits.js';
import type { MembershipRow } from '../../membership/records.js';
import { membershipFieldsOf } from '../../membership/rows.js';
import { type Change, type ChangeOf, compareVersions, type FileFacts } from '../../registry/changes.js';
import type { Positioned } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import type { PairChange } from '../pair/changes.js';
import { STORE_FRAME_CHANGES_MAX } from './limits.js';
import { PROGRESS_ROW_SIZE, type StoreCommand, type StoreEvent } from './messages.js';

type Gathering = 'swarm' | 'put' | 'progress' | 'remove' | 'expire' | 'forget' | 'replicatedEntry' | 'fileInfo';

interface Placed<K extends Gathering> {
  readonly change: ChangeOf<K>;
  readonly position: number;
}

/**
 * The commands that make `changes` the store's next transaction, without the closing `commit`. Their positions count up
 * from `position`.
 */
export function storeCommandsOf(changes: readonly PairChange[], position = 1): StoreCommand[] {
  const batch = new Batch();
  for (const [at, change] of changes.entries()) batch.add(change, position + at);
  batch.flush();
  return batch.commands;
}

class Batch {
  readonly commands: StoreCommand[] = [];
  readonly #swarms: ChangeOf<'swarm'>[] = [];
  /** Of those files. */
  #details: Placed<'swarm'>[] = [];
  #run: Placed<Exclude<Gathering, 'swarm'>>[] = [];
  #membership: MembershipRow[] = [];

  add(change: PairChange, position: number): void {
    if (change.kind === 'membership') {
      this.#membership.push(change.row);
      if (this.#membership.length === MEMBERSHIP_ROWS_MAX) this.flush();
    } else if (change.kind === 'replicatedProgress') {
      // The partner's changes have no place in the order of ours.
      this.add({ ...change, kind: 'progress' }, 0);
    } else if (!gathers(change)) {
      this.flush();
      if (change.kind === 'complete') this.commands.push({ ...change, details: detailsOf(change), position });
      else this.commands.push(change.kind === 'leave' ? { ...change, position } : change);
    } else if (change.kind === 'swarm') {
      // A share is a `swarm` and a `put`: were they one run, each share would cost two frames.
      // `facts` that came before touch the same table: they stay before it.
      const followsFacts = this.#run[0]?.change.kind === 'fileInfo';
      // Details are written behind the facts of their frame, so that a frame has no facts that follow them.
      const followsDetails = this.#details.some((placed) => placed.change.swarm === change.swarm);
      if (followsFacts || followsDetails || this.#swarms.length === STORE_FRAME_CHANGES_MAX) this.flush();
      this.#swarms.push(change);
      if (change.details !== undefined) this.#details.push({ change, position });
    } else {
      const first = this.#run[0];
      const isSame = first === undefined || first.change.kind === change.kind;
      // An entry is in a frame of progress once, and keeps the position of its last change that was made here.
      const isOfOneSide = first === undefined || first.position > 0 === position > 0;
      if (!isSame || !isOfOneSide || this.#run.length === STORE_FRAME_CHANGES_MAX) this.flush();
      this.#run.push({ change, position });
    }
  }

  flush(): void {
    if (this.#swarms.length > 0) {
      const rows = this.#swarms.map(({ swarm, name, size, pieceCount }) => [swarm, name, size, pieceCount] as const);
      this.commands.push({ kind: 'swarms', rows });
      this.#swarms.length = 0;
    }
    if (this.#details.length > 0) this.commands.push({ kind: 'details', rows: this.#details.map(detailsRow) });
    this.#details = [];
    if (this.#membership.length > 0)
      this.commands.push({ kind: 'membership', ...membershipFieldsOf(this.#membership) });
    this.#membership = [];
    const [first] = this.#run;
    if (first !== undefined) this.commands.push(frameOf(first.change.kind, this.#run));
    this.#run = [];
  }
}

const GATHERING: ReadonlySet<string> = new Set([
  'swarm',
  'put',
  'progress',
  'remove',
  'expire',
  'forget',
  'replicatedEntry',
  'fileInfo',
] satisfies Gathering[]);

function gathers(change: PairChange): change is ChangeOf<Gathering> {
  return GATHERING.has(change.kind);
}

/** All of `run` are of `kind`. */
function frameOf(kind: Exclude<Gathering, 'swarm'>, run: readonly Placed<Exclude<Gathering, 'swarm'>>[]): StoreCommand {
  switch (kind) {
    case 'put': {
      const puts = run as readonly Placed<'put'>[];
      return { kind: 'puts', rows: puts.map(({ change, position }) => wordOf(change, position)) };
    }
    case 'progress':
      return { kind: 'progress', rows: progressRows(run as readonly Placed<'progress'>[]) };
    case 'replicatedEntry': {
      const tolds = run as readonly Placed<'replicatedEntry'>[];
      return { kind: 'replicatedEntries', rows: tolds.map(({ change }) => replicatedRow(change)) };
    }
    case 'remove': {
      const removes = run as readonly Placed<'remove'>[];
      const rows = removes.map(
        ({ change: c, position }) => [c.swarm, c.client, c.epoch, c.sequence, position] as const,
      );
      return { kind: 'removes', rows };
    }
    case 'fileInfo': {
      const facts = run as readonly Placed<'fileInfo'>[];
      const rows = facts.map(
        ({ change: c }) => [c.swarm, c.name, c.size, c.pieceCount, c.proven, ...detailsOf(c)] as const,
      );
      return { kind: 'fileInfo', rows };
    }
    case 'expire':
      return { kind: 'expires', rows: (run as readonly Placed<'expire'>[]).map(({ change }) => change.client) };
    case 'forget': {
      const forgets = run as readonly Placed<'forget'>[];
      return {
        kind: 'forgets',
        rows: forgets.map(({ change: c }) => [c.swarm, c.client, c.epoch, c.sequence] as const),
      };
    }
    default:
      return unreachable(kind);
  }
}

/** One row an entry, of PROGRESS_ROW_SIZE: the newest, as if all had been written in their order. */
function progressRows(run: readonly Placed<'progress'>[]): Uint8Array {
  const best: Placed<'progress'>[] = [];
  // By client, whose string is one object in all of its changes: a text made for each row would cost more than the row.
  const ofClient = new Map<ClientId, number[]>();
  for (const placed of run) {
    const { client, swarm } = placed.change;
    const places = ofClient.get(client);
    const at = places?.find((place) => best[place]?.change.swarm === swarm);
    if (at === undefined) {
      if (places === undefined) ofClient.set(client, [best.length]);
      else places.push(best.length);
      best.push(placed);
    } else if (compareVersions(placed.change, best[at]?.change ?? placed.change) > 0) best[at] = placed;
  }
  const rows = new Uint8Array(best.length * PROGRESS_ROW_SIZE);
  for (const [at, placed] of best.entries()) writeProgress(rows, at * PROGRESS_ROW_SIZE, placed);
  return rows;
}

function writeProgress(rows: Uint8Array, begin: number, { change, position }: Placed<'progress'>): void {
  copyKey(change.swarm, rows, begin);
  copyKey(change.client, rows, begin + 20);
  writeDecimal(rows, begin + 43, 7, change.have);
  writeDecimal(rows, begin + 53, 10, change.epoch);
  writeDecimal(rows, begin + 63, 10, change.sequence);
  writeDecimal(rows, begin + 79, 16, position);
}

/** `width` digits that end before `end`. */
function writeDecimal(rows: Uint8Array, end: number, width: number, value: number): void {
  let rest = value;
  for (let at = end - 1; at >= end - width; at -= 1) {
    const tenth = Math.floor(rest / 10);
    rows[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
}

function wordOf(word: ChangeOf<'put'>, position: number) {
  const { swarm, client, host, port, have, epoch, sequence, isListed = false } = word;
  return [swarm, client, host, port, have, epoch, sequence, position, isListed] as const;
}

function replicatedRow(told: ChangeOf<'replicatedEntry'>) {
  const { swarm, client, host, port, have, epoch, sequence, state, ms, isListed = false } = told;
  return [swarm, client, host, port, have, epoch, sequence, state, ms, isListed] as const;
}

function detailsRow({ change, position }: Placed<'swarm'>) {
  const { swarm, name, size, pieceCount } = change;
  return [swarm, name, size, pieceCount, ...detailsOf(change), position] as const;
}

type DetailsRow = readonly [info: string, listBytes: number, files: number];

function detailsOf({ details }: FileFacts): DetailsRow {
  return details === undefined ? ['', 0, 0] : [details.info, details.listBytes, details.files];
}

function factsOfRow([info, listBytes, files]: DetailsRow): FileFacts['details'] {
  return info === '' ? undefined : { info: info as InfoDigest, listBytes, files };
}

export type LoadedRows = Extract<StoreEvent, { kind: 'loadedSwarms' | 'loadedEntries' | 'loadedLeaves' }>;

/** What the store kept, into an empty registry. Live clients get a lease until `leaseEndsMs`. */
export function applyLoaded(registry: Registry, loaded: LoadedRows, nowMs: number, leaseEndsMs: number): void {
  switch (loaded.kind) {
    case 'loadedSwarms':
      for (const [key, name, size, pieceCount, isComplete, position, ...told] of loaded.rows) {
        const facts = { swarm: key as SwarmKey, name, size, pieceCount, details: factsOfRow(told) };
        const change: Change = isComplete ? { kind: 'complete', upload: 0, ...facts } : { kind: 'swarm', ...facts };
        registry.apply(change, nowMs, leaseEndsMs, 0);
        restorePosition(registry, registry.swarm(facts.swarm), position);
      }
      return;
    case 'loadedLeaves':
      for (const [id, epoch, sequence, ageMs, position] of loaded.rows) {
        const client = id as ClientId;
        registry.apply({ kind: 'leave', client, epoch, sequence }, nowMs - ageMs, leaseEndsMs, 0);
        restorePosition(registry, registry.client(client), position);
      }
      return;
    case 'loadedEntries':
      for (const row of loaded.rows) {
        // By index and in one object: a start waits for hundreds of thousands of them.
        const word: ChangeOf<'put'> = {
          kind: 'put',
          swarm: row[0] as SwarmKey,
          client: row[1] as ClientId,
          host: row[2],
          port: row[3],
          have: row[4],
          epoch: row[5],
          sequence: row[6],
          isListed: row[10] === 1,
        };
        registry.restore(word, row[7], nowMs - row[8], leaseEndsMs, row[9]);
      }
      return;
  }
}

function restorePosition(registry: Registry, record: Positioned | undefined, position: number): void {
  if (record !== undefined) registry.restorePosition(record, position);
}

/** All but removals and the like, which a full disk should not refuse. */
const ADDING: ReadonlySet<StoreCommand['kind']> = new Set([
  'swarms',
  'puts',
  'part',
  'complete',
  'replicatedEntries',
  'fileInfo',
  'details',
  'followed',
]);

export function freesRoom(command: StoreCommand): boolean {
  if (command.kind === 'membership') return command.members.length === 0 && command.invitations.length === 0;
  return !ADDING.has(command.kind);
}
