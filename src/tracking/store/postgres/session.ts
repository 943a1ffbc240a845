// One connection to a PostgreSQL server. Statements that are given together travel
// together. A session that ends says so once; whatever was asked on it is rejected.

import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type pg from 'pg';
import type { DatabaseAddress, DatabaseHost } from './address.js';
import type { Value } from './batch.js';
import { isWarning } from './faults.js';
import { DATABASE_CONNECT_MS, DATABASE_IDLE_IN_TRANSACTION_MS, DATABASE_STATEMENT_MS } from './limits.js';

export interface Statement {
  /** Prepared once a session under it; absent: not prepared. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly Value[];
}

/** Columns as PostgreSQL writes them; null is null. */
export type ResultRow = readonly (string | null)[];

export interface Result {
  readonly command: string;
  readonly rows: readonly ResultRow[];
}

export interface SessionEvents {
  onNotified(): void;
  /** Not after `end`. */
  onEnded(error: Error): void;
}

const SETTINGS = `set statement_timeout = ${DATABASE_STATEMENT_MS}; set lock_timeout = ${DATABASE_STATEMENT_MS};
  set idle_in_transaction_session_timeout = ${DATABASE_IDLE_IN_TRANSACTION_MS}; set bytea_output = hex;
  set client_min_messages = warning; set default_transaction_isolation = 'read committed';
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local')`;
const AS_TEXT = { getTypeParser: () => (text: unknown) => text };
const NO_TLS = 'The server does not support SSL connections';

export class DatabaseSession {
  readonly #client: pg.Client;
  readonly #events: SessionEvents;
  /** Of the last statement that was answered. */
  lastCommand = '';
  #isEnded = false;
  #onWarning: (() => void) | undefined;

  private constructor(client: pg.Client, events: SessionEvents) {
    this.#client = client;
    this.#events = events;
    client.on('error', (error) => this.#ended(error));
    client.on('end', () => this.#ended(new Error('the connection to the database was closed')));
    client.on('notification', () => events.onNotified());
    client.on('notice', (notice) => {
      if (isWarning(notice.code ?? '')) this.#onWarning?.();
    });
  }

  /** Rejects when there is none. */
  static async open(host: DatabaseHost, address: DatabaseAddress, events: SessionEvents): Promise<DatabaseSession> {
    const { sslmode } = address;
    const isLocal = host.host.startsWith('/');
    const isSecured = sslmode !== 'disable' && !isLocal;
    try {
      return await DatabaseSession.#connect(host, address, isSecured, events);
    } catch (error) {
      if (!isSecured || sslmode !== 'prefer' || !(error instanceof Error) || error.message !== NO_TLS) throw error;
      return await DatabaseSession.#connect(host, address, false, events);
    }
  }

  static async #connect(
    host: DatabaseHost,
    address: DatabaseAddress,
    isSecured: boolean,
    events: SessionEvents,
  ): Promise<DatabaseSession> {
    const { Client } = await import('./pg.js');
    const client = new Client({
      host: host.host,
      port: host.port,
      user: address.user,
      database: address.database,
      application_name: address.applicationName,
      ssl: isSecured ? tlsOf(host, address) : false,
      connectionTimeoutMillis: DATABASE_CONNECT_MS,
      query_timeout: DATABASE_STATEMENT_MS + DATABASE_CONNECT_MS,
      keepAlive: true,
      pipeline: true,
      types: AS_TEXT,
    });
    const session = new DatabaseSession(client, events);
    try {
      await client.connect();
      await client.query(SETTINGS);
      return session;
    } catch (error) {
      session.drop();
      throw error;
    }
  }

  /**
   * All in one journey; rejects with the first error, after the last answer.
   * @param onWarning called when the server warns while only the last one is unanswered.
   */
  run(statements: readonly Statement[], onWarning?: () => void): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      const results: Result[] = [];
      let failure: Error | undefined;
      let answered = 0;
      const answer = (error: Error | undefined, result: pg.QueryArrayResult | undefined): void => {
        answered += 1;
        failure ??= error ?? undefined;
        this.lastCommand = result?.command ?? '';
        results.push({ command: result?.command ?? '', rows: (result?.rows ?? []) as ResultRow[] });
        if (answered === statements.length - 1) this.#onWarning = onWarning;
        if (answered < statements.length) return;
        this.#onWarning = undefined;
        if (failure === undefined) resolve(results);
        else reject(failure);
      };
      const stream = this.#stream;
      stream.cork();
      for (const { name, text, values } of statements) {
        const named = name === undefined ? {} : { name };
        const query = { ...named, text, values: (values ?? []).map(parameterOf), rowMode: 'array' as const };
        void this.#client.query(query, (error: Error | undefined, result: pg.QueryArrayResult) =>
          answer(error, result),
        );
      }
      stream.uncork();
    });
  }

  async one(statement: Statement): Promise<readonly ResultRow[]> {
    const [result] = await this.run([statement]);
    return result?.rows ?? [];
  }

  /** As SQL text with several statements, and without a result. */
  async execute(text: string): Promise<void> {
    await this.#client.query(text);
  }

  /** Says goodbye and closes; never rejects. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#client.end().catch(() => undefined);
  }

  /** Closes at once. */
  drop(): void {
    this.#isEnded = true;
    this.#stream.destroy();
  }

  get #stream(): Duplex {
    return (this.#client as unknown as { connection: { stream: Duplex } }).connection.stream;
  }

  #ended(error: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.onEnded(error);
  }
}

function parameterOf(value: Value): string | number | boolean | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function tlsOf({ host }: DatabaseHost, { sslmode, sslrootcert }: DatabaseAddress) {
  const ca = sslrootcert === undefined ? undefined : readFileSync(sslrootcert, 'utf8');
  if (sslmode === 'verify-full') return { ca, host };
  // As other clients of PostgreSQL do: who names certificates wants them checked.
  if (sslmode === 'verify-ca' || (sslmode === 'require' && ca !== undefined))
    return { ca, checkServerIdentity: () => undefined };
  return { rejectUnauthorized: false };
}
