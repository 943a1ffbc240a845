// The API is the table of verbs: each verb has an operation with an answer of known shape, and reads its values as the
// console does.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { operationsOf } from '../../../src/app/http/operations.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { VERBS } from '../../../src/app/verbs/table.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';

const calls: unknown[][] = [];
const client = new Proxy({} as SwarmClient, {
  get:
    (_, method) =>
    (...values: unknown[]) => {
      calls.push([method, ...values]);
      return Promise.resolve([]);
    },
});
const operations = operationsOf(VERBS, () => client);

async function asked(method: string, name: string, input: Record<string, unknown>): Promise<unknown[]> {
  const operation = operations.find((each) => each.method === method && each.name === name);
  assert.ok(operation !== undefined, `${method} ${name}`);
  calls.length = 0;
  // What comes back is no answer of a client; only what was asked matters here.
  await operation.perform(input).catch((error: unknown) => {
    if (error instanceof MiniTorrentError) throw error;
  });
  return calls[0] ?? [];
}

test('every verb that a client answers has an operation, and its answer a shape in app/http/answers.ts', () => {
  const verbs = VERBS.filter(({ forms }) => forms.some(({ action }) => action.kind === 'ask'));
  for (const { name, forms } of verbs)
    assert.ok(
      operations.some((each) => each.name === name || forms.some(({ topic }) => topic === each.name)),
      name,
    );
  const names = operations.map(({ method, name }) => `${method} ${name}`);
  assert.equal(new Set(names).size, names.length);
});

test('what changes something is a POST, and no question is', () => {
  const posts = operations.filter(({ method }) => method === 'POST').map(({ name }) => name);
  for (const name of ['share', 'get', 'remove', 'pause', 'resume', 'limit', 'verify', 'web', 'log', 'relocate'])
    assert.ok(posts.includes(name), name);
  for (const name of ['downloads', 'peers', 'stats', 'doctor', 'list', 'map', 'report'])
    assert.ok(!posts.includes(name), name);
});

test('properties choose the form that a line of the console would', async () => {
  assert.deepEqual(await asked('POST', 'remove', { name: 'a' }), ['remove', 'a', { force: false, content: false }]);
  assert.deepEqual(await asked('POST', 'remove', { name: 'a', deleteFiles: true, force: false }), [
    'remove',
    'a',
    { force: false, content: true },
  ]);
  assert.deepEqual(await asked('POST', 'limit', { direction: 'up', rate: 2048 }), ['limit', 'up', 2048]);
  assert.deepEqual(await asked('POST', 'limit', { direction: 'down', rate: '1M' }), ['limit', 'down', 1024 ** 2]);
  const get = { mtorrentPath: '/a', destination: '/b/' };
  assert.deepEqual(await asked('POST', 'get', get), ['get', '/a', '/b/']);
  assert.deepEqual(await asked('POST', 'get', { ...get, only: ['*.json'] }), [
    'get',
    '/a',
    '/b/',
    { only: ['*.json'], except: [], reuse: [] },
  ]);
});

test('relative paths, halves of characters and what does not fit together are refused before the client is asked', async () => {
  const refused = async (name: string, input: Record<string, unknown>): Promise<void> => {
    await assert.rejects(asked('POST', name, input), { code: 'INVALID_ARGUMENTS' }, JSON.stringify(input));
    assert.deepEqual(calls, []);
  };
  await refused('share', { path: 'a', mtorrentPath: '/b' });
  await refused('pause', { name: 'a\0b' });
  await refused('pause', { name: '\ud800' });
  await refused('pause', { name: 'x'.repeat(5_000) });
  await refused('remove', { name: 'a', force: true, deleteFiles: true });
  await refused('limit', { direction: 'up', rate: 'fast' });
});

test('whatever is given, an operation asks the client or refuses with a sentence', async () => {
  const values = fc.oneof(fc.string(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...operations), fc.array(values, { maxLength: 4 }), async (operation, some) => {
      const names = Object.keys(operation.input.properties);
      const input = Object.fromEntries(names.map((name, at) => [name, some[at]]));
      calls.length = 0;
      try {
        await operation.perform(input);
      } catch (error) {
        assert.ok(error instanceof MiniTorrentError || calls.length > 0, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
