// Raw sockets to a tracker, for tests of what it does with honest and with hostile bytes. Every wait has a deadline.

import assert from 'node:assert/strict';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { deferred, within } from '../../../src/foundation/base/deferred.js';
import { FRAME_BYTES_MAX } from '../../../src/foundation/base/limits.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { FrameReader, frameBytes } from '../../../src/foundation/wire/framing.js';
import { MagicGate } from '../../../src/foundation/wire/magic.js';
import {
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../../../src/tracking/tracker/messages.js';
import { PATIENCE_MS } from '../../support/patience.js';

/** Waits, a turn of the event loop at a time, until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    assert.ok(performance.now() < endMs, `not so in time: ${isSo}`);
    await new Promise(setImmediate);
  }
}

export class WireClient {
  readonly socket: net.Socket;
  readonly replies: TrackerReply[] = [];
  readonly ended = deferred<void>();
  #news = deferred<void>();
  readonly #reader = new FrameReader(FRAME_BYTES_MAX);
  readonly #magic = new MagicGate(TRACKER_MAGIC);

  /** @param from another address of this machine. */
  constructor(t: TestContext, tracker: Address, from?: string) {
    const local = from === undefined ? {} : { localAddress: from };
    this.socket = net.connect({ host: tracker.host, port: tracker.port, ...local });
    t.after(() => this.socket.destroy());
    this.socket.on('data', (bytes: Buffer) => {
      this.#reader.feed(this.#magic.pass(bytes));
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        this.replies.push(trackerReplies.decode(frame));
      }
      this.#tellNews();
    });
    // A reset is an end like any other here.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.ended.resolve();
      this.#tellNews();
    });
  }

  raw(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  send(...requests: readonly TrackerRequest[]): void {
    this.raw(Buffer.concat(requests.map((request) => frameBytes(trackerRequests.encode(request)))));
  }

  async hello(clientNumber: number, uploadPort = 6_000 + clientNumber): Promise<TrackerReply> {
    this.raw(TRACKER_MAGIC);
    const clientId = Uint8Array.from({ length: 16 }, (_, at) =>
      at < 14 ? 1 : (clientNumber >> ((at - 14) * 8)) & 0xff,
    );
    this.send({ kind: 'hello', clientId, host: '', uploadPort, epoch: 1, token: new Uint8Array(0) });
    return this.reply(0);
  }

  /** The reply at this place, once it is there. Fails when the connection ends before. */
  async reply(at: number): Promise<TrackerReply> {
    for (;;) {
      const reply = this.replies[at];
      if (reply !== undefined) return reply;
      assert.ok(!this.socket.closed, `the connection ended with ${this.replies.length} replies`);
      await within(this.#news.promise, PATIENCE_MS, () => assert.fail(`no reply ${at} in time`));
    }
  }

  /** Waits until there is a reply at this place, or never will be. */
  async replyOrEnd(at: number): Promise<void> {
    while (this.replies[at] === undefined && !this.socket.closed) {
      await within(this.#news.promise, PATIENCE_MS, () => assert.fail(`neither reply ${at} nor an end in time`));
    }
  }

  /** Waits for the tracker to end the connection. */
  async closed(): Promise<void> {
    await within(this.ended.promise, PATIENCE_MS, () => assert.fail('the connection was not ended in time'));
  }

  #tellNews(): void {
    this.#news.resolve();
    this.#news = deferred();
  }
}
