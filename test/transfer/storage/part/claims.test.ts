// One writer a `.part`: a claim is held by one client at a time, names it to others, and outlives nobody.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { thisProcess } from '../../../../src/foundation/base/holder.js';
import { silentLog } from '../../../../src/foundation/base/log.js';
import {
  type Claim,
  claimedBy,
  formatClaim,
  parseClaim,
  standingOf,
} from '../../../../src/transfer/storage/part/claim.js';
import { PartClaims } from '../../../../src/transfer/storage/part/claims.js';
import { claimPathOf } from '../../../../src/transfer/storage/target.js';
import { failsWith } from '../../../support/failures.js';
import { smallDisk, unmountAfter } from '../../../support/small-disk.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const SELF = thisProcess();
const CLAIM: Claim = { ...SELF, run: 'aa', started: '7', socket: '', beat: 0 };

function claimsOf(t: TestContext, socket = ''): PartClaims {
  const claims = new PartClaims({ socket, log: silentLog });
  t.after(() => claims.close());
  return claims;
}

test('a claim is read as it was written; anything else is none', () => {
  assert.deepEqual(parseClaim(formatClaim(CLAIM)), CLAIM);
  const broken = [
    '',
    '{}',
    'null',
    formatClaim(CLAIM).slice(0, 40),
    formatClaim({ ...CLAIM, pid: -1 }),
    formatClaim({ ...CLAIM, host: 'a\u001b[2J' }),
    formatClaim(CLAIM).replace('"version":1', '"version":2'),
  ];
  for (const text of broken) assert.equal(parseClaim(text), undefined, text);
});

test('a writer of this kernel is looked up by its process and its start; of any other one nothing is known', () => {
  const judge = (claim: Claim | undefined, start?: string) => standingOf(claim, SELF, () => start);
  assert.equal(judge(CLAIM, '7'), 'alive');
  assert.equal(judge(CLAIM, '8'), 'dead', 'another process has that pid now');
  assert.equal(judge(CLAIM, ''), 'alive');
  assert.equal(judge(CLAIM), 'dead');
  assert.equal(judge({ ...CLAIM, boot: 'other' }, '7'), 'unknown');
  assert.equal(judge({ ...CLAIM, pidNamespace: 'other' }, '7'), 'unknown');
  assert.equal(judge(undefined), 'unknown');
});

test('whoever is refused is told who writes, and how to go on', () => {
  const process7 = { ...CLAIM, pid: 7 };
  assert.match(
    claimedBy('/a.part', process7, SELF),
    /^\/a\.part is being written by process 7; wait for it or stop it/,
  );
  assert.match(
    claimedBy('/a.part', { ...process7, socket: '/run/my dir/s' }, SELF),
    /client in the background \(process 7\); to watch it: mtorrent attach --socket '\/run\/my dir\/s'; .*: mtorrent stop --socket/,
  );
  assert.match(claimedBy('/a.part', { ...process7, boot: 'x', host: 'far' }, SELF), /by process 7 on host far;/);
});

test('FC-06: one client holds the claim on a part; it can be taken again when that one has released it', async (t) => {
  const target = join(temporaryDirectory(t), 'a');
  const [one, two] = [claimsOf(t, '/run/one.sock'), claimsOf(t)];
  await one.take(target);
  await one.take(target);
  await one.refuseIfTaken(target);
  await assert.rejects(two.take(target), failsWith('ALREADY_RUNNING', '/run/one.sock'));
  await assert.rejects(two.refuseIfTaken(target), failsWith('ALREADY_RUNNING', 'a.part'));
  await one.release(target);
  assert.equal(existsSync(claimPathOf(target)), false);
  await two.take(target);
  assert.equal(parseClaim(readFileSync(claimPathOf(target), 'utf8'))?.pid, process.pid);
});

test('a claim of a process that has ended is taken over at once; none is left behind by close', async (t) => {
  const directory = temporaryDirectory(t);
  const target = join(directory, 'a');
  const { pid } = spawnSync('true');
  writeFileSync(claimPathOf(target), formatClaim({ ...CLAIM, pid }));
  const claims = claimsOf(t);
  await claims.refuseIfTaken(target);
  assert.deepEqual(readdirSync(directory), []);
  writeFileSync(claimPathOf(target), formatClaim({ ...CLAIM, pid }));
  await claims.take(target);
  await claims.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a claim that a full disk has no room for leaves nothing behind, so that the next client need not wait', async (t) => {
  const claims = claimsOf(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 1);
  if (disk === undefined) return;
  const filler = join(disk, 'filler');
  const noRoom = { code: 'ENOSPC' };
  assert.throws(() => appendFileSync(filler, new Uint8Array(1024 * 1024 + 1)), noRoom);
  await claims.take(join(disk, 'a'));
  assert.deepEqual(readdirSync(disk), ['filler']);
});

test('FC-02: a claim of another machine is refused when it is written again; its watching ends with the client', async (t) => {
  const target = join(temporaryDirectory(t), 'a');
  const far: Claim = { ...CLAIM, boot: 'far', host: 'far' };
  writeFileSync(claimPathOf(target), formatClaim(far));
  const [one, two] = [claimsOf(t), claimsOf(t)];
  const watching = assert.rejects(two.take(target), failsWith('CANCELLED'));
  await two.close();
  await watching;
  const refused = assert.rejects(one.take(target), failsWith('ALREADY_RUNNING', 'on host far'));
  const beats = setInterval(() => {
    writeFileSync(claimPathOf(target), formatClaim({ ...far, beat: performance.now() | 0 }));
  }, 100);
  await refused.finally(() => clearInterval(beats));
});

test('a claim that its disk did not let be removed is no other client to the one that left it, and is to others', async (t) => {
  for (const [why, away] of Object.entries({
    'the disk was away': (path: string) => {
      renameSync(path, `${path}.away`);
      return () => renameSync(`${path}.away`, path);
    },
    'nothing could be removed there': (path: string) => {
      const text = readFileSync(path);
      // What is no empty directory cannot be removed as a file, whoever tries.
      rmSync(path);
      mkdirSync(path);
      return () => {
        rmSync(path, { recursive: true });
        writeFileSync(path, text);
      };
    },
  })) {
    const target = join(temporaryDirectory(t), 'a');
    const [one, two] = [claimsOf(t, '/run/one.sock'), claimsOf(t)];
    await one.take(target);
    const back = away(claimPathOf(target));
    await one.release(target);
    back();
    await assert.rejects(two.refuseIfTaken(target), failsWith('ALREADY_RUNNING', '/run/one.sock'), why);
    await one.refuseIfTaken(target);
    await one.take(target);
    await assert.rejects(two.take(target), failsWith('ALREADY_RUNNING', '/run/one.sock'), why);
    await one.release(target);
    await two.take(target);
  }
});
