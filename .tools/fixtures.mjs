// `node .tools/fixtures.mjs CHECKOUT FOLDER COMMIT`: what a release leaves on the disk, for the tests of every later
// one. CHECKOUT is that release, built (`git worktree add CHECKOUT COMMIT`, there `npm ci --ignore-scripts && npm run
// build`); its own program writes everything. FOLDER is new, such as test/fixtures/release-0.1; COMMIT is noted in its
// `made.json`.
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [checkout, folder] = process.argv.slice(2, 4).map((path) => resolve(path));
const commit = process.argv[4];
if (commit === undefined) throw new Error('name the checkout of the release, a new folder and the commit');
const from = (path) => import(pathToFileURL(join(checkout, 'dist', path)).href);
const { Swarm } = await from('src/app/demo/swarm.js');
const { readMetainfo } = await from('src/transfer/storage/metainfo-file.js');
const { SeederStore } = await from('src/tracking/store/sqlite/store.js');
const { keyBytes } = await from('src/foundation/torrent/ids.js');
const { create, eventually, filesOf, quit, quoted, share } = await from('test/support/e2e-stage.js');
const { PairClient } = await from('test/support/pair-client.js');
const { run } = await from('test/tracking/tracker/running.js');
const { freePort } = await from('src/app/demo/processes.js');

const PIECE = 512 * 1024;
const PART_BYTES = 32 * 1024;
const LEASE_MS = 2_000;

/** In place of a test's context. */
const ends = [];
const stage = { after: (end) => ends.push(end) };

/** Each piece is one byte, told by its number: the same in `test/support/first-release.ts`. */
function makeFile(path, size, first) {
  const bytes = Buffer.alloc(size);
  for (let piece = 0; piece * PIECE < size; piece += 1)
    bytes.fill(first + piece, piece * PIECE, Math.min(size, (piece + 1) * PIECE));
  writeFileSync(path, bytes);
  return path;
}

function keep(path, name, isLarge = false) {
  const target = join(folder, isLarge ? `${name}.gz` : name);
  mkdirSync(dirname(target), { recursive: true });
  if (isLarge) writeFileSync(target, gzipSync(readFileSync(path), { level: 9 }));
  else copyFileSync(path, target);
}

/** To the nanosecond, as `touch -d` takes it. */
const timeOf = (path) => {
  const { mtimeNs } = statSync(path, { bigint: true });
  return `@${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`;
};

