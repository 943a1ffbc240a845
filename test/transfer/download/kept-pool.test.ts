// The threads that store pieces are there before the first download, and gone after a while without one.

import assert from 'node:assert/strict';
import test from 'node:test';
import { KeptPool } from '../../../src/transfer/download/kept-pool.js';
import { HASH_POOL_OPEN_MS, HASH_POOL_REST_MS } from '../../../src/transfer/download/limits.js';
import type { HashPool } from '../../../src/transfer/hash/pool.js';
import { ManualTimers } from '../../support/manual-timers.js';

class Scene {
  readonly timers = new ManualTimers();
  readonly errors: unknown[] = [];
  opened = 0;
  closed = 0;
  /** Of the next pool that is opened, or closed. */
  failure: Error | undefined;
  readonly kept = new KeptPool(
    async () => {
      this.opened += 1;
      if (this.failure !== undefined) throw this.failure;
      return { close: () => this.#close() } as HashPool;
    },
    this.timers,
    (error) => this.errors.push(error),
  );

  async after(ms: number): Promise<void> {
    this.timers.advanceTo(this.timers.nowMs() + ms);
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async #close(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.closed += 1;
  }
}

test('a client that downloads nothing has threads a moment after its start, and none after a while', async () => {
  const scene = new Scene();
  await scene.after(HASH_POOL_OPEN_MS - 1);
  assert.equal(scene.opened, 0);
  await scene.after(1);
  assert.equal(scene.opened, 1);
  await scene.after(HASH_POOL_REST_MS - 1);
  assert.equal(scene.closed, 0);
  await scene.after(1);
  assert.deepEqual([scene.opened, scene.closed], [1, 1]);
});

test('no thread is ended while a download runs', async () => {
  const scene = new Scene();
  await scene.kept.use();
  await scene.after(10 * (HASH_POOL_OPEN_MS + HASH_POOL_REST_MS));
  assert.deepEqual([scene.opened, scene.closed], [1, 0]);
});

test('a download soon after another has the same threads, one that comes later has new ones', async () => {
  const scene = new Scene();
  const first = await scene.kept.use();
  scene.kept.rest();
  await scene.after(HASH_POOL_REST_MS - 1);
  assert.equal(await scene.kept.use(), first);
  await scene.after(HASH_POOL_REST_MS);
  scene.kept.rest();
  await scene.after(HASH_POOL_REST_MS);
  assert.equal(scene.closed, 1);
  assert.notEqual(await scene.kept.use(), first);
});

test('nothing is opened or due after the end', async () => {
  const scene = new Scene();
  await scene.kept.close();
  scene.kept.rest();
  assert.equal(scene.timers.pendingCount, 0);
  assert.deepEqual([scene.opened, scene.closed], [0, 0]);
});

test('the end waits for threads that were told to end before', async () => {
  const scene = new Scene();
  await scene.kept.use();
  scene.kept.rest();
  scene.timers.advanceTo(HASH_POOL_REST_MS);
  assert.equal(scene.closed, 0);
  await scene.kept.close();
  assert.equal(scene.closed, 1);
});

test('threads that cannot be started ahead are tried again by a download after the rest', async () => {
  const scene = new Scene();
  scene.failure = new Error('too many open files');
  await scene.after(HASH_POOL_OPEN_MS);
  assert.deepEqual(scene.errors, [scene.failure]);
  scene.failure = undefined;
  await scene.after(HASH_POOL_REST_MS);
  await scene.kept.use();
  assert.equal(scene.opened, 2);
});
