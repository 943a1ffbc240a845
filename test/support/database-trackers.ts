// Trackers of this process on a real PostgreSQL, and clients that share there and ask who is listed.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Address } from '../../src/foundation/torrent/address.js';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { swarmOf } from '../tracking/tracker/stage.js';
import { eventually } from './e2e-stage.js';
import { PairClient } from './pair-client.js';
import { hasPostgres, PostgresServer } from './postgres.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The other tracker of the command, which only goes into `.mtorrent` files. */
export const OTHER: Address = { host: '127.0.0.1', port: 9 };

/** Clients share and are gone; what was acknowledged is looked for when all is over, however slow the machine is. */
const LEASE_MS = 600_000;

export async function tracker(t: TestContext, seederListPath: string): Promise<Address> {
  const log = { path: join(temporaryDirectory(t), 'tracker.log'), level: 'info' } as const;
  const own = { host: '127.0.0.1', port: 0 };
  const lease = { leaseMs: LEASE_MS, renewMs: LEASE_MS / 3 };
  const running = await startTracker({ own, partner: OTHER, seederListPath, log, ...lease });
  t.after(() => running.stop('the test ends'));
  return running.address;
}

/** A cluster of its own for the test; undefined: the test was skipped. */
export async function cluster(
  t: TestContext,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer | undefined> {
  if (!hasPostgres(t)) return undefined;
  const server = await PostgresServer.start(settings);
  t.after(() => server.remove());
  return server;
}

export interface Sharing {
  /** How often each code was answered instead. */
  readonly refused: ReadonlyMap<string, number>;
  /** Answers the numbers of those that were acknowledged. */
  stop(): Promise<readonly number[]>;
}

/** Shares with new clients until `stop` is said. @param codes that a share may be refused with. */
export function sharing(t: TestContext, address: Address, first: number, codes = ['ioError']): Sharing {
  const acknowledged: number[] = [];
  const refused = new Map<string, number>();
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const work = (async () => {
    for (let number = first; !isOver; number += 1) {
      const client = await PairClient.connect(t, address, number);
      const facts = { name: 'a.bin', size: 2 * 524_288, pieceCount: 2, have: 1, epoch: 1, sequence: 1 };
      const reply = await client.reply({ kind: 'share', swarm: keyOf(1), ...facts });
      if (reply.kind === 'shared') acknowledged.push(number);
      else {
        assert.ok(reply.kind === 'error' && codes.includes(reply.code), JSON.stringify(reply));
        refused.set(reply.code, (refused.get(reply.code) ?? 0) + 1);
      }
      client.close();
    }
  })();
  return {
    refused,
    async stop() {
      isOver = true;
      await work;
      return acknowledged;
    },
  };
}

export function keyOf(number: number): Uint8Array {
  return Buffer.from(swarmOf(number), 'hex');
}

export async function seedersAt(t: TestContext, address: Address): Promise<readonly number[]> {
  const guest = await PairClient.connect(t, address, 0);
  const found = new Set<number>();
  // A list names 50 at most, drawn anew each time.
  const { liveEntries } = await guest.stats();
  await eventually(
    async () => {
      for (const number of await guest.listed(swarmOf(1))) found.add(number);
      return found.size;
    },
    (size) => size >= liveEntries,
    'every seeder is listed',
  );
  guest.close();
  return [...found].sort((a, b) => a - b);
}

/** Every acknowledged share is listed at each of these trackers, or will be. */
export async function allHave(
  t: TestContext,
  addresses: readonly Address[],
  acknowledged: readonly number[],
): Promise<void> {
  for (const address of addresses)
    await eventually(
      () => seedersAt(t, address),
      (found) => isEveryOf(acknowledged, found),
      'every acknowledged share is there',
    );
}

export function isEveryOf(words: readonly number[], found: readonly number[]): boolean {
  return words.every((word) => found.includes(word));
}
