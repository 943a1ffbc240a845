// Server-sent events: whoever listens gets the same objects as `--json` prints, one a message. The downloads are looked
// at only while somebody listens, once for all of them; a reader that does not read is dropped.

import type { ServerResponse } from 'node:http';
import { systemClock } from '../../foundation/base/clock.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type EventRow, progressRow } from '../library/event-rows.js';
import { eventRowOf } from '../library/events.js';
import type { ClientNotification } from '../library/request-client.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { EVENT_COMMENT_MS, EVENT_LOOK_MS, EVENT_STREAMS_MAX, EVENT_UNREAD_BYTES_MAX } from './limits.js';

export class EventFeed {
  readonly #streams = new Set<ServerResponse>();
  /** Of those, the streams that want to know how far downloads are. */
  readonly #watching = new Set<ServerResponse>();
  readonly #sinceMs = systemClock.nowMs();
  #client: SwarmClient | undefined;
  #unlisten = (): void => undefined;
  #looks: NodeJS.Timeout | undefined;
  #comments: NodeJS.Timeout | undefined;
  #isLooking = false;

  /** The client whose events are told from now on; undefined: there is none at the moment. */
  follow(client: SwarmClient | undefined): void {
    this.#unlisten();
    this.#client = client;
    const stop = client?.listen((event) => void this.#heard(event));
    this.#unlisten = stop ?? (() => undefined);
  }

  get hasRoom(): boolean {
    return this.#streams.size < EVENT_STREAMS_MAX;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** @param response with its head written; the feed ends it. */
  add(response: ServerResponse, hasProgress: boolean): void {
    this.#streams.add(response);
    if (hasProgress) this.#watching.add(response);
    const leave = (): void => this.#left(response);
    response.on('close', leave);
    response.on('error', leave);
    this.#comments ??= setInterval(() => this.#comment(), EVENT_COMMENT_MS);
    if (!hasProgress) return;
    this.#looks ??= setInterval(() => void this.#look(), EVENT_LOOK_MS);
    void this.#look();
  }

  close(): void {
    this.follow(undefined);
    for (const response of this.#streams) response.end();
    this.#streams.clear();
    this.#watching.clear();
    this.#stopUnneeded();
  }

  #left(response: ServerResponse): void {
    this.#streams.delete(response);
    this.#watching.delete(response);
    this.#stopUnneeded();
  }

  #stopUnneeded(): void {
    if (this.#watching.size === 0) {
      clearInterval(this.#looks);
      this.#looks = undefined;
    }
    if (this.#streams.size > 0) return;
    clearInterval(this.#comments);
    this.#comments = undefined;
  }

  #comment(): void {
    this.#write(': still here\n\n', this.#streams);
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#client === undefined) return;
    this.#isLooking = true;
    try {
      const { files } = await this.#client.overview();
      for (const file of files) this.#say(progressRow(file, this.#elapsedMs()), this.#watching);
    } catch (error) {
      // It is ending.
      if (!(error instanceof MiniTorrentError)) throw error;
    } finally {
      this.#isLooking = false;
    }
  }

  async #heard(event: ClientNotification): Promise<void> {
    if (this.#streams.size === 0) return;
    if (this.#client === undefined) return;
    const row = eventRowOf(this.#client, event, () => this.#elapsedMs());
    // What waits for nothing is said at once.
    if (!(row instanceof Promise)) return this.#say(row, this.#streams);
    const completed = await row;
    if (completed !== undefined) this.#say(completed, this.#streams);
  }

  #elapsedMs(): number {
    return Math.round(systemClock.nowMs() - this.#sinceMs);
  }

  #say(row: EventRow, streams: ReadonlySet<ServerResponse>): void {
    this.#write(`data: ${JSON.stringify(row)}\n\n`, streams);
  }

  #write(text: string, streams: ReadonlySet<ServerResponse>): void {
    for (const response of streams) {
      if (response.writableLength > EVENT_UNREAD_BYTES_MAX) response.destroy();
      else response.write(text);
    }
  }
}
