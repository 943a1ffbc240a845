// Two releases in one organisation: the first one, built from its commit, and this one, as clients, as trackers, in one
// swarm and in one pair, and the way back from this one to the first. What works within a release works between them.

import assert from 'node:assert/strict';
import { copyFile, readFile, rm } from 'node:fs/promises';
import test from 'node:test';
import { type ClientProcess, runProgram, TrackerProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import {
  completes,
  eventually,
  filesOf,
  getWhole,
  PIECE,
  quit,
  quoted,
  seederList,
  share,
  stageSwarm,
} from '../support/e2e-stage.js';
import { firstProgram } from '../support/first-program.js';
import { MANY, moveToPresent, restoreList } from '../support/first-release.js';
import { PairClient } from '../support/pair-client.js';

/** Tracker 0 or 1 by this program, or by this build when it is undefined. */
async function tracker(swarm: Swarm, which: 0 | 1, program?: string): Promise<TrackerProcess> {
  const [own, partner] = [swarm.trackers[which], swarm.trackers[which === 0 ? 1 : 0]];
  const options = { program };
  const running = swarm.adopt(new TrackerProcess(`tracker-${which + 1}`, own, partner, swarm.directory, [], options));
  await running.started();
  return running;
}

const client = (swarm: Swarm, name: string, program?: string, words: readonly string[] = []): ClientProcess =>
  swarm.startClient(name, 0, words, { program });

async function sharesAndGets(swarm: Swarm, program?: string): Promise<void> {
  const source = await swarm.makeFile('file.bin', 6 * PIECE + 7);
  const seeder = client(swarm, 'seeder', program);
  const mtorrent = await share(seeder, source, 'file.mtorrent');
  const leecher = client(swarm, 'leecher', program);
  const target = await getWhole(leecher, mtorrent, swarm.path('got.bin'));
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
  for (const which of [0, 1] as const)
    await eventually(
      () => seederList(swarm, which),
      (rows) => rows.length === 2 && rows.every((row) => row.endsWith(' 7')),
      `both are on the list of tracker ${which + 1} with every piece`,
    );
  await leecher.succeed(`remove ${quoted('file.mtorrent')}`);
  await quit(seeder);
  for (const which of [0, 1] as const)
    await eventually(
      () => seederList(swarm, which),
      (rows) => rows.length === 0,
      `who removed it, and who left, are off the list of tracker ${which + 1}`,
    );
}

test('clients of the first release share, get, remove and leave at trackers of this one', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  await Promise.all([tracker(swarm, 0), tracker(swarm, 1)]);
  await sharesAndGets(swarm, program);
});

test('clients of this release share, get, remove and leave at trackers of the first one', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  await Promise.all([tracker(swarm, 0, program), tracker(swarm, 1, program)]);
  await sharesAndGets(swarm);
});

test('in one swarm clients of both releases fetch from each other, and a pair of both trackers has one list', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  await Promise.all([tracker(swarm, 0, program), tracker(swarm, 1)]);
  const source = await swarm.makeFile('file.bin', 24 * PIECE + 7);
  // So slow that those who fetch at once give each other most of it.
  const seeder = client(swarm, 'seeder', program, ['--upload-limit', '4M']);
  const mtorrent = await share(seeder, source, 'file.mtorrent');
  const leechers = [client(swarm, 'first', program), client(swarm, 'this-1'), client(swarm, 'this-2')];
  const targets = await Promise.all(
    leechers.map((each) => each.succeed(`get ${quoted(mtorrent)} ${quoted(swarm.path(`${each.name}.bin`))}`)),
  );
  await Promise.all(leechers.map((each, at) => completes(each, targets[at] ?? '')));
  for (const target of targets) assert.equal(await sha256OfFile(target), await sha256OfFile(source));
  for (const each of leechers) {
    const [file] = await filesOf(each);
    // A piece may come twice: the endgame asks a second peer when the first is much slower. None may come wrong.
    const log = await readFile(swarm.path(`${each.name}.log`), 'utf8');
    assert.doesNotMatch(log, /wrong bytes/, `${each.name} got no wrong byte`);
    assert.equal((file?.received ?? 0) - (file?.wasted ?? 0), 24 * PIECE + 7, `${each.name} accounts for each byte`);
  }
  // Hash strings go to the partner, too, so the latest comer may ask either tracker.
  const lists = await eventually(
    async () => [(await seederList(swarm, 0)).toSorted(), (await seederList(swarm, 1)).toSorted()] as const,
    ([one, other]) => one.length === 4 && one.every((row) => row.endsWith(' 25')) && one.join() === other.join(),
    'both trackers list all four',
  );
  assert.equal(lists[0].length, 4);
  for (const asker of [program, undefined])
    for (const address of swarm.trackers) {
      const words = ['tracker-status', formatAddress(address)];
      const told = await eventually(
        () => runProgram(words, swarm.directory, { program: asker }),
        ({ stdout }) => /^partner .* {2}connected$/m.test(stdout) && /^ {2}lists equal$/m.test(stdout),
        `${formatAddress(address)} says that all is well`,
      );
      assert.equal(told.code, 0, told.stderr);
    }
  // Who gives whom how much of it is a matter of time; so each release now has the other as its only source.
  const [first, kept, other] = leechers;
  for (const each of [seeder, first, other]) if (each !== undefined) await quit(each);
  const laterFirst = client(swarm, 'later-first', program);
  const fromThis = await getWhole(laterFirst, mtorrent, swarm.path('later-first.bin'));
  if (kept !== undefined) await quit(kept);
  const fromFirst = await getWhole(client(swarm, 'later-this'), mtorrent, swarm.path('later-this.bin'));
  for (const target of [fromThis, fromFirst]) assert.equal(await sha256OfFile(target), await sha256OfFile(source));
});

