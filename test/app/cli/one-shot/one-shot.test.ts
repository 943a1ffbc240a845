// `create`, `info` and `verify` as a user or a script meets them: what is printed where, the exit code, and that
// failures leave nothing behind.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { runCreate } from '../../../../src/app/cli/metainfo/create.js';
import { runInfo } from '../../../../src/app/cli/metainfo/info.js';
import { runVerify } from '../../../../src/app/cli/metainfo/verify.js';
import { exitCodeOf } from '../../../../src/foundation/base/error-codes.js';
import { PIECE_SIZE } from '../../../../src/foundation/base/limits.js';
import type { CommandOutput } from '../../../../src/foundation/base/output.js';
import { addressFrom } from '../../../../src/foundation/torrent/address.js';
import { parseLink } from '../../../../src/foundation/torrent/link.js';
import { failsWith } from '../../../support/failures.js';
import { collidingPieces } from '../../../support/sha1-collision.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const trackerNames = ['192.0.2.1:7000', '192.0.2.2:7000'] as const;
const trackers = [addressFrom(trackerNames[0], 'an address'), addressFrom(trackerNames[1], 'an address')] as const;

class Recorder implements CommandOutput {
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly shown: string[] = [];
  readonly progress = (text: string): number => this.shown.push(text);
  stdout(line: string): void {
    this.out.push(line);
  }
  stderr(line: string): void {
    this.err.push(line);
  }
}

interface Stage {
  readonly directory: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly out: string;
}

function stage(t: TestContext, size = 3 * PIECE_SIZE + 5): Stage {
  const directory = temporaryDirectory(t);
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7) >>> 5);
  const file = join(directory, 'model v2.bin');
  writeFileSync(file, bytes);
  return { directory, file, bytes, out: join(directory, 'x.mtorrent') };
}

interface VerifyReport {
  readonly schema: number;
  readonly size: number;
  readonly goodCount: number;
  readonly bad: readonly (readonly [number, number])[];
  readonly sha256Matches: boolean | null;
  readonly passed: boolean;
}

async function verifyJson(mtorrentPath: string, filePath: string): Promise<[number, VerifyReport]> {
  const output = new Recorder();
  const code = await runVerify({ mtorrent: mtorrentPath, file: filePath, json: true }, output);
  return [code, JSON.parse(output.out.join('')) as VerifyReport];
}

test('create writes five lines and prints the path; the same again is the same', async (t) => {
  const { file, out, bytes } = stage(t);
  const output = new Recorder();
  assert.equal(await runCreate({ file, out, trackers }, output), 0);
  assert.deepEqual(output.out, [out]);
  assert.match(output.err.join(), /4 pieces, swarm [0-9a-f]{40}/);
  const text = readFileSync(out, 'utf8');
  const hex = [0, 1, 2, 3].map((index) =>
    createHash('sha1')
      .update(bytes.subarray(index * PIECE_SIZE, (index + 1) * PIECE_SIZE))
      .digest('hex'),
  );
  assert.equal(text, `${trackerNames.join('\n')}\nmodel v2.bin\n${bytes.length}\n${hex.join('')}\n`);
  assert.equal(await runCreate({ file, out, trackers }, new Recorder()), 0);
  assert.equal(readFileSync(out, 'utf8'), text);
});

test('create says nothing but the path when it is told to be quiet', async (t) => {
  const { file, out } = stage(t);
  const output = new Recorder();
  await runCreate({ file, out, trackers, quiet: true }, output);
  assert.deepEqual([output.out, output.err, output.shown], [[out], [], []]);
});

test('create refuses before it hashes, and leaves nothing behind', async (t) => {
  const { directory, file, out } = stage(t);
  const before = readdirSync(directory);
  const refuses = (args: Partial<Parameters<typeof runCreate>[0]>, code: string, ...says: string[]): Promise<void> =>
    assert.rejects(runCreate({ file, out, trackers, ...args }, new Recorder()), failsWith(code, ...says));
  await refuses({ file: join(directory, 'none') }, 'FILE_NOT_FOUND', 'none');
  await refuses({ file: '/dev/null' }, 'NOT_A_FILE');
  await refuses({ trackers: [trackers[0], trackers[0]] }, 'INVALID_ARGUMENTS', 'different');
  await refuses({ name: '../x' }, 'UNSAFE_NAME', '../x');
  await refuses({ name: 'con' }, 'UNSAFE_NAME', 'Windows');
  await refuses({ out: join(directory, 'none', 'x') }, 'FILE_NOT_FOUND', 'none');
  await refuses({ out: file }, 'ALREADY_EXISTS', file);
  assert.deepEqual(readdirSync(directory), before);
});

test('create replaces another file only with --force', async (t) => {
  const { file, out } = stage(t);
  writeFileSync(out, 'something else');
  await assert.rejects(runCreate({ file, out, trackers }, new Recorder()), failsWith('ALREADY_EXISTS', '--force'));
  assert.equal(await runCreate({ file, out, trackers, force: true, name: 'other.bin' }, new Recorder()), 0);
  assert.match(readFileSync(out, 'utf8'), /^other\.bin$/m);
});

test('create gives a name its normal form', async (t) => {
  const { directory, out } = stage(t);
  const file = join(directory, 'e\u0301.bin');
  writeFileSync(file, '');
  await runCreate({ file, out, trackers }, new Recorder());
  assert.equal(readFileSync(out, 'utf8').split('\n')[2], '\u00e9.bin');
});

