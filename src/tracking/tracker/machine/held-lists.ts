// Requests for what the partner may know better, which wait until this tracker is ready. They end with their
// connection. Pure.

import type { TrackerRequest } from '../messages.js';

type ListRequest = Extract<TrackerRequest, { kind: 'seeders' | 'describe' | 'list' | 'join' | 'renew' }>;

const HELD: ReadonlySet<TrackerRequest['kind']> = new Set([
  'seeders',
  'describe',
  'list',
  'join',
  'renew',
] satisfies ListRequest['kind'][]);

/** Whether its answer may depend on what the partner knows. */
export function isHeld(request: TrackerRequest): request is ListRequest {
  return HELD.has(request.kind);
}

export class HeldLists {
  #held = new Map<number, ListRequest[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  hold(connection: number, request: ListRequest): void {
    const held = this.#held.get(connection);
    if (held === undefined) this.#held.set(connection, [request]);
    else held.push(request);
    this.#count += 1;
  }

  drop(connection: number): void {
    this.#count -= this.#held.get(connection)?.length ?? 0;
    this.#held.delete(connection);
  }

  release(): { readonly connection: number; readonly request: ListRequest }[] {
    const all = [...this.#held].flatMap(([connection, held]) => held.map((request) => ({ connection, request })));
    this.#held = new Map();
    this.#count = 0;
    return all;
  }
}
