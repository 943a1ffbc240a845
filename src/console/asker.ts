// Turns commands to a client into promises: gives each its `ask` number and hands back the answer that carries it. The
// client answers every command, so nothing here waits with a clock; what ends the client ends the waiting too.

import { assert } from '../base/assert.js';
import { deferred } from '../base/deferred.js';
import type { ClientCommand, ClientEvent, FileRow } from '../client/messages.js';

export type Answer =
  | Exclude<Extract<ClientEvent, { readonly ask: number }>, { kind: 'listed' }>
  | { readonly kind: 'listed'; readonly ask: number; readonly rows: readonly FileRow[] };

/** A command without its number. */
export type Question = ClientCommand extends infer C ? (C extends ClientCommand ? Omit<C, 'ask'> : never) : never;

export class Asker {
  readonly #tell: (command: ClientCommand) => void;
  readonly #open = new Map<number, { readonly rows: FileRow[]; readonly resolve: (answer: Answer) => void }>();
  #next = 1;

  constructor(tell: (command: ClientCommand) => void) {
    this.#tell = tell;
  }

  ask(question: Question): Promise<Answer> {
    const ask = this.#next;
    this.#next += 1;
    const answer = deferred<Answer>();
    this.#open.set(ask, { rows: [], resolve: answer.resolve });
    this.#tell({ ...question, ask } as ClientCommand);
    return answer.promise;
  }

  /** True when `event` was an answer, and is dealt with. */
  take(event: ClientEvent): boolean {
    if (!('ask' in event)) return false;
    const open = this.#open.get(event.ask);
    assert(open !== undefined, 'an answer belongs to a question');
    if (event.kind === 'listed') {
      open.rows.push(...event.rows);
      if (!event.last) return true;
    }
    this.#open.delete(event.ask);
    open.resolve(event.kind === 'listed' ? { kind: 'listed', ask: event.ask, rows: open.rows } : event);
    return true;
  }
}
