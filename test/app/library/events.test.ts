// Events as a program iterates over them: their order, a reader that does not read, and the end.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { SwarmEvent } from '../../../src/app/library/event-rows.js';
import { Events, type EventsClient } from '../../../src/app/library/events.js';
import { EVENTS_WAITING_MAX } from '../../../src/app/library/limits.js';
import type { ClientNotification } from '../../../src/app/library/request-client.js';
import type { FileView } from '../../../src/app/library/views.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';

interface Played {
  readonly client: EventsClient;
  readonly tell: (event: ClientNotification) => void;
  readonly notice: (sentence: string) => void;
  readonly end: (error: MiniTorrentError) => void;
  readonly listeners: () => number;
  /** Downloads that are under way. */
  readonly files: FileView[];
}

function played(): Played {
  const listeners = new Set<(event: ClientNotification) => void>();
  const ended = deferred<MiniTorrentError>();
  const files: FileView[] = [];
  const tell = (event: ClientNotification): void => {
    for (const listener of listeners) listener(event);
  };
  return {
    client: {
      listen: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      file: async (name) => {
        if (name.includes('gone')) throw new MiniTorrentError('FILE_NOT_FOUND', 'gone');
        return { name, path: name, size: 1, state: 'seeding' } as FileView;
      },
      overview: async () => ({ files, fileCount: files.length, received: 0, sent: 0 }),
      ended: ended.promise,
    },
    tell,
    notice: (sentence) => tell({ kind: 'notice', level: 'good', sentence }),
    end: (error) => ended.resolve(error),
    listeners: () => listeners.size,
    files,
  };
}

const CLOSED = new MiniTorrentError('CANCELLED', 'the client has ended');

function saidBy(event: SwarmEvent): string {
  if (event.event === 'notice') return event.sentence;
  return 'path' in event
    ? `${event.event} ${event.path}`
    : event.event === 'lost'
      ? `lost ${event.events}`
      : event.event;
}

async function all(events: AsyncIterable<SwarmEvent>): Promise<readonly string[]> {
  const said: string[] = [];
  for await (const event of events) said.push(saidBy(event));
  return said;
}

test('events come in their order, also those before the first is asked for, and the loop ends with the client', async () => {
  const { client, notice, tell, end, listeners } = played();
  const events = new Events(client);
  notice('one');
  tell({ kind: 'completed', name: 'a', path: '/a' });
  tell({ kind: 'completed', name: 'b', path: '/gone' });
  tell({ kind: 'stalled', name: 'c', path: '/c', code: 'IO_ERROR', sentence: 'its disk fails' });
  end(CLOSED);
  assert.deepEqual(await all(events), ['one', 'completed /a', 'c: its disk fails; it continues by itself']);
  assert.equal(listeners(), 0);
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test('what a slow reader has missed is counted where it is missing; no more than the bound waits', async () => {
  const { client, notice, end } = played();
  const events = new Events(client);
  for (let at = 0; at < EVENTS_WAITING_MAX + 7; at += 1) notice(`${at}`);
  const first = await events.next();
  assert.equal(first.done === true ? '' : saidBy(first.value), '0');
  // There is room now, but it would seem to follow at once.
  notice('late');
  for (let at = 1; at < EVENTS_WAITING_MAX; at += 1) await events.next();
  const gap = await events.next();
  assert.equal(gap.done === true ? '' : saidBy(gap.value), 'lost 8');
  notice('after');
  end(CLOSED);
  assert.deepEqual(await all(events), ['after']);
});

test('progress is told while the reader waits and nothing else happens', async () => {
  const { client, files, end } = played();
  files.push({ name: 'a', path: '/a', state: 'downloading', size: 10, have: 1, pieces: 2, rate: 5 } as FileView);
  const events = new Events(client);
  const { value } = await events.next();
  assert.equal(value === undefined ? '' : saidBy(value), 'progress /a');
  files.length = 0;
  const last = events.next();
  end(CLOSED);
  assert.equal((await last).done, true);
});

test('leaving the loop ends the listening, and a client that could not go on is an error once', async () => {
  const { client, notice, end, listeners } = played();
  const [left, failed] = [new Events(client), new Events(client)];
  notice('one');
  for await (const event of left) {
    assert.equal(saidBy(event), 'one');
    break;
  }
  assert.equal(listeners(), 1);
  end(new MiniTorrentError('INTERNAL', 'the client cannot continue'));
  assert.equal((await failed.next()).done, false);
  await assert.rejects(failed.next(), /cannot continue/);
  assert.equal((await failed.next()).done, true);
});

test('several that wait at once each get an event of their own', async () => {
  const { client, notice, end } = played();
  const events = new Events(client);
  const both = [events.next(), events.next()];
  notice('one');
  notice('two');
  const values = (await Promise.all(both)).map(({ value }) => (value === undefined ? '' : saidBy(value)));
  assert.deepEqual(values, ['one', 'two']);
  end(CLOSED);
});
