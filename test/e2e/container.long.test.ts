// `docs/Dockerfile` in a real container engine, on a base of this machine's node: the image is built from the packed
// tarball, and its containers run as `docs/compose.yaml` has them, without rights and with a root that is read only.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../src/app/demo/processes.js';
import { ContainerEngine, nativeModules } from '../support/container-engine.js';
import { eventually } from '../support/e2e-stage.js';
import { copyDependencies, pack, run } from '../support/packing.js';

const DOCKERFILE = new URL('../../../docs/Dockerfile', import.meta.url).pathname;
const MODULES = new URL('../../../node_modules/@libsql', import.meta.url).pathname;
const PATIENT_MS = 60_000;

/** The tarball with all that it depends on, which npm would fetch. @returns its name in `directory`. */
function packWhole(directory: string): string {
  const { filename } = pack(directory);
  run(directory, 'tar', ['xzf', filename]);
  const inside = join(directory, 'package');
  copyDependencies(inside);
  const path = join(inside, 'package.json');
  const { scripts, devDependencies, ...manifest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  assert.ok(scripts !== undefined && devDependencies !== undefined);
  writeFileSync(path, JSON.stringify({ ...manifest, bundleDependencies: true }));
  return pack(directory, inside).filename;
}

/** The image `mtorrent`. */
function buildHere(t: TestContext): ContainerEngine | undefined {
  const engine = ContainerEngine.open(t, nativeModules(MODULES));
  if (engine === undefined) return undefined;
  const context = join(engine.directory, 'context');
  mkdirSync(context);
  const PACKAGE = packWhole(context);
  const built = engine.build('mtorrent', DOCKERFILE, context, 'BASE=localhost/base', `PACKAGE=${PACKAGE}`);
  assert.equal(built.code, 0, built.text);
  return engine;
}

test('the image is built from the tarball, and its containers are well, write to /state alone, and end with SIGTERM', async (t) => {
  const engine = buildHere(t);
  if (engine === undefined) return;
  const trackers = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`] as const;
  const words = ['tracker', ...trackers, '/state/list.db', '/state/tracker.log'];
  const started = [
    engine.start('tracker', 'mtorrent', words),
    engine.start('client', 'mtorrent', ['daemon', '127.0.0.1:0'], { MTORRENT_TRACKERS: trackers.join(',') }),
  ];
  for (const { code, text } of started) assert.equal(code, 0, text);
  const inside = (name: string, line: string) => engine.ask('exec', name, 'sh', '-c', line);
  for (const name of ['tracker', 'client'])
    await eventually(
      () => ({ ...engine.ask('healthcheck', 'run', name), log: engine.ask('logs', name).text }),
      ({ code }) => code === 0,
      `${name} is well, as its health check asks`,
      PATIENT_MS,
    );
  assert.notEqual(inside('client', 'touch /elsewhere').code, 0, 'its root is read only');
  const rights = inside('client', 'node -p "process.getuid()"').text;
  assert.equal(rights.trim(), '1000');
  const shared = inside('client', 'echo some bytes > a.txt && mtorrent share a.txt -o a.mtorrent');
  assert.equal(shared.code, 0, shared.text);
  await eventually(
    () => inside('tracker', 'mtorrent tracker-list list.db'),
    ({ text }) => text.includes('a.txt'),
    'the tracker lists what the client shares',
    PATIENT_MS,
  );
  for (const name of ['client', 'tracker']) {
    assert.equal(engine.ask('stop', '--time', '60', name).code, 0);
    assert.equal(engine.ask('inspect', name, '--format', '{{.State.ExitCode}}').text.split('\n')[0], '0', name);
    assert.notEqual(engine.ask('healthcheck', 'run', name).code, 0, `${name} has ended and is not well`);
  }
});
