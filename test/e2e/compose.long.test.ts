// `docs/compose.yaml` without containers, which need images from a registry: its services as processes of a machine of
// their own that knows their names, with their very commands and settings, on a PostgreSQL that wants the password.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { eventually, PIECE, stageSwarm } from '../support/e2e-stage.js';
import { makeMachine } from '../support/network.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';

const COMPOSE = new URL('../../../docs/compose.yaml', import.meta.url);
const DOCKERFILE = new URL('../../../docs/Dockerfile', import.meta.url);
const PASSWORD = 'of the test';
/** Where a container of `docs/Dockerfile` keeps its state. */
const STATE = '/state';
const PATIENT_MS = 60_000;

interface Service {
  readonly image: string;
  readonly command?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly read_only?: boolean;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

async function composeWith(password: string): Promise<Compose> {
  const text = await readFile(COMPOSE, 'utf8');
  const filled = text.replace(/\$\{DATABASE_PASSWORD:\?[^}]*\}/g, password);
  assert.doesNotMatch(filled.replace(/^#.*$/gm, ''), /\$\{/, 'it asks for nothing but the password');
  return parse(filled, { merge: true }) as Compose;
}

/** What the image sets; the settings of a service come on top. */
async function settingsOfImage(): Promise<Readonly<Record<string, string>>> {
  const [, line = ''] = /^ENV (.*)$/m.exec(await readFile(DOCKERFILE, 'utf8')) ?? [];
  return Object.fromEntries(line.split(' ').map((pair) => pair.split('=') as [string, string]));
}

test('every service of compose.yaml waits for services and keeps its state on volumes that it declares', async () => {
  const { services, volumes } = await composeWith(PASSWORD);
  const used = new Set<string>();
  for (const [name, service] of Object.entries(services)) {
    const { depends_on: before = [], volumes: places = [], image, read_only: isReadOnly } = service;
    const names = Array.isArray(before) ? (before as readonly string[]) : Object.keys(before);
    for (const other of names) assert.ok(other in services, `${name} waits for ${other}`);
    for (const place of places) used.add(place.split(':')[0] ?? '');
    assert.ok(image !== 'mtorrent' || (isReadOnly && places.some((place) => place.endsWith(`:${STATE}`))), name);
  }
  assert.deepEqual([...used].sort(), Object.keys(volumes).sort());
});

interface Place {
  readonly directory: string;
  readonly launcher: readonly string[];
  readonly services: Compose['services'];
  readonly image: Readonly<Record<string, string>>;
}

/** One machine on which each service has an address of its own under its name. */
async function stageServices(t: TestContext, directory: string): Promise<Place | undefined> {
  const machine = await makeMachine(t);
  if (machine === undefined) return undefined;
  const { services } = await composeWith(PASSWORD);
  const lines = Object.keys(services).map((name, at) => `127.0.0.${name === 'database' ? 1 : at + 11} ${name}\n`);
  const hosts = join(directory, 'hosts');
  await writeFile(hosts, `127.0.0.1 localhost\n${lines.join('')}`);
  const mount = `mount --bind ${hosts} /etc/hosts; exec "$0" "$@"`;
  const launcher = [...machine.on, 'unshare', '--mount', 'sh', '-c', mount];
  const { environment = {} } = services['database'] ?? {};
  const server = await PostgresServer.start({}, { port: 5432, on: machine.on });
  t.after(() => server.remove());
  const { POSTGRES_USER: user, POSTGRES_DB: database, POSTGRES_PASSWORD: password } = environment;
  server.sql(`create role ${user} login password '${password}'`);
  server.sql(`create database ${database} owner ${user}`);
  return { directory, launcher, services, image: await settingsOfImage() };
}

/** Of a container: its folder in place of /state. */
function settingsOf({ directory, services, image }: Place, name: string): Readonly<Record<string, string>> {
  const all = { ...image, ...services[name]?.environment };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [key, value.replace(STATE, join(directory, name))]),
  );
}

async function start(place: Place, name: string): Promise<ProgramProcess> {
  const folder = join(place.directory, name);
  await mkdir(folder, { recursive: true });
  const words = (place.services[name]?.command ?? '').replace(`${STATE}/`, `${folder}/`).split(' ');
  return new ProgramProcess(name, words, folder, { launcher: place.launcher, env: settingsOf(place, name) });
}

test('the services of compose.yaml find each other by name, and what one client shares another one gets', async (t) => {
  if (!hasPostgres(t)) return;
  const swarm = await stageSwarm(t);
  const place = await stageServices(t, swarm.directory);
  if (place === undefined) return;
  const run = (name: string, ...words: readonly string[]) =>
    runProgram(words, join(place.directory, name), { launcher: place.launcher, env: settingsOf(place, name) });
  for (const name of ['tracker-1', 'tracker-2', 'tracker-3']) {
    const tracker: ProgramProcess = swarm.adopt(await start(place, name));
    const listening = deferred<string>();
    tracker.onLine = (line: string) => listening.resolve(line);
    assert.match(await tracker.expect(listening, 'address', PATIENT_MS), /^TRACKER LISTENING .*:7001$/);
  }
  for (const name of ['tracker-1', 'tracker-2', 'tracker-3'])
    await eventually(
      () => run(name, 'tracker-status', `${name}:7001`),
      ({ code, stdout }) => code === 0 && /store postgres database:5432 .*3 trackers use it/s.test(stdout),
      `${name} is well, as its health check asks`,
      PATIENT_MS,
    );
  const client = swarm.adopt(await start(place, 'client'));
  await eventually(
    () => run('client', 'show', 'stats'),
    ({ code }) => code === 0,
    'the client is well, as its health check asks',
    PATIENT_MS,
  );
  const source = await swarm.makeFile('client/a.bin', 3 * PIECE + 1);
  const shared = await run('client', 'share', 'a.bin', '-o', 'a.mtorrent');
  assert.equal(shared.code, 0, shared.stderr);
  const { MTORRENT_TRACKERS = '' } = settingsOf(place, 'client');
  const env = { ...settingsOf(place, 'other'), MTORRENT_TRACKERS };
  const words = ['get', '../client/a.mtorrent', 'got.bin', '--timeout', '60s'];
  await mkdir(join(place.directory, 'other'));
  const got = await runProgram(words, join(place.directory, 'other'), { launcher: place.launcher, env });
  assert.equal(got.code, 0, got.stderr);
  assert.equal(await sha256OfFile(join(place.directory, 'other/got.bin')), await sha256OfFile(source));
  assert.equal(await client.end(), 0, 'it ends with SIGTERM');
});
