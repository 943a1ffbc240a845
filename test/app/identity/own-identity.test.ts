// Which identity a process of given settings takes part with, on a real disk; and that an unmounted or unreadable one
// never makes it open by accident.

import assert from 'node:assert/strict';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { swarmFilePath } from '../../../src/app/identity/identity-directory.js';
import { makeSwarm } from '../../../src/app/identity/making.js';
import { ownMode } from '../../../src/app/identity/own-identity.js';
import { withSwarmTrackers } from '../../../src/app/identity/swarm-trackers.js';
import { loadSettings } from '../../../src/app/settings/load.js';
import type { Settings } from '../../../src/app/settings/resolve.js';
import { lacksPlace } from '../../support/needs.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const TRACKERS = [
  { host: '192.0.2.11', port: 7001 },
  { host: '192.0.2.12', port: 7001 },
] as const;

interface Stage {
  readonly directory: string;
  settings(env?: Readonly<Record<string, string>>, flags?: Readonly<Record<string, string>>): Promise<Settings>;
}

async function stage(t: TestContext): Promise<Stage> {
  const home = temporaryDirectory(t);
  const directory = join(home, '.config', 'mtorrent', 'swarm');
  const names = { name: 'lab', member: 'ada@node1', tracker: 'node1' };
  await mkdir(join(home, '.config', 'mtorrent'), { recursive: true });
  await makeSwarm(
    directory,
    { ...names, trackers: TRACKERS, root: undefined, trackerDirectory: undefined },
    1_800_000_000,
  );
  const settings = (env = {}, flags = {}): Promise<Settings> =>
    loadSettings(
      flags,
      {},
      { env: { XDG_CONFIG_DIRS: join(home, 'no'), ...env }, home: { path: home }, directory: home },
    );
  return { directory, settings };
}

test('with an identity in its place a process is closed, as client and as tracker, and its trackers are known', async (t) => {
  const { directory, settings } = await stage(t);
  const found = await settings();
  for (const part of ['client', 'tracker'] as const) {
    const mode = await ownMode(found, part);
    assert.ok(mode.kind === 'closed' && mode.identity.directory === directory);
  }
  const { values, origins } = await withSwarmTrackers(found);
  assert.deepEqual(values.trackers, TRACKERS);
  assert.deepEqual(origins.trackers, { kind: 'file', path: swarmFilePath(directory) });
  assert.equal(values['log-level'], 'info');
});

test('trackers that are set are used instead of those of the swarm, and an open process knows none of it', async (t) => {
  const { settings } = await stage(t);
  const set = await withSwarmTrackers(await settings({}, { trackers: '192.0.2.1:1,192.0.2.2:1' }));
  assert.equal(set.values.trackers?.[0].host, '192.0.2.1');
  const open = await withSwarmTrackers(await settings({ MTORRENT_SWARM: 'open' }));
  assert.equal(open.values.trackers, undefined);
  assert.equal((await ownMode(open, 'client')).kind, 'open');
});

test('an identity that was unmounted: auto is open, closed and a named one refuse', async (t) => {
  const { directory, settings } = await stage(t);
  await rename(directory, `${directory}-away`);
  assert.equal((await ownMode(await settings(), 'client')).kind, 'open');
  for (const env of [
    { MTORRENT_SWARM: 'closed' },
    { MTORRENT_IDENTITY: directory },
    { MTORRENT_IDENTITY: directory, MTORRENT_SWARM: 'open' },
  ])
    await assert.rejects(
      settings(env).then((found) => ownMode(found, 'client')),
      { code: 'NOT_ADMITTED' },
    );
  // A mount point without its mount.
  await mkdir(directory);
  await assert.rejects(
    settings({ MTORRENT_IDENTITY: directory }).then((found) => ownMode(found, 'client')),
    {
      code: 'NOT_ADMITTED',
      message: /MTORRENT_IDENTITY names/,
    },
  );
});

test('what is there but not whole, not private or not readable is refused, never taken for open', async (t) => {
  const { directory, settings } = await stage(t);
  await chmod(join(directory, 'identity.key'), 0o644);
  await assert.rejects(ownMode(await settings(), 'client'), { code: 'PERMISSION_DENIED' });
  await chmod(join(directory, 'identity.key'), 0o600);
  await rm(swarmFilePath(directory));
  await assert.rejects(ownMode(await settings(), 'client'), { code: 'NOT_ADMITTED' });
  assert.equal((await withSwarmTrackers(await settings())).values.trackers, undefined);
  if (process.geteuid?.() === 0) return lacksPlace(t, 'root may enter and read everything');
  await chmod(directory, 0);
  await assert.rejects(ownMode(await settings(), 'client'), { code: 'PERMISSION_DENIED' });
  await chmod(directory, 0o700);
});

test('an identity that a process joined with by itself is found in the state directory', async (t) => {
  const { directory, settings } = await stage(t);
  const state = temporaryDirectory(t);
  await rename(directory, join(state, 'identity'));
  const mode = await ownMode(await settings({ MTORRENT_STATE_DIR: state }), 'client');
  assert.ok(mode.kind === 'closed' && mode.identity.directory === join(state, 'identity'));
});
