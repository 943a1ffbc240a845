// The machine that the documentation's examples speak of: a network namespace with their addresses and free ports,
// empty /data, /home and /tmp, and `mtorrent` on the PATH. A line is typed into a shell on a terminal as it stands. The
// kernel removes everything with its last process, and its first process ends with this one.

import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import { errnoOf } from '../../src/foundation/base/errors.js';
import { lacksPlace } from './needs.js';
import { PATIENCE_MS } from './patience.js';
import { pseudoTerminals, TerminalProcess } from './terminal.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const READY = 'READY';
/** Lines of JSON and paths are to stand on one row. */
const COLUMNS = 240;

/** The project may lie below /home or /tmp itself: thus it is seen at another place. `$5…`: addresses. */
const SETUP = `set -e
root=$1 project=$2 modules=$3 node=$4
shift 4
mount -t tmpfs -o mode=755 world "$root"
for each in /*; do
  name=\${each#/}
  case $name in data | home | opt | tmp) continue ;; esac
  if [ -L "$each" ]; then cp -P "$each" "$root/$name"
  elif [ -d "$each" ]; then mkdir "$root/$name" && mount --rbind "$each" "$root/$name"
  fi
done
mkdir -p "$root/data" "$root/home/ada" "$root/tmp" "$root/opt/bin" "$root/opt/project" "$root/opt/node_modules"
mount --bind "$project" "$root/opt/project"
mount --bind "$modules" "$root/opt/node_modules"
touch "$root/opt/bin/node"
mount --bind "$node" "$root/opt/bin/node"
printf '#!/bin/sh\\nexec /opt/bin/node /opt/project/dist/bundle/mtorrent.cjs "$@"\\n' > "$root/opt/bin/mtorrent"
chmod 755 "$root/opt/bin/mtorrent"
ip link set lo up
ip link add eth0 type veth peer name eth1
ip link set eth1 up
ip link set eth0 up
for address; do ip addr add "$address/24" dev eth0; done
# Only in there is the root of this process that of the world.
exec chroot "$root" sh -c 'echo ${READY}; exec cat'
`;

/** Root may make namespaces; others may, where the kernel lets them have one in which they are root. */
const OWNER = process.getuid?.() === 0 ? [] : ['--user'];
const UNSHARE = [...OWNER.flatMap(() => ['--user', '--map-root-user']), '--net', '--mount'];

/** chroot and ip lie where not everybody looks. */
const ENV = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

export interface Typed {
  /** Where the shell is. */
  readonly directory?: string;
  /** Whose: another home is another user, or the same one at another machine. */
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** bash becomes the program that it is told to run: keys and signals reach nobody else. */
  readonly shell?: 'bash' | 'zsh' | 'fish';
}

export class DocumentationWorld {
  readonly #t: TestContext;
  readonly #first: ChildProcessWithoutNullStreams;
  readonly #spawn: NonNullable<Awaited<ReturnType<typeof pseudoTerminals>>>;
  readonly #terminals: TerminalProcess[] = [];

  private constructor(
    t: TestContext,
    first: ChildProcessWithoutNullStreams,
    spawnTerminal: NonNullable<Awaited<ReturnType<typeof pseudoTerminals>>>,
  ) {
    this.#t = t;
    this.#first = first;
    this.#spawn = spawnTerminal;
  }

  /**
   * Undefined, and the test skipped with the reason, where there cannot be one.
   * @param addresses of this machine there; the first is the one that it takes for its own.
   */
  static async open(
    t: TestContext,
    addresses: readonly [string, ...string[]],
  ): Promise<DocumentationWorld | undefined> {
    const why = whyNot();
    if (why !== undefined) {
      lacksPlace(t, `the examples were not run, since ${why}`);
      return undefined;
    }
    const spawnTerminal = await pseudoTerminals(t);
    if (spawnTerminal === undefined) return undefined;
    const mountPoint = mkdtempSync(join(realpathSync(tmpdir()), 'mtorrent-world-'));
    const modules = realpathSync(join(ROOT, 'node_modules'));
    const words = ['sh', '-c', SETUP, 'sh', mountPoint, ROOT, modules, realpathSync(process.execPath), ...addresses];
    const first = spawn('unshare', [...UNSHARE, ...words], { stdio: 'pipe', env: ENV });
    const world = new DocumentationWorld(t, first, spawnTerminal);
    t.after(async () => {
      await world.#end();
      rmdirSync(mountPoint);
    });
    await world.#ready();
    return world;
  }