test('the way back: a client of the first release goes on with the state that this one leaves', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  await Promise.all([tracker(swarm, 0, program), tracker(swarm, 1)]);
  const source = await swarm.makeFile('file.bin', 12 * PIECE);
  // So slow that the download is stopped in its midst, however long that takes.
  const seeder = client(swarm, 'seeder', undefined, ['--upload-limit', '200k']);
  const mtorrent = await share(seeder, source, 'file.mtorrent');
  const before = client(swarm, 'leecher');
  const target = await before.succeed(`get ${quoted(mtorrent)} ${quoted(swarm.path('got.bin'))}`);
  const { have } = await eventually(
    async () => (await filesOf(before))[0] ?? { have: 0 },
    (file) => file.have >= 3,
    'some pieces are there',
  );
  await quit(before);
  await quit(seeder);
  client(swarm, 'seeder', program);
  const after = client(swarm, 'leecher', program);
  await completes(after, target);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
  const [file] = await filesOf(after);
  assert.ok((file?.received ?? Number.POSITIVE_INFINITY) <= (12 - have) * PIECE, 'it went on from where it was');
});

test('the way back: a tracker of the first release that gets a new list has everything from its partner of this one', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  const [first] = await Promise.all([tracker(swarm, 0), tracker(swarm, 1)]);
  const key = 'd'.repeat(40) as SwarmKey;
  const gone = 'e'.repeat(40) as SwarmKey;
  const one = await PairClient.connect(t, swarm.trackers[0], 1);
  const two = await PairClient.connect(t, swarm.trackers[1], 2);
  await one.share(key);
  await two.share(key);
  await two.share(gone);
  await two.remove(gone);
  // No answer waits for the partner, so what tracker 1 took may be on its list alone until its partner asks for it.
  await eventually(
    () => two.listed(key),
    (others) => others.join() === '1',
    'the partner has what this one was told',
  );
  assert.equal(await first.end(), 0);
  for (const end of ['', '-wal', '-shm', '-ballast']) await rm(swarm.path(`tracker-1.db${end}`), { force: true });
  await tracker(swarm, 0, program);
  const guest = await PairClient.connect(t, swarm.trackers[0], 0);
  // The first release answers without its partner, too, when that takes longer than two seconds to be there.
  await eventually(
    () => guest.listed(key),
    (ports) => ports.join() === '1,2',
    'it has everything',
  );
  assert.deepEqual(await guest.listed(gone), []);
});

test('the way back: the list that was kept before its format changed is served by the first release, and the partner tells it the rest', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  const list = swarm.path('tracker-1.db');
  restoreList(list);
  moveToPresent(list);
  const [upgraded] = await Promise.all([tracker(swarm, 0), tracker(swarm, 1)]);
  const later = 'd'.repeat(40) as SwarmKey;
  await (await PairClient.connect(t, swarm.trackers[0], 7)).share(later);
  const other = await PairClient.connect(t, swarm.trackers[1], 0);
  await eventually(
    () => other.listed(later),
    (ports) => ports.join() === '7',
    'the partner has what came after the upgrade',
  );
  assert.equal(await upgraded.end(), 0);
  const own = swarm.trackers.map(formatAddress);
  const words = ['tracker', own[0] ?? '', own[1] ?? '', 'tracker-1.db', 'tracker-1.log'];
  const refused = await runProgram(words, swarm.directory, { program });
  assert.match(refused.stderr, /was written by a newer mini-torrent/, 'the new format is refused, not misread');
  for (const end of ['', '-wal', '-shm', '-ballast']) await rm(`${list}${end}`, { force: true });
  await copyFile(`${list}.format-2`, list);
  await tracker(swarm, 0, program);
  const guest = await PairClient.connect(t, swarm.trackers[0], 0);
  assert.deepEqual(await guest.listed(MANY), [1]);
  await eventually(
    () => guest.listed(later),
    (ports) => ports.join() === '7',
    'what came after the upgrade is there again',
  );
});
