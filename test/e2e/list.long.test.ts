// `mtorrent list` with real trackers: what a share lists, what it keeps out, and what trackers answer that were told
// not to list or are of the first release; a pair of two releases loses nothing of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram, TrackerProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { type ListedFile, listFiles } from '../../src/tracking/tracker/listing.js';
import { eventually, getWhole, PIECE, quoted, refusedWith, share, stageSwarm } from '../support/e2e-stage.js';
import { firstProgram } from '../support/first-program.js';

async function tracker(
  swarm: Swarm,
  which: 0 | 1,
  program?: string,
  words: readonly string[] = [],
): Promise<TrackerProcess> {
  const [own, partner] = [swarm.trackers[which], swarm.trackers[which === 0 ? 1 : 0]];
  const options = { program };
  const name = `tracker-${which + 1}`;
  const running = swarm.adopt(new TrackerProcess(name, own, partner, swarm.directory, [...words], options));
  await running.started();
  return running;
}

/** What trackers list, once it has these names. */
function lists(trackers: Swarm['trackers'], ...names: readonly string[]): Promise<readonly ListedFile[]> {
  return eventually(
    () => listFiles(trackers, ''),
    (files) => files.map(({ name }) => name).join() === names.join(),
    `listed: ${names.join()}`,
  );
}

function list(swarm: Swarm, trackers: Swarm['trackers'], ...words: readonly string[]) {
  const pair = trackers.flatMap((address) => ['-t', formatAddress(address)]);
  return runProgram(['list', ...words, ...pair], swarm.directory);
}

test('what is shared is listed with the link that fetches it; what is shared unlisted or was fetched is not', async (t) => {
  const swarm = await stageSwarm(t);
  const [first, second] = swarm.trackers;
  await Promise.all([tracker(swarm, 0), tracker(swarm, 1)]);
  const none = await list(swarm, swarm.trackers);
  assert.deepEqual([none.code, none.stdout], [0, '']);
  assert.match(none.stderr, /the trackers list nothing/);
  const seeder = swarm.startClient('seeder');
  const leecher = swarm.startClient('leecher');
  await share(seeder, await swarm.makeFile('Model.bin', 2 * PIECE + 7), 'model.mtorrent');
  const secret = await swarm.makeFile('secret.bin', PIECE);
  await seeder.succeed(`share --unlisted ${quoted(secret)} ${quoted(swarm.path('secret.mtorrent'))}`);
  await getWhole(leecher, swarm.path('secret.mtorrent'), swarm.path('got-secret.bin'));
  await getWhole(leecher, swarm.path('model.mtorrent'), swarm.path('got.bin'));
  await lists([second, first], 'Model.bin');
  // Whichever of them answers from now on.
  await eventually(
    () => listFiles([second, first], 'model'),
    (files) => files[0]?.complete === 2,
    'both have every piece, says the second',
  );
  const [file] = await eventually(
    () => listFiles(swarm.trackers, 'model'),
    (files) => files[0]?.complete === 2,
    'both have every piece',
  );
  assert.ok(file !== undefined && file.files === 1 && file.size === 2 * PIECE + 7);
  const shown = await list(swarm, swarm.trackers, 'MODEL');
  assert.equal(shown.stdout.trimEnd(), `Model.bin  1.0 MiB  1 file  2 seeders (2 complete)  ${file.link}`);
  const { files } = JSON.parse((await list(swarm, swarm.trackers, '--json')).stdout);
  assert.deepEqual(files, [file]);
  const other = swarm.startClient('other');
  assert.match(await other.succeed('list mod'), /^1$/);
  await getWhole(other, file.link, swarm.path('by-link.bin'));
  // Its owner takes it back, and so does one that ends.
  await seeder.succeed(`share --unlisted ${quoted(swarm.path('Model.bin'))} ${quoted(swarm.path('again.mtorrent'))}`);
  await lists(swarm.trackers);
});

test('a tracker that was told not to list says so, and the other one is asked', async (t) => {
  const swarm = await stageSwarm(t);
  const [first, second] = swarm.trackers;
  const [off, on] = await Promise.all([tracker(swarm, 0, undefined, ['--no-list']), tracker(swarm, 1)]);
  const seeder = swarm.startClient('seeder');
  await share(seeder, await swarm.makeFile('a.bin', PIECE), 'a.mtorrent');
  await lists([first, second], 'a.bin');
  assert.equal(await on.end(), 0);
  refusedWith(await list(swarm, [first, second]), 6, 'NO_TRACKER', /was started with --no-list; .* does not answer/);
  assert.equal(await off.end(), 0);
});

test('a pair of which one tracker is of the first release lists what the other was told, also when that one is upgraded', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  const [first, second] = swarm.trackers;
  const [today, old] = await Promise.all([tracker(swarm, 0), tracker(swarm, 1, program)]);
  const seeder = swarm.startClient('seeder');
  await share(seeder, await swarm.makeFile('a.bin', PIECE), 'a.mtorrent');
  const [file] = await lists([second, first], 'a.bin');
  assert.ok(file?.link.startsWith('mtorrent:'));
  const told = await list(swarm, [second, { ...first, port: 1 }]);
  refusedWith(told, 6, 'NO_TRACKER', /runs an earlier release, which has no lists/);
  assert.equal(await old.end(), 0);
  await tracker(swarm, 1);
  // Its client talks to the other one: what it knows, its partner told it.
  await lists([second, { ...first, port: 1 }], 'a.bin');
  assert.equal(await today.end(), 0);
});
