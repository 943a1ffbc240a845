// Containers for tests: podman with storage of its own in a temporary directory, images that need no registry, and no
// network of their own. Takes rights that not every machine gives; then it says so.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { hasTool, lacksPlace } from './needs.js';
import { temporaryDirectory } from './temporary-directory.js';

const DEADLINE_MS = 300_000;
/** What the files of `docs` run in an image, and what a test asks there. */
const PROGRAMS = ['node', 'env', 'sh', 'rm', 'mkdir', 'chown', 'tr', 'touch'];
/** As `docs/compose.yaml` has it. The next line serves machines without systemd, and cgroups of the first version. */
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
const PLAIN = ['--pull', 'never', '--network', 'host', '--cgroups', 'no-conmon', '--health-interval', 'disable'];
/** No more than whoever runs the tests may have: an engine without all rights cannot raise them. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

export interface Said {
  readonly code: number;
  readonly text: string;
}

export class ContainerEngine {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** With an image called `base`; undefined: it cannot run here. */
  static open(t: TestContext, modules: readonly string[]): ContainerEngine | undefined {
    if (!hasTool(t, 'podman') || !hasTool(t, 'runc')) return undefined;
    const engine = new ContainerEngine(temporaryDirectory(t));
    // Its layers belong to users that the temporary directory's own removal knows nothing of.
    t.after(() => engine.ask('rm', '--all', '--force'));
    writeFileSync(join(engine.directory, 'containers.conf'), '[containers]\ndefault_ulimits=[]\n');
    layRoot(join(engine.directory, 'base/root'), modules);
    writeFileSync(
      join(engine.directory, 'base/Dockerfile'),
      'FROM scratch\nCOPY root /\nENV PATH=/usr/local/bin:/bin\n',
    );
    const built = engine.build('base', join(engine.directory, 'base/Dockerfile'), join(engine.directory, 'base'));
    const tried = built.code === 0 ? engine.ask('run', '--rm', ...PLAIN, ...LIMITS, 'base', 'sh', '-c', 'true') : built;
    if (tried.code === 0) return engine;
    lacksPlace(t, `no container can run here: ${tried.text.trim().split('\n').at(-1) ?? ''}`);
    return undefined;
  }

  build(name: string, dockerfile: string, context: string, ...settings: readonly string[]): Said {
    const values = settings.flatMap((setting) => ['--build-arg', setting]);
    // In one layer: a copy of the whole image for each step takes minutes.
    const how = ['--isolation', 'chroot', '--format', 'docker', '--pull-never', '--layers=false'];
    return this.ask('build', ...how, ...values, '--file', dockerfile, '--tag', name, context);
  }

  /** Starts a container that keeps its state in a volume at /state. */
  start(name: string, image: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Said {
    const values = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const how = ['--detach', '--name', name, '--volume', `${name}:/state`, ...values];
    return this.ask('run', ...how, ...PLAIN, ...LIMITS, ...HARDENED, image, ...words);
  }

  ask(...words: readonly string[]): Said {
    const { directory } = this;
    const places = ['--root', join(directory, 'storage'), '--runroot', join(directory, 'run')];
    const ways = ['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
    const env = { ...process.env, CONTAINERS_CONF: join(directory, 'containers.conf') };
    const options = { encoding: 'utf8', timeout: DEADLINE_MS, env } as const;
    const program = [...places, ...ways, '--runtime', 'runc', ...words];
    const { status, stdout, stderr } = spawnSync('podman', program, options);
    return { code: status ?? 1, text: `${stdout}${stderr}` };
  }
}

/** This machine's node and npm, and as little else as they need, as the root of an image. */
function layRoot(root: string, modules: readonly string[]): void {
  for (const folder of ['usr/bin', 'tmp', 'etc', 'proc', 'dev', 'sys'])
    mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  symlinkSync('usr/bin', join(root, 'bin'));
  const found = PROGRAMS.map((name) => [name, realpathSync(shell(`command -v ${name}`))] as const);
  for (const [name, path] of found) copyFileSync(path, join(root, 'bin', name));
  for (const library of librariesOf([...found.map(([, path]) => path), ...modules])) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(realpathSync(library), join(root, library));
  }
  cpSync(dirname(dirname(realpathSync(shell('command -v npm')))), join(root, 'lib/npm'), { recursive: true });
  writeFileSync(join(root, 'bin/npm'), '#!/bin/sh\nexec node /lib/npm/bin/npm-cli.js "$@"\n', { mode: 0o755 });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
}

function librariesOf(paths: readonly string[]): ReadonlySet<string> {
  return new Set(paths.flatMap((path) => shell(`ldd ${path} || true`).match(/\/[^\s:()]+\.so[^\s:()]*/g) ?? []));
}

function shell(line: string): string {
  return execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** The native modules below a directory. */
export function nativeModules(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => basename(path).endsWith('.node'))
    .map((path) => join(directory, path));
}
