// Performs what `store.ts` decides: connections to the servers of the database, groups, looks at the feed. The client
// library is loaded with the first connection, so a tracker on its own disk never loads it.

import { createHash } from 'node:crypto';
import { unreachable } from '../../../foundation/base/assert.js';
import { pause } from '../../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { TRACKER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import { INVITATION_KEPT_S } from '../../membership/limits.js';
import type { ShellPorts, StoreShell } from '../contract.js';
import type { DatabaseAddress } from './address.js';
import type { Connected } from './connecting.js';
import { sentenceOf } from './faults.js';
import { DATABASE_RETRY_MAX_MS, DATABASE_START_MS, DATABASE_UPKEEP_MS, UPLOADS_A_RUN } from './limits.js';
import type { PostgresEffect, PostgresInput, ServerIdentity } from './messages.js';
import type { DatabaseReading } from './reading.js';
import { UPKEEP } from './statements.js';

export interface PostgresShellOptions {
  readonly address: DatabaseAddress;
  /** Of a closed swarm, in hex; empty: the swarm is open. */
  readonly cluster: string;
  /** Where this tracker is: one that starts there again succeeds it. */
  readonly place: string;
  readonly nowMs: () => number;
  /** Sent to a tracker of a pair that wants to follow this one. */
  readonly refuseFollower: (connection: number) => void;
}

interface Link extends Connected {
  readonly reading: DatabaseReading;
}

export class PostgresShell implements StoreShell<PostgresInput, PostgresEffect> {
  readonly #options: PostgresShellOptions;
  readonly #ports: ShellPorts<PostgresInput>;
  #link: Link | undefined;
  #run = 0;
  #isOpen = false;
  #isClosed = false;
  #upkeptMs = Number.NEGATIVE_INFINITY;

  constructor(options: PostgresShellOptions, ports: ShellPorts<PostgresInput>) {
    this.#options = options;
    this.#ports = ports;
  }

