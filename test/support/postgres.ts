// Real PostgreSQL clusters in temporary folders: a primary, standbys of it, and what happens to them. The servers
// refuse root, so for root they run as the user `postgres`.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../src/app/demo/processes.js';
import { errnoOf } from '../../src/foundation/base/errors.js';
import { eventually } from './e2e-stage.js';
import { lacksTool } from './needs.js';

const ROOT = '/usr/lib/postgresql';
const START_MS = 60_000;

function binaries(): string | undefined {
  const [newest] = existsSync(ROOT) ? readdirSync(ROOT).sort((a, b) => Number(b) - Number(a)) : [];
  return newest === undefined ? undefined : join(ROOT, newest, 'bin');
}

/** False: the test was skipped, or has failed in CI. */
export function hasPostgres(t: TestContext): boolean {
  if (binaries() !== undefined) return true;
  lacksTool(t, 'postgresql');
  return false;
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Who runs the servers, where that is not who runs the tests. */
function serverIds(): Ids | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m);
  return { uid: Number(line?.[1] ?? 65_534), gid: Number(line?.[2] ?? 65_534) };
}

export interface Place {
  readonly port?: number;
  readonly parent?: string;
  /** Mebibytes of one file of its log. */
  readonly walSegmentMiB?: number;
  /** A command that runs another one on another machine. */
  readonly on?: readonly string[];
}