test('a create that is cancelled writes nothing and clears its progress', async (t) => {
  const { directory, out } = stage(t);
  const file = join(directory, 'big');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 34);
  const stop = new AbortController();
  const output = new Recorder();
  const watch = (text: string): number => {
    stop.abort();
    return output.shown.push(text);
  };
  const args = { file, out, trackers, signal: stop.signal };
  await assert.rejects(
    runCreate(args, { stdout: (line) => output.stdout(line), stderr: () => undefined, progress: watch }),
    failsWith('CANCELLED'),
  );
  assert.match(output.shown[0] ?? '', /^hashing \d+% \(.* of 16\.0 GiB\)$/);
  assert.equal(output.shown.at(-1), '');
  assert.deepEqual(output.out, []);
  assert.equal(existsSync(out), false);
});

test('info tells what the file says, as text and as JSON with its schema', async (t) => {
  const { file, out, bytes } = stage(t);
  await runCreate({ file, out, trackers, sha256: true }, new Recorder());
  const text = new Recorder();
  assert.equal(await runInfo({ mtorrent: out }, text), 0);
  assert.match(text.out.join('\n'), /^name +model v2\.bin$/m);
  assert.match(text.out.join('\n'), /^zeros +5 bytes \(5 B\), neither fetched nor written$/m);
  assert.match(text.out.join('\n'), /^tracker 2 +192\.0\.2\.2:7000$/m);
  assert.match(text.out.join('\n'), /^link +mtorrent:[0-9a-f]{40}-/m);
  const json = new Recorder();
  assert.equal(await runInfo({ mtorrent: out, json: true }, json), 0);
  assert.equal(json.out.length, 1);
  const { swarm, link, ...rest } = JSON.parse(json.out[0] ?? '') as Record<string, unknown>;
  assert.match(String(swarm), /^[0-9a-f]{40}$/);
  const alone = new Recorder();
  assert.equal(await runInfo({ mtorrent: out, link: true }, alone), 0);
  assert.deepEqual(alone.out, [link]);
  assert.equal(parseLink(String(link)).swarm, swarm);
  assert.deepEqual(rest, {
    schema: 1,
    name: 'model v2.bin',
    size: bytes.length,
    pieceCount: 4,
    zeros: 5,
    trackers: [...trackerNames],
    sha256: createHash('sha256').update(bytes).digest('hex'),
    extra: {},
  });
  await assert.rejects(runInfo({ mtorrent: file }, new Recorder()), failsWith('INVALID_MTORRENT', file));
  await assert.rejects(runInfo({ mtorrent: `${out}x` }, new Recorder()), failsWith('MTORRENT_FILE_NOT_FOUND'));
});

test('verify passes the file itself and names the pieces that were damaged', async (t) => {
  const { file, out, bytes } = stage(t);
  await runCreate({ file, out, trackers }, new Recorder());
  const [code, whole] = await verifyJson(out, file);
  assert.equal(code, 0);
  assert.deepEqual([whole.schema, whole.goodCount, whole.bad, whole.passed], [1, 4, [], true]);

  const damaged = new Uint8Array(bytes);
  for (const at of [0, PIECE_SIZE, 3 * PIECE_SIZE + 4]) damaged[at] = (damaged[at] ?? 0) ^ 1;
  writeFileSync(file, damaged);
  const output = new Recorder();
  const failed = await runVerify({ mtorrent: out, file }, output);
  assert.equal(failed, exitCodeOf('VERIFICATION_FAILED'));
  assert.match(output.out.join('\n'), /1 of 4 pieces are good\nbad pieces: 0-1, 3/);
});

test('verify does not pass a file that is too long, too short, or of no size', async (t) => {
  const { file, out, bytes } = stage(t);
  await runCreate({ file, out, trackers }, new Recorder());
  for (const [size, goodCount] of [
    [bytes.length + 1, 4],
    [bytes.length - 1, 3],
    [0, 0],
  ] as const) {
    writeFileSync(file, bytes);
    truncateSync(file, size);
    const [code, json] = await verifyJson(out, file);
    assert.equal(code, exitCodeOf('VERIFICATION_FAILED'));
    assert.deepEqual([json.size, json.goodCount, json.passed], [size, goodCount, false]);
  }
  await assert.rejects(verifyJson(out, `${file}x`), failsWith('FILE_NOT_FOUND'));
  mkdirSync(`${file}d`);
  await assert.rejects(verifyJson(out, `${file}d`), failsWith('NOT_A_FILE'));
});

test('S12: two pieces of one SHA-1 pass for each other, unless there is a SHA-256', async (t) => {
  const { directory, out } = stage(t);
  const [honest, forged] = collidingPieces;
  const file = join(directory, 'file');
  for (const sha256 of [false, true]) {
    writeFileSync(file, honest);
    await runCreate({ file, out, trackers, sha256, force: true }, new Recorder());
    assert.equal((await verifyJson(out, file))[0], 0);
    writeFileSync(file, forged);
    const [code, json] = await verifyJson(out, file);
    assert.equal(code, sha256 ? exitCodeOf('VERIFICATION_FAILED') : 0);
    assert.deepEqual([json.goodCount, json.sha256Matches], [1, sha256 ? false : null]);
  }
});

test('an empty file can be described and verified', async (t) => {
  const { file, out } = stage(t, 0);
  await runCreate({ file, out, trackers, sha256: true }, new Recorder());
  assert.equal((await verifyJson(out, file))[0], 0);
});
