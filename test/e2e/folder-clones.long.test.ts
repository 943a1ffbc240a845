// A new version on a disk that can clone, with real processes: what did not change is not written a second time, a
// client that is killed at any moment leaves nothing that is believed, and what comes out is the new version.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { ProgramProcess } from '../../src/app/demo/processes.js';
import { randomFile, type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import type { SwarmClient } from '../../src/app/library/mini-torrent.js';
import { CommandRun, type EventLine, makeUser, type User } from '../support/command-run.js';
import {
  eventually,
  listedEventually,
  namesIn,
  PIECE,
  stageSwarm,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { CLONING_DISKS, type ForeignDisk, foreignDisk } from '../support/foreign-disk.js';
import { lacksPlace } from '../support/needs.js';
import { canTrace } from '../support/strace.js';
import { moments, strace } from '../support/traced-machine.js';
import { changePieces, eventOf, fetchedIn } from '../support/versions.js';

/** What a file system and a download write beside the bytes of files. */
const BESIDE_BYTES = 4 * 2 ** 20;

interface Stage {
  readonly swarm: Swarm;
  readonly server: SwarmClient;
  readonly user: User;
  /** On the disk that can clone. */
  readonly at: string;
  readonly usedBytes: () => number;
  readonly get: (mtorrent: string, ...words: readonly string[]) => CommandRun;
}

async function stageDisk(t: TestContext, disk: ForeignDisk): Promise<Stage | undefined> {
  const swarm = await stageSwarm(t);
  const mounted = foreignDisk(t, disk);
  if ('lacks' in mounted) {
    lacksPlace(t, mounted.lacks);
    return undefined;
  }
  const { at } = mounted;
  await startTrackerHere(swarm);
  const server = await startClientHere(swarm, 'server');
  const user = await makeUser(swarm.directory, 'bob');
  return {
    swarm,
    server,
    user,
    at,
    usedBytes() {
      execFileSync('sync', ['-f', at]);
      const { blocks, bfree, bsize } = statfsSync(at);
      return (blocks - bfree) * bsize;
    },
    get: (mtorrent, ...words) => new CommandRun(t, user, ['get', mtorrent, `${at}/`, '--json', ...words]),
  };
}

async function shared({ swarm, server }: Stage, source: string, name: string): Promise<string> {
  const mtorrent = await server.share(source, swarm.path(`${name}.mtorrent`));
  await listedEventually(swarm, 0, (rows) => rows.length > 0, 'the share is listed');
  return mtorrent;
}

const CHANGED = [3, 17, 40, 41, 42, 60, 77, 80, 91, 99];

for (const disk of CLONING_DISKS) {
  test(`a version on ${disk.name} writes what changed, and is right`, async (t) => {
    const stage = await stageDisk(t, disk);
    if (stage === undefined) return;
    const { swarm, at, usedBytes, get } = stage;
    const old = await randomFile(join(at, 'v1.bin'), 100 * PIECE + 777);
    const fresh = swarm.path('v2.bin');
    copyFileSync(old, fresh);
    await changePieces(fresh, CHANGED);
    const mtorrent = await shared(stage, fresh, 'v2');
    const before = usedBytes();
    const getting = get(mtorrent, '--reuse', old);
    assert.equal((await getting.outcome()).code, 0, getting.stderr);
    const written = usedBytes() - before;
    const got = join(at, 'v2.bin');
    assert.equal(await sha256OfFile(got), await sha256OfFile(fresh));
    t.diagnostic(`${written} bytes were taken, ${CHANGED.length * PIECE} had changed, of ${statSync(fresh).size}`);
    assert.ok(written <= CHANGED.length * PIECE + BESIDE_BYTES, `${written} bytes were taken`);
    assert.equal(statSync(got).mode, statSync(fresh).mode);
    const events = getting.events();
    assert.equal(fetchedIn(events), CHANGED.length * PIECE);
    assert.deepEqual(eventOf(events, 'reused')['sources'], [{ name: old, bytes: 90 * PIECE + 777 }]);
    // What one of both becomes is nothing to the other.
    await changePieces(old, [5]);
    assert.equal(await sha256OfFile(got), await sha256OfFile(fresh));
  });

  test(`the large files of a folder on ${disk.name} are cloned, with zeros where they belong, and the small ones copied`, async (t) => {
    const stage = await stageDisk(t, disk);
    if (stage === undefined) return;
    const { swarm, at, usedBytes, get } = stage;
    const [old, fresh] = [join(at, 'old'), swarm.path('tree')];
    for (const directory of [old, fresh]) mkdirSync(join(directory, 'deep'), { recursive: true });
    for (const [name, size] of [
      ['deep/a.bin', 30 * PIECE + 5],
      ['tool', 20 * PIECE],
      ['cut', 25 * PIECE],
      ['grown', 16 * PIECE + 100],
    ] as const) {
      await randomFile(join(old, name), size);
      copyFileSync(join(old, name), join(fresh, name));
    }
    for (const directory of [old, fresh])
      for (let at = 0; at < 200; at += 1) writeFileSync(join(directory, `deep/${at}.txt`), `${at};`.repeat(300));
    for (const directory of [old, fresh]) chmodSync(join(directory, 'tool'), 0o755);
    await changePieces(join(fresh, 'deep/a.bin'), [1, 2]);
    const handles = await Promise.all(['tool', 'cut', 'grown'].map((name) => open(join(fresh, name), 'r+')));
    // Zeros where the old file has other bytes, in the middle and behind its end.
    await handles[0]?.write(Buffer.alloc(2 * PIECE), 0, 2 * PIECE, 4 * PIECE);
    await handles[1]?.truncate(22 * PIECE + 9);
    await handles[2]?.truncate(24 * PIECE);
    for (const handle of handles) await handle.close();
    const mtorrent = await shared(stage, fresh, 'tree');
    const before = usedBytes();
    const getting = get(mtorrent, '--reuse', old);
    assert.equal((await getting.outcome()).code, 0, getting.stderr);
    const written = usedBytes() - before;
    execFileSync('diff', ['-r', fresh, join(at, 'tree')]);
    assert.equal(statSync(join(at, 'tree/tool')).mode & 0o111, 0o111);
    const changed = (2 + 2 + 1 + 1) * PIECE;
    t.diagnostic(`${written} bytes were taken, ${changed} had changed`);
    assert.ok(written <= changed + BESIDE_BYTES, `${written} bytes were taken`);
    assert.ok(fetchedIn(getting.events()) <= 5 * PIECE);
  });

  test(`a client that is killed while its download lies in a clone on ${disk.name} goes on, and believes nothing that it has not verified`, async (t) => {
    const stage = await stageDisk(t, disk);
    if (stage === undefined) return;
    const { swarm, server, at, usedBytes, get } = stage;
    const old = await randomFile(join(at, 'v1.bin'), 100 * PIECE + 777);
    const fresh = swarm.path('v2.bin');
    copyFileSync(old, fresh);
    await changePieces(fresh, CHANGED);
    const handle = await open(fresh, 'r+');
    await handle.write(Buffer.alloc(3 * PIECE), 0, 3 * PIECE, 50 * PIECE);
    await handle.close();
    const mtorrent = await shared(stage, fresh, 'v2');
    await server.limit('up', PIECE);
    const before = usedBytes();
    const part = join(at, 'v2.bin.part');
    const takes = (bytes: number) => () =>
      eventually(
        () => statSync(part, { throwIfNoEntry: false })?.blocks ?? 0,
        (blocks) => blocks * 512 >= bytes,
        'the part takes room',
      );
    for (const isThere of [takes(1), takes(90 * PIECE)]) {
      const getting = get(mtorrent, '--reuse', old);
      await isThere();
      getting.kill('SIGKILL');
      await getting.exited;
    }
    const slow = get(mtorrent, '--reuse', old);
    const received = ({ event, received }: EventLine): boolean => event === 'progress' && Number(received) > 0;
    await eventually(() => slow.events().some(received), Boolean, 'something was fetched');
    slow.kill('SIGKILL');
    await slow.exited;
    await server.limit('up', 0);
    const last = get(mtorrent, '--reuse', old);
    assert.equal((await last.outcome()).code, 0, last.stderr);
    const written = usedBytes() - before;
    assert.equal(await sha256OfFile(join(at, 'v2.bin')), await sha256OfFile(fresh));
    assert.deepEqual(await namesIn(at), ['v1.bin', 'v2.bin']);
    const changed = (CHANGED.length + 3) * PIECE;
    t.diagnostic(`${written} bytes were taken, ${changed} had changed, of ${statSync(fresh).size}`);
    assert.ok(written <= changed + BESIDE_BYTES, `${written} bytes were taken`);
  });

  test(`a client that is killed at any call about a clone on ${disk.name} leaves nothing that is believed`, async (t) => {
    const stage = canTrace(t) ? await stageDisk(t, disk) : undefined;
    if (stage === undefined) return;
    const { swarm, user, at, get } = stage;
    // Longer than its next version, so that a clone is too long for a moment.
    mkdirSync(join(at, 'old'));
    const old = await randomFile(join(at, 'old/large'), 26 * PIECE + 77);
    chmodSync(old, 0o600);
    const fresh = swarm.path('fresh');
    mkdirSync(join(fresh, 'deep'), { recursive: true });
    const large = join(fresh, 'deep/large');
    copyFileSync(old, large);
    chmodSync(large, 0o755);
    await changePieces(large, [3]);
    const handle = await open(large, 'r+');
    await handle.truncate(22 * PIECE + 9);
    await handle.write(Buffer.alloc(2 * PIECE), 0, 2 * PIECE, 5 * PIECE);
    await handle.close();
    // Of other pieces than its one file, or both were one swarm.
    writeFileSync(join(fresh, 'note'), 'a folder');
    const calls = ['ioctl', 'ftruncate', 'fchmod'];
    for (const source of [large, fresh]) {
      const mtorrent = await shared(stage, source, basename(source));
      const words = ['get', mtorrent, `${at}/`, '--reuse', old];
      const under = async (...more: readonly string[]): Promise<number> => {
        const launcher = strace(calls, ...more);
        const traced = new ProgramProcess('get', words, user.directory, { env: user.env, launcher });
        t.after(() => traced.end());
        traced.endInput();
        return await traced.exited;
      };
      const [trace, got] = [swarm.path('trace'), join(at, basename(source))];
      assert.equal(await under('-o', trace), 0);
      const text = readFileSync(trace, 'utf8');
      for (const call of calls) assert.match(text, new RegExp(` ${call}\\(`), 'there is a clone');
      for (const { when, inject } of moments(text)) {
        rmSync(got, { recursive: true });
        await under(...inject);
        const last = get(mtorrent, '--reuse', old);
        assert.equal((await last.outcome()).code, 0, `${when}: ${last.stderr}`);
        execFileSync('diff', ['-r', source, got]);
        // Of its source's permissions at most what is narrower may stay.
        const { mode } = statSync(source === large ? got : join(got, 'deep/large'));
        assert.equal(mode & (source === large ? 0o7133 : 0o7022), 0, when);
        assert.equal(mode & 0o700, source === large ? 0o600 : 0o700, when);
      }
    }
  });
}
