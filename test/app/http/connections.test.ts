// Whose connection goes when there are too many at an endpoint.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import test from 'node:test';
import { Connections } from '../../../src/app/http/connections.js';
import { HTTP_CONNECTIONS_MAX } from '../../../src/app/http/limits.js';

class Fake extends EventEmitter {
  isDestroyed = false;

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

function filled(connections: Connections): readonly Fake[] {
  const all = Array.from({ length: HTTP_CONNECTIONS_MAX }, () => new Fake());
  for (const each of all) connections.opened(each);
  return all;
}

test('beyond the bound the connection that has been without a request for longest goes, and no other', () => {
  const connections = new Connections();
  const [first, second, ...others] = filled(connections);
  assert.ok(first !== undefined && second !== undefined);
  connections.asked(first);
  const next = new Fake();
  connections.opened(next);
  assert.deepEqual(
    [first, second, next].map(({ isDestroyed }) => isDestroyed),
    [false, true, false],
  );
  assert.ok(others.every(({ isDestroyed }) => !isDestroyed));
  assert.equal(connections.count, HTTP_CONNECTIONS_MAX);
});

test('an answered request makes its connection one of those that may go, behind those that were quiet before', () => {
  const connections = new Connections();
  const [first, second] = filled(connections);
  assert.ok(first !== undefined && second !== undefined);
  connections.asked(first);
  connections.answered(first);
  connections.opened(new Fake());
  assert.deepEqual([first.isDestroyed, second.isDestroyed], [false, true]);
});

test('a new connection is the one that goes when all the others have requests', () => {
  const connections = new Connections();
  const all = filled(connections);
  for (const each of all) connections.asked(each);
  const next = new Fake();
  connections.opened(next);
  assert.ok(next.isDestroyed && all.every(({ isDestroyed }) => !isDestroyed));
  all[0]?.destroy();
  assert.equal(connections.count, HTTP_CONNECTIONS_MAX - 1);
});