export class PostgresServer {
  readonly directory: string;
  readonly port: number;
  readonly #on: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(directory: string, port: number, on: readonly string[] = []) {
    this.#on = on;
    this.directory = directory;
    this.port = port;
  }

  /**
   * A new cluster, which runs. `stop` it; `remove` takes its folder away.
   * @param place its port, if not any that is free, and the folder that its own is made in.
   */
  static async start(settings: Readonly<Record<string, string>> = {}, place: Place = {}): Promise<PostgresServer> {
    const server = new PostgresServer(newDirectory(place.parent), place.port ?? (await freePort()), place.on);
    server.#run('initdb', [
      ...(place.walSegmentMiB === undefined ? [] : [`--wal-segsize=${place.walSegmentMiB}`]),
      '-D',
      server.#data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ]);
    server.#configure({ fsync: 'on', wal_level: 'replica', max_wal_senders: '8', wal_keep_size: '64MB', ...settings });
    await server.begin();
    return server;
  }

  /** A copy of `primary` that follows it, and may be promoted. It runs. @param port if not any that is free. */
  static async standbyOf(primary: PostgresServer, name: string, port?: number): Promise<PostgresServer> {
    const server = new PostgresServer(newDirectory(), port ?? (await freePort()));
    const source = `host=127.0.0.1 port=${primary.port} user=postgres application_name=${name}`;
    server.#run('pg_basebackup', ['-D', server.#data, '-d', source, '-R', '-X', 'stream', '-c', 'fast', '--no-sync']);
    server.#configure({});
    await server.begin();
    return server;
  }

  /** A primary and a standby that it waits for at each commit. Both run, and go with the test. */
  static async synchronousPair(t: TestContext) {
    const primary = await PostgresServer.start();
    t.after(() => primary.remove());
    const standby = await PostgresServer.standbyOf(primary, 'standby1');
    t.after(() => standby.remove());
    primary.sql(`alter system set synchronous_standby_names = 'standby1'`);
    primary.sql('select pg_reload_conf()');
    await eventually(
      () => primary.sql('select count(*) from pg_stat_replication where sync_state = $$sync$$'),
      (count) => count === '1',
      'the standby is synchronous',
    );
    const list = `postgres://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres?sslmode=disable`;
    return { primary, standby, list };
  }

  get #data(): string {
    return join(this.directory, 'data');
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number {
    assert.ok(this.#process?.pid !== undefined, 'the server runs');
    return this.#process.pid;
  }

  /** For a tracker. */
  address({ user = 'postgres', database = 'postgres', port = this.port, query = 'sslmode=disable' } = {}): string {
    return `postgres://${user}@127.0.0.1:${port}/${database}?${query}`;
  }

  async begin(): Promise<void> {
    const [command, args] = this.#command('postgres', ['-D', this.#data]);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: this.directory });
    this.#process = child;
    let log = '';
    child.stderr?.on('data', (text: Buffer) => {
      log = `${log}${text}`.slice(-8_192);
    });
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    const untilMs = Date.now() + START_MS;
    while (!this.#isReady()) {
      assert.ok(Date.now() < untilMs && this.#process === child, `the server starts: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** SQL as the superuser; answers the rows, columns parted by |. */
  sql(text: string, database = 'postgres'): string {
    const [command, args] = this.#psql(text, database);
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /** The same, while this process does other things. */
  async query(text: string, database = 'postgres'): Promise<string> {
    const { stdout } = await promisify(execFile)(...this.#psql(text, database));
    return stdout.trim();
  }

  /** `SIGINT`: every session ends at once. `SIGKILL`: as a power failure, but for what the kernel had. */
  async stop(signal: 'SIGINT' | 'SIGKILL' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const children = this.#children();
    child.kill(signal);
    await ended;
    this.#process = undefined;
    // Those of a killed postmaster notice it and end by themselves; before, no other one starts on their files.
    await eventually(
      () => children.filter(isAlive),
      (left) => left.length === 0,
      'the processes of the server have ended',
    );
  }

  /** Secures connections from now on, where the client wants it. @param crt @param key paths of PEM files. */
  serveTls(crt: string, key: string): void {
    for (const [name, path] of Object.entries({ 'server.crt': crt, 'server.key': key })) {
      const own = join(this.#data, name);
      copyFileSync(path, own);
      ownedByServer(own);
      chmodSync(own, 0o600);
    }
    this.sql('alter system set ssl = on');
    this.sql('select pg_reload_conf()');
  }

  /** All its processes stand still until `thaw`. */
  freeze(): void {
    this.#signalAll('SIGSTOP');
  }

  thaw(): void {
    this.#signalAll('SIGCONT');
  }

  /** The postmaster first: it starts no further process meanwhile. */
  #signalAll(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
    for (const child of this.#children())
      try {
        process.kill(child, signal);
      } catch (error) {
        // It has ended meanwhile.
        if (errnoOf(error) !== 'ESRCH') throw error;
      }
  }

  /** Ids of the processes of the server beside the postmaster. */
  #children(): readonly number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  }

  promote(): void {
    this.sql('select pg_promote(true, 60)');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #psql(text: string, database: string): [string, string[]] {
    const where = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres', '-d', database];
    return this.#there(join(binaries() ?? '', 'psql'), [...where, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text]);
  }

  #isReady(): boolean {
    try {
      this.sql('select 1');
      return true;
    } catch {
      return false;
    }
  }

  #configure(settings: Readonly<Record<string, string>>): void {
    const own = { listen_addresses: '127.0.0.1', unix_socket_directories: this.directory, port: String(this.port) };
    const lines = Object.entries({ ...own, shared_buffers: '32MB', max_connections: '60', ...settings });
    writeFileSync(
      join(this.#data, 'postgresql.auto.conf'),
      `${existsSync(join(this.#data, 'standby.signal')) ? readFileSync(join(this.#data, 'postgresql.auto.conf'), 'utf8') : ''}\n${lines.map(([name, value]) => `${name} = '${value}'`).join('\n')}\n`,
    );
    writeFileSync(
      join(this.#data, 'pg_hba.conf'),
      `local all all trust\nhost replication all 127.0.0.1/32 trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n`,
    );
  }

  #run(program: string, args: readonly string[]): void {
    const [command, all] = this.#command(program, args);
    execFileSync(command, all, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.directory });
  }

  #command(program: string, args: readonly string[]): [string, string[]] {
    const path = join(binaries() ?? '', program);
    const ids = serverIds();
    if (ids === undefined) return this.#there(path, args);
    return this.#there('setpriv', [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', path, ...args]);
  }

  #there(program: string, args: readonly string[]): [string, string[]] {
    const [command = program, ...words] = [...this.#on, program, ...args];
    return [command, words];
  }
}

/** Not one that has ended and is still to be waited for by its parent. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function newDirectory(parent = realpathSync(tmpdir())): string {
  const directory = mkdtempSync(join(parent, 'mtorrent-pg-'));
  ownedByServer(directory);
  chmodSync(directory, 0o700);
  return directory;
}

/** Files that a server is given must belong to who runs it. */
export function ownedByServer(path: string): void {
  const ids = serverIds();
  if (ids !== undefined) chownSync(path, ids.uid, ids.gid);
}
