// Turns commands to a client into promises: gives each its `ask` number and hands back the answer that carries it. A refusal
// rejects with its code and sentence. The client answers every command, so nothing here waits with a clock; whatever ends
// the client, or the way to it, ends the waiting too.

import type { ClientCommand, ClientEvent, FileView } from '../../client/messages.js';
import { assert } from '../../foundation/base/assert.js';
import { deferred } from '../../foundation/base/deferred.js';
import { isErrorCode, MiniTorrentError } from '../../foundation/base/errors.js';

/** What carries the number of a question, rows of a list in one piece. */
export type Answer =
  | Exclude<Extract<ClientEvent, { readonly ask: number }>, { kind: 'listed' | 'refused' }>
  | { readonly kind: 'listed'; readonly ask: number; readonly rows: readonly FileView[] };

/** Nobody's answer: it happened. */
export type ClientNotification = Exclude<ClientEvent, { readonly ask: number }>;

/** A command without its number. */
export type Question = ClientCommand extends infer C ? (C extends ClientCommand ? Omit<C, 'ask'> : never) : never;

interface Open {
  readonly rows: FileView[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: MiniTorrentError) => void;
}

export class Asker {
  readonly #tell: (command: ClientCommand) => void;
  readonly #open = new Map<number, Open>();
  #next = 1;
  #ended: MiniTorrentError | undefined;

  constructor(tell: (command: ClientCommand) => void) {
    this.#tell = tell;
  }

  /** Rejects with MiniTorrentError: what the client refused, or why it can no longer be asked. */
  ask(question: Question): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const ask = this.#next;
    this.#next += 1;
    const answer = deferred<Answer>();
    this.#open.set(ask, { rows: [], resolve: answer.resolve, reject: answer.reject });
    this.#tell({ ...question, ask } as ClientCommand);
    return answer.promise;
  }

  /** What is no answer is handed back. */
  take(event: ClientEvent): ClientNotification | undefined {
    if (!('ask' in event)) return event;
    const open = this.#open.get(event.ask);
    // What was open when the client ended has been answered already.
    if (open === undefined && this.#ended !== undefined) return undefined;
    assert(open !== undefined, 'an answer belongs to a question');
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

  /** Nobody answers any more. Idempotent. */
  end(why: MiniTorrentError): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    for (const { reject } of this.#open.values()) reject(why);
    this.#open.clear();
  }
}
