// The clients' connections of one tracker: which are open, which are paused because they ask faster than the store
// writes, and which are idle for too long. Pure.

import type { ClientId } from '../../../foundation/torrent/ids.js';
import { STORE_BACKLOG_MAX } from '../../store/limits.js';
import { REPLICA_HELD_MAX, TRACKER_IDLE_MS, TRACKER_REQUESTS_PER_CONNECTION_MAX } from '../limits.js';
import type { Entrant } from '../session/entrant.js';
import type { Session } from '../session/session.js';

export interface Connection {
  readonly number: number;
  readonly host: string;
  readonly session: Session;
  /** Weight of its requests that wait for the store. */
  waiting: number;
  isPaused: boolean;
  lastRequestMs: number;
  readonly openedMs: number;
}

/** What waits in the whole tracker. */
export interface Pressure {
  /** Weight of the changes that wait for the store. */
  readonly backlog: number;
  /** Requests that wait until this tracker has caught up with its partner. */
  readonly held: number;
}

export class Connections {
  readonly #connections = new Map<number, Connection>();
  readonly #paused = new Set<Connection>();

  get counts(): { readonly connections: number; readonly paused: number } {
    return { connections: this.#connections.size, paused: this.#paused.size };
  }

  get(number: number): Connection | undefined {
    return this.#connections.get(number);
  }

  all(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  /** Those of whom it is true, and have said hello. */
  with(isRight: (who: Entrant) => boolean): readonly Connection[] {
    return this.all().filter(({ session }) => session.hasGreeted && isRight(session.who));
  }

  without(isRight: (who: Entrant) => boolean): readonly Connection[] {
    return this.all().filter(({ session }) => !isRight(session.who));
  }

  /** Those who said hello. */
  clients(): ReadonlySet<ClientId> {
    return new Set([...this.#connections.values()].flatMap(({ session }) => session.client ?? []));
  }

  open(number: number, host: string, session: Session, nowMs: number): void {
    this.#connections.set(number, {
      number,
      host,
      session,
      waiting: 0,
      isPaused: false,
      lastRequestMs: nowMs,
      openedMs: nowMs,
    });
  }

  /** Undefined when its end was known already. */
  close(number: number): Connection | undefined {
    const connection = this.#connections.get(number);
    if (connection === undefined) return undefined;
    this.#connections.delete(number);
    this.#paused.delete(connection);
    return connection;
  }

  /** True: it has asked enough for now, and is not read until `resumed` names it. */
  asked(connection: Connection, weight: number, { backlog, held }: Pressure): boolean {
    connection.waiting += weight;
    const isBusy = connection.waiting >= TRACKER_REQUESTS_PER_CONNECTION_MAX;
    if (connection.isPaused || !(isBusy || backlog >= STORE_BACKLOG_MAX || held >= REPLICA_HELD_MAX)) return false;
    connection.isPaused = true;
    this.#paused.add(connection);
    return true;
  }

  /** Those that are read again. */
  resumed({ backlog, held }: Pressure): Connection[] {
    if (this.#paused.size === 0 || backlog >= STORE_BACKLOG_MAX / 2 || held >= REPLICA_HELD_MAX / 2) return [];
    const resumed: Connection[] = [];
    for (const connection of this.#paused) {
      if (connection.waiting > TRACKER_REQUESTS_PER_CONNECTION_MAX / 2) continue;
      this.#paused.delete(connection);
      connection.isPaused = false;
      resumed.push(connection);
    }
    return resumed;
  }

  /** It was this tracker that was silent. */
  forgiveSilence(nowMs: number): void {
    for (const connection of this.#connections.values()) connection.lastRequestMs = nowMs;
  }

  silent(nowMs: number): Connection[] {
    const silent: Connection[] = [];
    for (const connection of this.#connections.values()) {
      const { isPaused, session, lastRequestMs } = connection;
      if (!isPaused && session.hasGreeted && nowMs - lastRequestMs > TRACKER_IDLE_MS) silent.push(connection);
    }
    return silent;
  }
}
