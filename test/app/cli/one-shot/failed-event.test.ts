// Where the last event of a command goes that failed before its run began.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { tellFailure } from '../../../../src/app/cli/one-shot/failed-event.js';
import { MiniTorrentError } from '../../../../src/foundation/base/errors.js';

/** The streams that got an event. */
async function toldTo(t: TestContext, ...words: readonly string[]): Promise<readonly string[]> {
  const streams: string[] = [];
  const mocks = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    const take = (text: string | Uint8Array): boolean => {
      if (!String(text).startsWith('{"schema"')) return write(text);
      streams.push(name);
      return true;
    };
    return t.mock.method(stream, 'write', take);
  });
  await tellFailure(new MiniTorrentError('INVALID_ARGUMENTS', 'the line is wrong'), words);
  for (const { mock } of mocks) mock.restore();
  return streams;
}

test('a wrong line has its event on standard error where standard output is for the bytes of the file', async (t) => {
  for (const words of [
    ['get', 'a.mtorrent', '-', '--json'],
    ['get', '--json', '--only', 'x', 'a.mtorrent', '-'],
    ['get', '-', '-', '-j'],
    ['get', '--timeout', 'soon', 'a.mtorrent', '-', '--json'],
  ])
    assert.deepEqual(await toldTo(t, ...words), ['stderr'], words.join(' '));
  for (const words of [
    ['get', 'a.mtorrent', '--json'],
    ['get', '-', '--json'],
    ['get', '-', 'to/', '-qj'],
    ['share', 'a.bin', '--json'],
  ])
    assert.deepEqual(await toldTo(t, ...words), ['stdout'], words.join(' '));
  for (const words of [
    ['get', 'a.mtorrent', '-'],
    ['get', '--', '--json'],
    ['show', 'shares', '--json'],
  ])
    assert.deepEqual(await toldTo(t, ...words), [], words.join(' '));
});
