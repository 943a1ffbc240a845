// Matches a client's answers to the requests they belong to: each request gets an id and a promise. The client answers
// every request, so nothing here has a deadline; when the client or the connection to it ends, every open request
// rejects. Pure.

import type { ClientCommand, ClientEvent, FileView } from '../../client/messages.js';
import { assert } from '../../foundation/base/assert.js';
import { deferred } from '../../foundation/base/deferred.js';
import { isErrorCode } from '../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';

/** An event that carries a request id; the rows of a list are gathered. */
export type Answer =
  | Exclude<Extract<ClientEvent, { readonly ask: number }>, { kind: 'listed' | 'refused' }>
  | { readonly kind: 'listed'; readonly ask: number; readonly rows: readonly FileView[] };

/** An event that answers no request. */
export type ClientNotification = Exclude<ClientEvent, { readonly ask: number }>;

/** A command without its request id. */
export type ClientRequest = ClientCommand extends infer C ? (C extends ClientCommand ? Omit<C, 'ask'> : never) : never;

interface OpenRequest {
  readonly rows: FileView[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: MiniTorrentError) => void;
}

export class RequestClient {
  readonly #send: (command: ClientCommand) => void;
  readonly #open = new Map<number, OpenRequest>();
  #nextId = 1;
  #ended: MiniTorrentError | undefined;

  constructor(send: (command: ClientCommand) => void) {
    this.#send = send;
  }

  /** Rejects with MiniTorrentError: the client's refusal, or why it can no longer be asked. */
  ask(request: ClientRequest): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = deferred<Answer>();
    this.#open.set(id, { rows: [], resolve: answer.resolve, reject: answer.reject });
    this.#send({ ...request, ask: id } as ClientCommand);
    return answer.promise;
  }

  /** Takes an answer; returns a notification. */
  take(event: ClientEvent): ClientNotification | undefined {
    if (!('ask' in event)) return event;
    const open = this.#open.get(event.ask);
    // It was rejected when the client ended.
    if (open === undefined && this.#ended !== undefined) return undefined;
    assert(open !== undefined, 'an answer belongs to an open request');
    if (event.kind === 'listed') {
      open.rows.push(...event.rows);
      if (!event.last) return undefined;
    }
    this.#open.delete(event.ask);
    if (event.kind === 'refused')
      open.reject(new MiniTorrentError(isErrorCode(event.code) ? event.code : 'INTERNAL', event.sentence));
    else open.resolve(event.kind === 'listed' ? { kind: 'listed', ask: event.ask, rows: open.rows } : event);
    return undefined;
  }

  /** Rejects every open and every later request. Idempotent. */
  end(why: MiniTorrentError): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    for (const { reject } of this.#open.values()) reject(why);
    this.#open.clear();
  }
}
