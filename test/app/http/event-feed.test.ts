// Event streams of readers that do not read: they are dropped, and nobody else notices.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import test from 'node:test';
import { EventFeed } from '../../../src/app/http/event-feed.js';
import { EVENT_COMMENT_MS, EVENT_UNREAD_BYTES_MAX } from '../../../src/app/http/limits.js';
import type { ClientNotification } from '../../../src/app/library/request-client.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';

/** A response whose reader takes nothing, or everything. */
class Stream extends EventEmitter {
  writableLength = 0;
  text = '';
  isDestroyed = false;
  readonly #isRead: boolean;

  constructor(isRead: boolean) {
    super();
    this.#isRead = isRead;
  }

  write(text: string): void {
    this.text += text;
    if (!this.#isRead) this.writableLength += text.length;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }

  end(): void {}
}

/** A client whose notices the test makes. */
function clientOf(): { readonly client: SwarmClient; notice(sentence: string): void; looks(): number } {
  let tell: (event: ClientNotification) => void = () => undefined;
  let looks = 0;
  const client = {
    listen(listener: (event: ClientNotification) => void) {
      tell = listener;
      return () => undefined;
    },
    overview: async () => {
      looks += 1;
      return { files: [] };
    },
  };
  return {
    client: client as unknown as SwarmClient,
    looks: () => looks,
    notice: (sentence) => tell({ kind: 'notice', level: 'good', sentence } as ClientNotification),
  };
}

test('a stream that is not read is dropped once too much waits for it, and the others get every event', (t) => {
  const feed = new EventFeed();
  t.after(() => feed.close());
  const { client, notice } = clientOf();
  feed.follow(client);
  const [read, unread] = [new Stream(true), new Stream(false)];
  for (const stream of [read, unread]) feed.add(stream as unknown as ServerResponse, true);
  const sentence = 'x'.repeat(10_000);
  const enough = Math.ceil(EVENT_UNREAD_BYTES_MAX / sentence.length) + 2;
  for (let told = 0; told < enough; told += 1) notice(sentence);
  assert.equal(unread.isDestroyed, true);
  assert.ok(unread.text.length < EVENT_UNREAD_BYTES_MAX + 2 * sentence.length);
  assert.equal(read.isDestroyed, false);
  assert.equal(read.text.match(/^data: /gm)?.length, enough);
  assert.equal(feed.streamCount, 1);
});

test('while nobody wants to know how far downloads are, the client is not asked, and notices come all the same', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const feed = new EventFeed();
  const { client, notice, looks } = clientOf();
  feed.follow(client);
  const stream = new Stream(true);
  feed.add(stream as unknown as ServerResponse, false);
  t.mock.timers.tick(EVENT_COMMENT_MS);
  notice('a disk is full');
  assert.equal(looks(), 0);
  assert.match(stream.text, /^: still here\n\ndata: .*a disk is full/);
  const watching = new Stream(true);
  feed.add(watching as unknown as ServerResponse, true);
  assert.equal(looks(), 1);
  watching.destroy();
  t.mock.timers.tick(EVENT_COMMENT_MS);
  assert.equal(looks(), 1, 'nobody watches any more');
  feed.close();
});