  async open(): Promise<void> {
    const untilMs = this.#options.nowMs() + DATABASE_START_MS;
    while (!this.#isOpen) {
      try {
        await this.#connect(undefined);
        await this.#load();
      } catch (error) {
        if (!(error instanceof MiniTorrentError) || error.code !== 'NO_TRACKER') throw error;
        if (this.#isClosed || this.#options.nowMs() >= untilMs)
          throw new MiniTorrentError('IO_ERROR', error.message, error);
        this.#ports.post({ kind: 'notConnected', sentence: error.message });
        await pause(DATABASE_RETRY_MAX_MS / 2);
      }
    }
  }

  perform(effect: PostgresEffect): void {
    switch (effect.kind) {
      case 'connect':
        if (this.#isOpen) void this.#reconnect(effect.seen);
        return;
      case 'load':
        // The first is a part of `open`.
        if (this.#isOpen) void this.#ofLink(() => this.#load());
        return;
      case 'write':
        void this.#write(effect);
        return;
      case 'poll':
        void this.#ofLink((link) => this.#poll(link, effect));
        return;
      case 'readHashes': {
        const { read, swarm, offset, length } = effect;
        void this.#ofLink(async ({ reading }) => {
          this.#ports.post({ kind: 'hashesRead', read, part: await reading.hashes(swarm, offset, length) });
        });
        return;
      }
      case 'refuseFollower':
        this.#options.refuseFollower(effect.connection);
        return;
      default:
        unreachable(effect);
    }
  }

  decode(connection: number): PostgresInput {
    return { kind: 'followerSaid', connection };
  }

  async close(): Promise<readonly string[]> {
    this.#isClosed = true;
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return [];
    await link.writer.one({ text: UPKEEP.goodbye, values: [this.#run] }).catch(() => undefined);
    await Promise.all([link.writer.end(), link.reader.end()]);
    return [];
  }

  async #connect(seen: ServerIdentity | undefined): Promise<void> {
    const { connectDatabase, newRun } = await import('./connecting.js');
    const { DatabaseReading } = await import('./reading.js');
    const { address, cluster, place } = this.#options;
    let isLost: string | undefined;
    let link: Link | undefined;
    const onEnded = (error: Error): void => {
      isLost ??= sentenceOf(error);
      if (link !== undefined) this.#lost(link, isLost);
    };
    const events = { onEnded, onNotified: () => this.#ports.post({ kind: 'notified' }) };
    const connected = await connectDatabase(address, { cluster, seen, events });
    const { writer, reader } = connected;
    try {
      if (this.#run === 0) this.#run = await newRun(connected);
      const reading = new DatabaseReading(reader, this.#run, cluster !== '');
      const { position } = await reading.state(0);
      await writer.one({ text: UPKEEP.seen, values: [this.#run, place, this.#isOpen ? 0 : position] });
      await writer.one({ text: UPKEEP.succeed, values: [this.#run, place] });
      if (this.#isClosed || isLost !== undefined)
        throw new MiniTorrentError('NO_TRACKER', isLost ?? 'the tracker stops');
      link = { ...connected, reading };
      this.#link = link;
      const { name: server, identity } = connected;
      this.#ports.post({ kind: 'connected', server, identity, position, run: this.#run });
    } catch (error) {
      writer.drop();
      reader.drop();
      throw error instanceof MiniTorrentError ? error : new MiniTorrentError('NO_TRACKER', sentenceOf(error), error);
    }
  }

  async #reconnect(seen: ServerIdentity | undefined): Promise<void> {
    try {
      await this.#connect(seen);
    } catch (error) {
      if (this.#isClosed) return;
      const sentence = sentenceOf(error);
      const isFenced = error instanceof MiniTorrentError && error.code === 'STATE_DAMAGED';
      this.#ports.post({ kind: isFenced ? 'fenced' : 'notConnected', sentence });
    }
  }

  async #load(): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    try {
      const position = await link.reading.load((rows) => this.#post(link, { kind: 'loaded', rows }));
      if (this.#link !== link) throw new Error('the connection was lost while everything was loaded');
      await link.writer.one({ text: UPKEEP.dropUnfinishedParts, values: [(this.#run - 1_000) * UPLOADS_A_RUN] });
      const trackerId = createHash('sha256').update(this.#options.place).digest().subarray(0, TRACKER_ID_SIZE);
      this.#isOpen = true;
      this.#post(link, { kind: 'loadEnded', position, trackerId: Uint8Array.from(trackerId) });
    } catch (error) {
      this.#lost(link, sentenceOf(error));
      throw new MiniTorrentError('NO_TRACKER', sentenceOf(error), error);
    }
  }

  async #write({ group, changes, leaseMs }: Extract<PostgresEffect, { kind: 'write' }>): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    const { writeGroup } = await import('./writing.js');
    const startMs = this.#options.nowMs();
    const written = await writeGroup(link.writer, changes, { run: this.#run, cluster: this.#options.cluster, leaseMs });
    if ('outcome' in written) this.#post(link, { kind: 'notWritten', group, ...written });
    else this.#post(link, { kind: 'written', group, ...written, tookMs: this.#options.nowMs() - startMs });
  }

  async #poll(link: Link, { after, ownCount, upkeep }: Extract<PostgresEffect, { kind: 'poll' }>): Promise<void> {
    const { reading, reader } = link;
    if (upkeep !== undefined) {
      if (upkeep.renewed.length > 0)
        await reader.one({
          name: 'renew',
          text: UPKEEP.renew,
          values: [`{${[...upkeep.renewed].sort().join(',')}}`, this.#run],
        });
      await reader.one({ name: 'seen', text: UPKEEP.seen, values: [this.#run, this.#options.place, after] });
      await reader.one({ name: 'oldNews', text: UPKEEP.oldNews });
      await this.#tidyUp(link);
    }
    const state = await reading.state(upkeep?.sinceMs ?? 0);
    const isWhole =
      state.position - after <= ownCount ||
      (await reading.follow(after, state.position, (rows, upTo) => this.#post(link, { kind: 'fed', rows, upTo })));
    if (!isWhole) this.#post(link, { kind: 'missed' });
    else
      this.#post(link, { kind: 'polled', position: state.position, state: upkeep === undefined ? undefined : state });
  }

  /** Rows that nobody asks for any more; any tracker may take them away. */
  async #tidyUp({ reader }: Link): Promise<void> {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#upkeptMs < DATABASE_UPKEEP_MS) return;
    this.#upkeptMs = nowMs;
    await reader.run([{ text: UPKEEP.oldLeases }, { text: UPKEEP.oldTrackers }]);
    if (this.#options.cluster === '') return;
    const endedS = Math.floor(Date.now() / 1_000) - INVITATION_KEPT_S;
    await reader.run([{ text: UPKEEP.oldInvitations, values: [endedS] }, { text: UPKEEP.oldUses }]);
  }

  /** Whatever fails on the reading session ends the link: what it has not answered is asked again on the next one. */
  async #ofLink(work: (link: Link) => Promise<void>): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    try {
      await work(link);
    } catch (error) {
      this.#lost(link, sentenceOf(error));
    }
  }

  #lost(link: Link, sentence: string): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    link.writer.drop();
    link.reader.drop();
    this.#ports.post({ kind: 'lost', sentence });
  }

  #post(link: Link, input: PostgresInput): void {
    if (this.#link === link) this.#ports.post(input);
  }
}
