// Makes the statements of one group of changes. Changes of one kind share a statement; changes of one entry keep their
// order, and a statement has an entry once, as the database demands. Pure.

import { keyIdBytes, keyIdOf } from '../../../foundation/identity/keys.js';
import { parseStatement } from '../../../foundation/identity/statement.js';
import type { MembershipChange, MembershipRow } from '../../membership/records.js';
import { type Change, type ChangeOf, compareVersions, type FileFacts } from '../../registry/changes.js';
import { columnsOf, type Row } from './columns.js';
import type { WriteName } from './statements.js';

export type DatabaseChange = Change | MembershipChange;
export type Value = string | number | boolean | Uint8Array;

export interface Write {
  readonly name: WriteName;
  /** Behind the cluster and the run of the tracker. */
  readonly values: readonly Value[];
}

type Worded = ChangeOf<'put'> | ChangeOf<'progress'> | ChangeOf<'remove'> | ChangeOf<'replicatedEntry'>;
type Gathered = Exclude<Change, { kind: Worded['kind'] | 'swarm' | 'replicatedProgress' }>;

/** @param leaseMs for how long nobody expires who was heard. */
export function writesOf(changes: readonly DatabaseChange[], leaseMs: number): readonly Write[] {
  const batch = new Batch(leaseMs);
  for (const change of changes) batch.add(change);
  batch.flush();
  return batch.writes;
}

const SLOTS = ['put', 'replicatedEntry', 'progress', 'remove'] as const;

class Batch {
  readonly writes: Write[] = [];
  readonly #leaseMs: number;
  readonly #swarms = new Map<string, ChangeOf<'swarm'>>();
  readonly #words = new Map<Worded['kind'], Map<string, Worded>>(SLOTS.map((slot) => [slot, new Map()]));
  /** Of one kind, which is none of those above. */
  #run: Gathered[] = [];

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  add(change: DatabaseChange): void {
    switch (change.kind) {
      case 'membership':
        this.flush();
        this.writes.push(...membershipWrites(change.row));
        return;
      case 'swarm':
        this.#addSwarm(change);
        return;
      case 'replicatedProgress':
        this.#addWord({ ...change, kind: 'progress' });
        return;
      case 'put':
      case 'progress':
      case 'remove':
      case 'replicatedEntry':
        this.#addWord(change);
        return;
      default:
        this.#addToRun(change);
    }
  }

  #addSwarm(change: ChangeOf<'swarm'>): void {
    if (this.#run.length > 0) this.flush();
    const known = this.#swarms.get(change.swarm);
    const keeps = known !== undefined && isOfSameFile(known, change) && change.details === undefined;
    this.#swarms.set(change.swarm, keeps ? known : change);
  }

  /** A later statement must not have an earlier word of the same entry. */
  #addWord(word: Worded): void {
    if (this.#run.length > 0) this.flush();
    const key = word.swarm + word.client;
    const slot = SLOTS.indexOf(word.kind);
    if (SLOTS.slice(slot + 1).some((later) => this.#slot(later).has(key))) this.flush();
    const words = this.#slot(word.kind);
    const known = words.get(key);
    if (known !== undefined && word.kind === 'replicatedEntry') {
      this.flush();
      words.set(key, word);
    } else if (known === undefined || compareVersions(word, known) > 0) words.set(key, word);
  }

  #slot(kind: Worded['kind']): Map<string, Worded> {
    return this.#words.get(kind) ?? new Map();
  }

  #addToRun(change: Gathered): void {
    const [first] = this.#run;
    const joins = first !== undefined && first.kind === change.kind && !this.#hasOf(change);
    if (!joins) this.flush();
    this.#run.push(change);
  }

