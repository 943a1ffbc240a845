// The registry's laws: owners' words merge to the same whatever their order and however often they come, and through
// requests it shows exactly what a much simpler book of who shares what would show.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../../src/foundation/base/prng.js';
import { clientId, keyBytes } from '../../../src/foundation/torrent/ids.js';
import { Registry } from '../../../src/tracking/registry/registry.js';
import { cases } from '../../support/cases.js';
import { type Connection, clientBytes, LEASE_MS, Stage, swarmOf } from '../tracker/stage.js';
import { contentOf, registryOf, words } from './changes.js';

test('the same words in any order and with repeats make the same registry', () => {
  const histories = fc.array(words, { maxLength: 12 }).chain((said) =>
    fc.record({
      said: fc.constant(said),
      heard: fc.shuffledSubarray([...said, ...said], { minLength: said.length * 2 }),
    }),
  );
  fc.assert(
    fc.property(histories, ({ said, heard }) => {
      assert.deepEqual(contentOf(registryOf(heard)), contentOf(registryOf(said)));
    }),
    { numRuns: cases(2_000) },
  );
});

test('the counts are those of the content', () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 30 }), (said) => {
      const registry = registryOf(said);
      const live = contentOf(registry).filter((line) => / live( listed)?$/.test(line));
      assert.equal(registry.counts.liveEntries, live.length);
      assert.equal(registry.counts.entries, contentOf(registry).filter((line) => !line.includes('left')).length);
    }),
  );
});

test('a sample leaves out the caller, repeats nobody, and finds everybody in the end', () => {
  const registry = new Registry();
  const ids = Array.from({ length: 30 }, (_, at) => clientId(clientBytes(at)));
  for (const [at, client] of ids.entries()) {
    const change = { swarm: swarmOf(1), client, host: '10.0.0.1', port: 1 + at, have: 1, epoch: 1, sequence: 1 };
    registry.apply({ kind: 'put', ...change }, 0, 1);
  }
  const caller = ids[4];
  assert.ok(caller !== undefined);
  const seen = new Set<string>();
  const prng = new Prng(7);
  for (let draw = 0; draw < 200; draw += 1) {
    const { entries, total } = registry.sample(swarmOf(1), caller, 5, prng);
    const names = entries.map(({ client }) => client.id);
    assert.equal(total, 29);
    assert.equal(new Set(names).size, 5);
    assert.ok(!names.includes(caller));
    for (const name of names) seen.add(name);
  }
  assert.equal(seen.size, 29);
});

/** Who shares what, and until when, without versions, tombstones or indexes. */
class Book {
  readonly #shares = new Map<number, Map<number, number>>();
  readonly #leaseEndsMs = new Map<number, number>();

  said(client: number, nowMs: number): void {
    if (this.#shares.has(client)) this.#leaseEndsMs.set(client, nowMs + LEASE_MS);
  }

  share(client: number, swarm: number, have: number, nowMs: number): void {
    const shares = this.#shares.get(client) ?? new Map<number, number>();
    this.#shares.set(client, shares.set(swarm, have));
    this.said(client, nowMs);
  }

  has(client: number, swarm: number): boolean {
    return this.#shares.get(client)?.has(swarm) ?? false;
  }

  remove(client: number, swarm: number): void {
    this.#shares.get(client)?.delete(swarm);
  }

  leave(client: number): void {
    this.#shares.delete(client);
  }

  expire(nowMs: number): void {
    for (const [client, endMs] of this.#leaseEndsMs) if (endMs < nowMs) this.#shares.delete(client);
  }

  listed(swarm: number): string[] {
    const lines: string[] = [];
    for (const [client, shares] of this.#shares) {
      const have = shares.get(swarm);
      if (have !== undefined) lines.push(`10.0.0.1:${6_000 + client} ${have}`);
    }
    return lines.sort();
  }
}

const act = fc.record({
  kind: fc.constantFrom('share', 'share', 'announce', 'remove', 'leave', 'ping', 'wait', 'reconnect'),
  client: fc.integer({ min: 1, max: 3 }),
  swarm: fc.integer({ min: 1, max: 3 }),
  have: fc.nat(2),
});

test('through requests the registry shows what a plain book of shares shows', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const stage = new Stage();
      const book = new Book();
      const clients = new Map<number, Connection>([1, 2, 3].map((number) => [number, stage.client(number)]));
      let sequence = 0;
      for (const { kind, client, swarm, have } of acts) {
        const connection = clients.get(client);
        assert.ok(connection !== undefined);
        sequence += 1;
        const word = { id: sequence, swarm: keyBytes(swarmOf(swarm)), epoch: 1, sequence };
        if (kind === 'wait') {
          stage.advance(LEASE_MS / 2);
          book.expire(stage.nowMs);
        } else {
          if (kind !== 'leave') book.said(client, stage.nowMs);
          if (kind === 'share') {
            connection.share(swarmOf(swarm), have, { epoch: 1, sequence });
            book.share(client, swarm, have, stage.nowMs);
          } else if (kind === 'announce') {
            const reply = connection.ask({ kind, have, ...word });
            assert.equal(reply.kind, book.has(client, swarm) ? 'announced' : 'error');
            if (reply.kind === 'announced') book.share(client, swarm, have, stage.nowMs);
          } else if (kind === 'remove') {
            assert.equal(connection.ask({ kind, ...word }).kind, 'removed');
            book.remove(client, swarm);
          } else if (kind === 'leave') {
            assert.equal(connection.ask({ kind, id: 1, epoch: 1, sequence }).kind, 'left');
            book.leave(client);
          } else if (kind === 'ping') assert.equal(connection.ask({ kind, id: 1 }).kind, 'pong');
          else {
            connection.close();
            clients.set(client, stage.client(client));
          }
        }
        for (const number of [1, 2, 3]) assert.deepEqual(stage.listed(swarmOf(number)), book.listed(number), kind);
      }
    }),
    { numRuns: cases(300) },
  );
});