async function makeState(swarm) {
  await swarm.startTrackers();
  const seeder = swarm.startClient('seeder', 0, ['--upload-limit', '400K']);
  const source = makeFile(swarm.path('wanted.bin'), 9 * PIECE + 1_000, 65);
  const wanted = await share(seeder, source, 'wanted.mtorrent');
  const client = swarm.startClient('client');
  makeFile(swarm.path('shared.bin'), 2 * PIECE + 12_345, 97);
  await share(client, swarm.path('shared.bin'), 'shared.mtorrent');
  mkdirSync(swarm.path('got'));
  await client.succeed(`get ${quoted(wanted)} ${quoted(swarm.path('got'))}`);
  const wantedOf = async () => (await filesOf(client)).find(({ name }) => name === 'wanted.bin');
  await eventually(wantedOf, ({ have }) => have >= 3, 'three pieces are there');
  // It stops with more; how many, its resume data says.
  await quit(client);
  await quit(seeder);
  await create(swarm, swarm.path('shared.bin'), 'shared-sha256.mtorrent', ['--sha256']);
  for (const name of ['shared.mtorrent', 'shared-sha256.mtorrent', 'wanted.mtorrent']) keep(swarm.path(name), name);
  keep(swarm.path('shared.bin'), 'shared.bin', true);
  const parts = await readdir(swarm.path('got'));
  if (parts.length !== 1) throw new Error(`one unfinished file, not ${parts}`);
  keep(swarm.path(`got/${parts[0]}`), `got/${parts[0]}`, true);
  const state = swarm.path('client.state');
  for (const entry of await readdir(state, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && entry.name !== 'pid') {
      const path = join(entry.parentPath, entry.name);
      keep(path, join('state', relative(state, path)));
    }
  return {
    times: {
      'shared.bin': timeOf(swarm.path('shared.bin')),
      [`got/${parts[0]}`]: timeOf(swarm.path(`got/${parts[0]}`)),
    },
  };
}

async function makeList(swarm) {
  const path = swarm.path('list');
  const words = ['127.0.0.1:0', `127.0.0.1:${await freePort()}`, path, swarm.path('list.log')];
  const tracker = run(stage, [...words, JSON.stringify({ leaseMs: LEASE_MS, renewMs: LEASE_MS / 4 })]);
  const address = await tracker.listening();
  const clients = {};
  for (const [name, number] of [
    ['stays', 1],
    ['lapses', 2],
    ['leaves', 3],
    ['guest', 0],
  ])
    clients[name] = await PairClient.connect(stage, address, number);
  const renewing = setInterval(() => clients.stays.ask({ kind: 'ping' }, 'pong'), LEASE_MS / 8);
  const { digests, swarm: key, name, geometry } = await readMetainfo(swarm.path('shared.mtorrent'));
  const large = swarm.path('large.bin');
  writeFileSync(large, '');
  truncateSync(large, 2_000 * PIECE);
  const unfinished = await readMetainfo(await create(swarm, large, 'large.mtorrent'));
  const other = 'b'.repeat(40);
  const removed = 'c'.repeat(40);
  let sequence = 100;
  const version = () => {
    sequence += 1;
    return { epoch: 1, sequence };
  };
  const shareOf = (metainfo) => ({
    kind: 'share',
    swarm: keyBytes(metainfo.swarm),
    name: metainfo.name,
    size: metainfo.geometry.size,
    pieceCount: metainfo.geometry.pieceCount,
    have: metainfo.geometry.pieceCount,
    ...version(),
  });
  await clients.stays.ask(shareOf({ swarm: key, name, geometry }), 'shared');
  await clients.stays.ask({ kind: 'pieces', swarm: keyBytes(key), offset: 0, part: digests }, 'stored');
  await clients.stays.ask(shareOf(unfinished), 'shared');
  const half = unfinished.digests.subarray(0, PART_BYTES);
  await clients.stays.ask({ kind: 'pieces', swarm: keyBytes(unfinished.swarm), offset: 0, part: half }, 'stored');
  for (const name of ['stays', 'lapses', 'leaves']) await clients[name].share(other);
  await clients.stays.ask(
    { ...shareOf({ swarm: removed, name: 'removed.bin', geometry }), swarm: keyBytes(removed) },
    'shared',
  );
  await clients.stays.ask({ kind: 'remove', swarm: keyBytes(removed), ...version() }, 'removed');
  await clients.leaves.ask({ kind: 'leave', epoch: 1, sequence: 200 }, 'left');
  clients.lapses.close();
  await eventually(
    () => clients.guest.listed(other),
    (ports) => ports.join() === '1',
    'who fell silent lapsed',
  );
  // The last word: it is in the log of the file only.
  await clients.stays.ask({ kind: 'announce', swarm: keyBytes(other), have: 2, ...version() }, 'announced');
  clearInterval(renewing);
  tracker.child.kill('SIGKILL');
  await tracker.ended();
  for (const end of ['', '-wal']) keep(`${path}${end}`, `list${end}`, true);
  return rowsOf(path);
}

/** What the release itself finds in it. */
function rowsOf(path) {
  const store = SeederStore.open(path);
  const rows = (name) => [...store.batches(name, 1_000)].flat();
  const entries = [...rows('loadGraves'), ...[...store.liveBatches(1_000, 0)].flat()].map((row) => row.slice(0, 8));
  const found = { swarms: rows('loadSwarms'), entries, leaves: rows('loadLeaves').map((row) => row.slice(0, 3)) };
  store.close();
  return found;
}

const swarm = await Swarm.create(tmpdir());
mkdirSync(folder);
try {
  const state = await makeState(swarm);
  const madeAtMs = Date.now();
  const list = await makeList(swarm);
  const made = { commit, root: swarm.directory, trackers: swarm.trackers, madeAtMs, ...state, list };
  writeFileSync(join(folder, 'made.json'), `${JSON.stringify(made, undefined, 2)}\n`);
} finally {
  for (const end of ends.reverse()) end();
  await swarm.end();
}
