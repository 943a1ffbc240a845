// The laws of a store on a real PostgreSQL: two trackers whose time is virtual, and whose statements are real. Time
// stands still while the database works.

import { after } from 'node:test';
import { deferred } from '../../../../src/foundation/base/deferred.js';
import { silentLog } from '../../../../src/foundation/base/log.js';
import type { Refusal } from '../../../../src/tracking/store/contract.js';
import { parseDatabaseAddress } from '../../../../src/tracking/store/postgres/address.js';
import type { PostgresEffect, PostgresInput, WriteOutcome } from '../../../../src/tracking/store/postgres/messages.js';
import { PostgresShell } from '../../../../src/tracking/store/postgres/shell.js';
import { PostgresStore } from '../../../../src/tracking/store/postgres/store.js';
import { World } from '../../../sim/paths.js';
import { hasPostgres, PostgresServer } from '../../../support/postgres.js';
import { type Instance, StoreHost, storeContract } from '../contract.js';

const COMMIT_MS = 3;
const OUTCOMES: Readonly<Record<Refusal, WriteOutcome>> = {
  full: 'full',
  busy: 'refused',
  broken: 'broken',
  fenced: 'fenced',
};

/** What ends each thing that is under way. */
const ENDS: Readonly<Record<string, PostgresEffect['kind']>> = {
  connected: 'connect',
  notConnected: 'connect',
  loadEnded: 'load',
  written: 'write',
  notWritten: 'write',
  polled: 'poll',
  hashesRead: 'readHashes',
};

type Host = StoreHost<PostgresInput, PostgresEffect>;

class PostgresInstance implements Instance {
  readonly #world: World;
  readonly #server: PostgresServer;
  readonly #database: string;
  readonly #name: string;
  readonly #held: PostgresEffect[] = [];
  readonly #underWay = new Map<object, Set<string>>();
  readonly #ending = new Set<Promise<unknown>>();
  #host: Host | undefined;
  #shell: PostgresShell | undefined;
  #isCut = false;
  #changed = deferred<void>();
  #lives = 0;
  refuses: Refusal | undefined;

  constructor(world: World, server: PostgresServer, database: string, name: string) {
    this.#world = world;
    this.#server = server;
    this.#database = database;
    this.#name = name;
  }

  get host(): StoreHost<never, never> | undefined {
    return this.#host as unknown as StoreHost<never, never> | undefined;
  }

  start(): void {
    this.#lives += 1;
    const application = `${this.#name}-${this.#lives}`;
    const query = `sslmode=disable&application_name=${application}`;
    const address = parseDatabaseAddress(this.#server.address({ database: this.#database, query }));
    const underWay = new Set<string>(['connect']);
    const host: Host = new StoreHost<PostgresInput, PostgresEffect>(
      this.#world,
      (sink) => new PostgresStore(sink),
      (effect) => this.#perform(effect, host),
    );
    const options = {
      address,
      cluster: '',
      place: this.#name,
      nowMs: () => performance.now(),
      refuseFollower: () => undefined,
    };
    const shell = new PostgresShell(options, {
      log: silentLog,
      post: (input) => {
        if (input.kind === 'lost') underWay.clear();
        if (input.kind === 'connected') underWay.add('load');
        underWay.delete(ENDS[input.kind] ?? '');
        host.post(input);
        this.#wake();
      },
      send: () => undefined,
      failed: (sentence) => {
        throw new Error(sentence);
      },
    });
    this.#host = host;
    this.#shell = shell;
    this.#underWay.set(host, underWay);
    this.#track(shell.open().catch((error: unknown) => host.isEnded || Promise.reject(error)));
  }

  crash(): void {
    const [host, shell] = [this.#host, this.#shell];
    if (host === undefined || shell === undefined) return;
    host.end();
    this.#held.length = 0;
    this.#underWay.delete(host);
    this.#host = undefined;
    // Its process is dead: the database sees its connections end.
    const application = `${this.#name}-${this.#lives}`;
    this.#server.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${application}'`,
    );
    this.#track(shell.close());
  }

  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
    for (const effect of this.#held.splice(0)) this.#shell?.perform(effect);
  }

  async settle(): Promise<void> {
    while (this.#isBusy) await this.#changed.promise;
    await Promise.all(this.#ending);
  }

  get #isBusy(): boolean {
    const held = new Set(this.#held.map(({ kind }) => kind));
    return [...this.#underWay.values()].some((kinds) => [...kinds].some((kind) => !held.has(kind as 'poll')));
  }

  #perform(effect: PostgresEffect, host: Host): void {
    if (host !== this.#host) return;
    if (effect.kind === 'write' && this.refuses !== undefined) {
      const refused = { group: effect.group, outcome: OUTCOMES[this.refuses], sentence: this.refuses };
      this.#world.after(COMMIT_MS, () => host.post({ kind: 'notWritten', ...refused }));
      return;
    }
    if (effect.kind !== 'connect' && effect.kind !== 'refuseFollower') this.#underWay.get(host)?.add(effect.kind);
    if (effect.kind === 'poll' && this.#isCut) this.#held.push(effect);
    else this.#shell?.perform(effect);
  }

  #track(work: Promise<unknown>): void {
    this.#ending.add(work);
    void work.finally(() => {
      this.#ending.delete(work);
      this.#wake();
    });
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}

let server: PostgresServer | undefined;
let databases = 0;

after(() => server?.remove());

storeContract('a shared PostgreSQL', async (t) => {
  if (!hasPostgres(t)) return undefined;
  server ??= await PostgresServer.start();
  databases += 1;
  const database = `law${databases}`;
  server.sql(`create database ${database}`);
  const world = new World(1);
  const first = new PostgresInstance(world, server, database, `${database}-a`);
  const second = new PostgresInstance(world, server, database, `${database}-b`);
  const both = [first, second] as const;
  return {
    world,
    instances: both,
    cut() {
      for (const instance of both) instance.cut();
    },
    heal() {
      for (const instance of both) instance.heal();
    },
    async settle() {
      await Promise.all(both.map((instance) => instance.settle()));
    },
    async end() {
      for (const instance of both) instance.crash();
      await Promise.all(both.map((instance) => instance.settle()));
    },
  };
});