  /** What a statement cannot have twice. */
  #hasOf(change: Gathered): boolean {
    if (change.kind !== 'leave' && change.kind !== 'replicatedLeave' && change.kind !== 'fileInfo') return false;
    const key = change.kind === 'fileInfo' ? change.swarm : change.client;
    return this.#run.some(
      (other) => ('client' in other && other.client === key) || ('swarm' in other && other.swarm === key),
    );
  }

  flush(): void {
    this.#flushSwarms();
    for (const slot of SLOTS) {
      const words = [...this.#slot(slot).values()];
      this.#slot(slot).clear();
      if (words.length > 0) this.writes.push(wordWrite(slot, words));
    }
    const run = this.#run;
    this.#run = [];
    if (run.length > 0) this.writes.push(...runWrites(run, this.#leaseMs));
  }

  #flushSwarms(): void {
    const swarms = [...this.#swarms.values()];
    this.#swarms.clear();
    if (swarms.length === 0) return;
    this.writes.push(
      write(
        'swarms',
        swarms.map((swarm) => factsRow(swarm)),
        4,
      ),
    );
    const told = swarms.filter(({ details }) => details !== undefined);
    if (told.length > 0)
      this.writes.push(
        write(
          'details',
          told.map((swarm) => [...factsRow(swarm), ...detailsOf(swarm)]),
          7,
        ),
      );
  }
}

function write(name: WriteName, rows: readonly Row[], width: number): Write {
  return { name, values: columnsOf(rows, width) };
}

function wordWrite(kind: Worded['kind'], words: readonly Worded[]): Write {
  switch (kind) {
    case 'put': {
      const puts = words as readonly ChangeOf<'put'>[];
      const rows = puts.map((w) => [
        w.swarm,
        w.client,
        w.host,
        w.port,
        w.have,
        w.epoch,
        w.sequence,
        w.isListed === true,
      ]);
      return write('puts', rows, 8);
    }
    case 'progress': {
      const told = words as readonly ChangeOf<'progress'>[];
      return write(
        'progress',
        told.map((w) => [w.swarm, w.client, w.have, w.epoch, w.sequence]),
        5,
      );
    }
    case 'remove':
      return write(
        'removes',
        words.map((w) => [w.swarm, w.client, w.epoch, w.sequence]),
        4,
      );
    case 'replicatedEntry': {
      const told = words as readonly ChangeOf<'replicatedEntry'>[];
      const rows = told.map((w) => {
        const place = [w.swarm, w.client, w.host, w.port, w.have, w.epoch, w.sequence] as const;
        return [...place, w.state, w.ms, w.isListed === true];
      });
      return write('replicated', rows, 10);
    }
  }
}

/** All of `run` are of one kind. */
function runWrites(run: readonly Gathered[], leaseMs: number): readonly Write[] {
  switch (run[0]?.kind) {
    case 'leave':
    case 'replicatedLeave': {
      const leaves = run as readonly (ChangeOf<'leave'> | ChangeOf<'replicatedLeave'>)[];
      const rows = leaves.map((l) => [l.client, l.epoch, l.sequence, l.kind === 'leave' ? 0 : l.ms]);
      return [write('leaveMarks', rows, 4), write('leaveEntries', rows, 4)];
    }
    case 'expire': {
      const rows = (run as readonly ChangeOf<'expire'>[]).map(({ client }) => [client]);
      return [{ name: 'expires', values: [...columnsOf(rows, 1), leaseMs] }];
    }
    case 'forget': {
      const rows = (run as readonly ChangeOf<'forget'>[]).map((f) => [f.swarm, f.client, f.epoch, f.sequence]);
      return [write('forgets', rows, 4)];
    }
    case 'forgetLeave': {
      const rows = (run as readonly ChangeOf<'forgetLeave'>[]).map((f) => [f.client, f.epoch, f.sequence]);
      return [write('forgetLeaves', rows, 3)];
    }
    case 'forgetSwarm': {
      const rows = (run as readonly ChangeOf<'forgetSwarm'>[]).map(({ swarm }) => [swarm]);
      return [write('forgetParts', rows, 1), write('forgetSwarms', rows, 1)];
    }
    case 'fileInfo': {
      const infos = run as readonly ChangeOf<'fileInfo'>[];
      return [
        write(
          'fileInfo',
          infos.map((info) => [...factsRow(info), ...detailsOf(info)]),
          7,
        ),
      ];
    }
    default:
      return run.flatMap(singleWrites);
  }
}

function singleWrites(change: Gathered): readonly Write[] {
  switch (change.kind) {
    case 'part': {
      const { swarm, upload, offset, part } = change;
      return [{ name: 'part', values: [swarm, upload, offset, part] }];
    }
    case 'complete': {
      const { swarm, upload, name, size, pieceCount } = change;
      const values = [swarm, upload, name, size, pieceCount, ...detailsOf(change)];
      return [
        { name: 'complete', values },
        { name: 'dropOtherParts', values: [swarm, upload] },
      ];
    }
    case 'dropParts':
      return [{ name: 'dropParts', values: [change.upload] }];
    default:
      return [];
  }
}

function membershipWrites(row: MembershipRow): readonly Write[] {
  switch (row.is) {
    case 'member': {
      const invitation = Buffer.from(row.invitation, 'hex');
      const values = [keyIdBytes(row.id), row.key, row.version, row.name, row.powers, keyIdBytes(row.by), invitation];
      return [{ name: 'members', values: [...values, row.host, row.atS] }];
    }
    case 'ban':
      return [{ name: 'bans', values: [keyIdBytes(row.member), row.version, row.isBanned] }];
    case 'withdrawal': {
      const said = parseStatement(row.statement);
      if (said === undefined) return [];
      return [{ name: 'withdrawals', values: [keyIdBytes(keyIdOf(said.key)), row.statement] }];
    }
    case 'invitation': {
      const hash = Buffer.from(row.hash, 'hex');
      const values = [hash, row.powers, keyIdBytes(row.by), row.uses, row.endS, row.isVoid];
      const uses = row.used.map(
        ([tracker, times]): Write => ({
          name: 'uses',
          values: [hash, Buffer.from(tracker, 'hex'), times],
        }),
      );
      return [{ name: 'invitations', values }, ...uses];
    }
  }
}

function factsRow({ swarm, name, size, pieceCount }: FileFacts & { readonly swarm: string }): Row {
  return [swarm, name, size, pieceCount];
}

function detailsOf({ details }: FileFacts): readonly [string, number, number] {
  return details === undefined ? ['', 0, 0] : [details.info, details.listBytes, details.files];
}

function isOfSameFile(a: FileFacts, b: FileFacts): boolean {
  return a.name === b.name && a.size === b.size && a.pieceCount === b.pieceCount;
}