  /** Types a line in a terminal of its own; it ends with the test. */
  type(
    line: string,
    { directory = '/home/ada', home = '/home/ada', env = {}, shell = 'bash' }: Typed = {},
  ): TerminalProcess {
    for (const each of [directory, home]) mkdirSync(this.path(each), { recursive: true });
    const place = OWNER.length === 0 ? [] : ['--user', '--preserve-credentials'];
    const enter = ['--target', String(this.#first.pid), ...place, '--net', '--mount', '--root'];
    const terminal = new TerminalProcess(this.#t, this.#spawn, [shell, '-c', line], {
      program: ['nsenter', ...enter, 'env', `--chdir=${directory}`],
      directory: '/',
      columns: COLUMNS,
      env: {
        PATH: `/opt/bin:${ENV.PATH}`,
        HOME: home,
        // A system may have settings in /etc.
        MTORRENT_CONFIG: '/dev/null',
        ...env,
      },
    });
    this.#terminals.push(terminal);
    return terminal;
  }

  /** What the line has shown when it has ended, as it should. */
  async whole(line: string, typed: Typed = {}, code = 0): Promise<readonly string[]> {
    const terminal = this.type(line, typed);
    const ended = await terminal.outcome();
    assert.equal(ended.code, code, `${line}\n${terminal.raw}`);
    return ended.lines;
  }

  /** Where a path of that world is seen from here. */
  path(path: string): string {
    return `/proc/${this.#first.pid}/root${path}`;
  }

  async #ready(): Promise<void> {
    const ready = deferred<string>();
    let said = '';
    createInterface({ input: this.#first.stdout }).on('line', (line) => ready.resolve(line));
    this.#first.stderr.on('data', (text) => {
      said += String(text);
    });
    this.#first.once('error', (error) => ready.reject(error));
    this.#first.once('close', (code) => ready.reject(new Error(`the world ended with ${code}: ${said}`)));
    await within(ready.promise, PATIENCE_MS, () => assert.fail(`the world is not ready: ${said}`));
  }

  async #end(): Promise<void> {
    await Promise.all(this.#terminals.map((terminal) => terminal.end()));
    for (const pid of this.#others()) killIfThere(pid);
    if (this.#first.exitCode !== null) return;
    const closed = once(this.#first, 'close');
    this.#first.stdin.end();
    await within<unknown>(closed, PATIENCE_MS, () => this.#first.kill('SIGKILL'));
  }

  /** What left its terminal and is still there, as a client in the background. */
  #others(): readonly number[] {
    const own = networkOf(String(this.#first.pid));
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== this.#first.pid);
    return own === undefined ? [] : pids.filter((pid) => networkOf(pid) === own).map(Number);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Undefined for a process that has ended, or is not ours. */
function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces are a thing of Linux';
  for (const [tool, flag] of [
    ['ip', '-V'],
    ['bash', '--version'],
    ['unshare', '--version'],
    ['nsenter', '--version'],
  ] as const)
    if (spawnSync(tool, [flag], { env: ENV }).error !== undefined)
      return `${tool} is not installed (packages iproute2, bash, util-linux)`;
  const trial = 'mount -t tmpfs trial /tmp && ip link add eth0 type veth peer name eth1';
  const { status, stderr } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', trial], { encoding: 'utf8', env: ENV });
  return status === 0 ? undefined : `this user cannot make namespaces (root can): ${stderr.trim()}`;
}
