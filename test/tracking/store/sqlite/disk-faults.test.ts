// The tracker on a disk that is full and on one whose fsync fails, with real ones where this machine lets a test have
// them: a small tmpfs of its own, and strace. What was acknowledged stays; what cannot be written is never
// acknowledged.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { keyBytes } from '../../../../src/foundation/torrent/ids.js';
import { listSeeders } from '../../../../src/tracking/store/sqlite/list.js';
import type { TrackerReply, TrackerRequest } from '../../../../src/tracking/tracker/messages.js';
import { lacksPlace } from '../../../support/needs.js';
import { canTrace } from '../../../support/strace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { run } from '../../tracker/running.js';
import { swarmOf } from '../../tracker/stage.js';
import { WireClient } from '../../tracker/wire.js';

const PARTNER = '127.0.0.1:1';
const DEADLINE = { timeout: 120_000 };

function share(number: number): TrackerRequest {
  const facts = { name: 'a.bin', size: 600_000, pieceCount: 2, have: 1 };
  return { kind: 'share', id: number, swarm: keyBytes(swarmOf(number)), ...facts, epoch: 1, sequence: number };
}

function verdict(reply: TrackerReply): string {
  return reply.kind === 'error' ? reply.code : reply.kind;
}

/** A file system of 8 MiB, or undefined where a test may not mount one. */
function smallDisk(t: TestContext): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-disk-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory]).status === 0;
  t.after(() => {
    if (isMounted) spawnSync('umount', ['-l', directory]);
    rmdirSync(directory);
  });
  return isMounted ? directory : undefined;
}

test(
  'F7: on a full disk registrations are refused, everything else works, and room is used again',
  DEADLINE,
  async (t) => {
    const disk = smallDisk(t);
    if (disk === undefined) {
      lacksPlace(t, 'this user may not mount a tmpfs');
      return;
    }
    const tracker = run(t, ['127.0.0.1:0', PARTNER, join(disk, 'list'), join(temporaryDirectory(t), 'log')]);
    const client = new WireClient(t, await tracker.listening());
    await client.hello(1);
    let asked = 0;
    const ask = async (request: TrackerRequest): Promise<string> => {
      client.send(request);
      asked += 1;
      return verdict(await client.reply(asked));
    };
    for (let number = 1; number <= 50; number += 1) assert.equal(await ask(share(number)), 'shared');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize));
    const refused = Array.from({ length: 200 }, (_, at) => share(1_000 + at));
    const verdicts: string[] = [];
    for (const request of refused) verdicts.push(await ask(request));
    assert.equal(verdicts.at(-1), 'diskFull');
    assert.equal(await ask({ kind: 'ping', id: 1 }), 'pong');
    assert.equal(await ask({ kind: 'seeders', id: 1, swarm: keyBytes(swarmOf(1)), want: 1 }), 'seederList');
    assert.equal(await ask({ kind: 'remove', id: 1, swarm: keyBytes(swarmOf(1)), epoch: 2, sequence: 1 }), 'removed');
    assert.equal(await ask(share(1_200)), 'diskFull');
    rmSync(join(disk, 'filler'));
    assert.equal(await ask(share(1_201)), 'shared');
    tracker.child.kill('SIGKILL');
    await tracker.ended();
    const { swarms } = JSON.parse(await listSeeders(join(disk, 'list'), { json: true }));
    const listed = swarms.map(({ swarm }: { swarm: string }) => Number.parseInt(swarm, 16));
    const kept = verdicts.flatMap((word, at) => (word === 'shared' ? [1_000 + at] : []));
    const expected = [...Array.from({ length: 49 }, (_, at) => at + 2), ...kept, 1_201];
    assert.deepEqual(
      listed.sort((a: number, b: number) => a - b),
      expected,
    );
  },
);

test('F6: a failed fsync is not acknowledged, not tried again, and ends the tracker loudly', DEADLINE, async (t) => {
  if (!canTrace(t)) return;
  const directory = temporaryDirectory(t);
  const list = join(directory, 'list');
  const inject = 'inject=fsync,fdatasync:error=EIO:when=20+';
  const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', inject];
  const tracker = run(t, ['127.0.0.1:0', PARTNER, list, join(directory, 'log')], strace);
  const client = new WireClient(t, await tracker.listening());
  await client.hello(1);
  let number = 0;
  while (!client.socket.closed && number < 100) {
    number += 1;
    client.send(share(number));
    await client.replyOrEnd(number);
  }
  assert.equal(await tracker.ended(), 1);
  assert.match(tracker.stderr, /^IO_ERROR: /);
  assert.match(readFileSync(join(directory, 'log'), 'utf8'), /could not be written/);
  const acknowledged = client.replies.filter(({ kind }) => kind === 'shared').length;
  assert.ok(acknowledged >= 1 && acknowledged < number);
  const { swarms } = JSON.parse(await listSeeders(list, { json: true }));
  assert.ok(swarms.length >= acknowledged);
});

test(
  'over its quota a tracker refuses registrations, serves everything else, and goes on below it',
  DEADLINE,
  async (t) => {
    if (!canTrace(t)) return;
    const directory = temporaryDirectory(t);
    // A quota is no error of its own to SQLite: some writes of the store fail with it, in the middle of commits, then
    // no longer.
    const inject = 'inject=pwrite64:error=EDQUOT:when=100..140';
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64', '-e', inject];
    const list = join(directory, 'list');
    const tracker = run(t, ['127.0.0.1:0', PARTNER, list, join(directory, 'log')], strace);
    const client = new WireClient(t, await tracker.listening());
    await client.hello(1);
    const verdicts: string[] = [];
    while (verdicts.length < 500 && !(verdicts.includes('diskFull') && verdicts.at(-1) === 'shared')) {
      client.send(share(verdicts.length + 1));
      verdicts.push(verdict(await client.reply(verdicts.length + 1)));
      if (verdicts.at(-1) !== 'diskFull') continue;
      client.send({ kind: 'ping', id: 1 });
      assert.equal(verdict(await client.reply(verdicts.length + 1)), 'pong');
      verdicts.push('pong');
    }
    assert.ok(verdicts.includes('diskFull'), 'the quota was met');
    assert.equal(verdicts.at(-1), 'shared', 'it goes on by itself');
    // A signal to strace would make an orphan; the log says who the tracker is.
    process.kill(JSON.parse(readFileSync(join(directory, 'log'), 'utf8').split('\n')[0] ?? '').pid, 'SIGTERM');
    await tracker.ended();
    const { swarms } = JSON.parse(await listSeeders(list, { json: true }));
    const listed = swarms.map(({ swarm }: { swarm: string }) => Number.parseInt(swarm, 16));
    const acknowledged = verdicts.flatMap((word, at) => (word === 'shared' ? [at + 1] : []));
    assert.deepEqual(
      listed.sort((a: number, b: number) => a - b),
      acknowledged,
    );
  },
);
