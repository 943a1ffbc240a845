// What happens at a client as an async iterator: the objects that `--json` prints. Progress is looked at only while the
// reader waits. What has happened waits for the reader, and beyond a number of events the iterator says how many it has
// lost.

import { systemClock } from '../../foundation/base/clock.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { isErrorCode } from '../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { completedRow, failedRow, lostRow, noticeRow, progressRow, reusedRow, type SwarmEvent } from './event-rows.js';
import { EVENTS_LOOK_MS, EVENTS_WAITING_MAX } from './limits.js';
import type { ClientNotification } from './request-client.js';
import type { FileView, Overview } from './views.js';
import { withContinuation } from './views.js';

/** What an iterator needs of its client. */
export interface EventsClient {
  listen(listener: (event: ClientNotification) => void): () => void;
  file(name: string): Promise<FileView>;
  overview(): Promise<Overview>;
  readonly ended: Promise<MiniTorrentError>;
}

/** Undefined: what it is about was removed at once, or the client is ending. */
export function eventRowOf(
  client: Pick<EventsClient, 'file'>,
  event: ClientNotification,
  elapsedMs: () => number,
): SwarmEvent | Promise<SwarmEvent | undefined> {
  switch (event.kind) {
    case 'notice':
      return noticeRow(event.level, event.sentence);
    case 'stalled':
      return noticeRow('bad', `${event.name}: ${withContinuation(event)}`);
    case 'reused':
      return reusedRow(event);
    case 'failed':
      return failedRow({ code: isErrorCode(event.code) ? event.code : 'INTERNAL', message: event.sentence });
    default:
      return client.file(event.path).then((file) => completedRow(file, elapsedMs()), undefinedOnceGone);
  }
}

export class Events implements AsyncIterableIterator<SwarmEvent> {
  readonly #client: EventsClient;
  readonly #sinceMs = systemClock.nowMs();
  readonly #unlisten: () => void;
  readonly #waiting: ReturnType<typeof eventRowOf>[] = [];
  #progress: SwarmEvent[] = [];
  #lost = 0;
  #end: { readonly error: MiniTorrentError | undefined } | undefined;
  #ring = deferred<void>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: EventsClient) {
    this.#client = client;
    this.#unlisten = client.listen((event) => this.#hear(event));
    void client.ended.then((why) => this.#over(why.code === 'CANCELLED' ? undefined : why));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Rejects with MiniTorrentError once a client has ended that could not go on. */
  next(): Promise<IteratorResult<SwarmEvent, undefined>> {
    const result = this.#turn.then(() => this.#take());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Nothing more is heard. */
  async return(): Promise<IteratorResult<SwarmEvent, undefined>> {
    this.#waiting.length = 0;
    this.#progress = [];
    this.#lost = 0;
    this.#over(undefined);
    return { done: true, value: undefined };
  }

  #hear(event: ClientNotification): void {
    // Until the reader knows that some are lost, the later ones are lost with them: what it gets keeps its order.
    if (this.#lost > 0 || this.#waiting.length >= EVENTS_WAITING_MAX) this.#lost += 1;
    // What it is about is asked now: it may be removed, and the client closed, before it is read.
    else this.#waiting.push(eventRowOf(this.#client, event, () => this.#elapsedMs()));
    this.#wake();
  }

  #over(error: MiniTorrentError | undefined): void {
    this.#end ??= { error };
    this.#unlisten();
    this.#wake();
  }

  #wake(): void {
    this.#ring.resolve();
    this.#ring = deferred<void>();
  }

  async #take(): Promise<IteratorResult<SwarmEvent, undefined>> {
    for (;;) {
      const value = await this.#next();
      if (value !== undefined) return { done: false, value };
      if (this.#end !== undefined && this.#waiting.length === 0 && this.#lost === 0) {
        const { error } = this.#end;
        this.#end = { error: undefined };
        if (error !== undefined) throw error;
        return { done: true, value: undefined };
      }
    }
  }

  /** Undefined: look again. */
  async #next(): Promise<SwarmEvent | undefined> {
    const event = this.#waiting.shift();
    if (event !== undefined) return event;
    if (this.#lost > 0) {
      const lost = lostRow(this.#lost);
      this.#lost = 0;
      return lost;
    }
    const row = this.#progress.shift();
    if (row !== undefined || this.#end !== undefined) return row;
    const isRung = await within<boolean>(
      this.#ring.promise.then(() => true),
      EVENTS_LOOK_MS,
      () => false,
    );
    if (isRung) return undefined;
    const seen = await this.#client.overview().catch(undefinedOnceGone);
    this.#progress = (seen?.files ?? []).map((file) => progressRow(file, this.#elapsedMs()));
    return undefined;
  }

  #elapsedMs(): number {
    return Math.round(systemClock.nowMs() - this.#sinceMs);
  }
}

function undefinedOnceGone(error: unknown): undefined {
  if (error instanceof MiniTorrentError) return undefined;
  throw error;
}
