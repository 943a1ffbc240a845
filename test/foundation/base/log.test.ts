// What a log writes, at the level that was wished last.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openLog } from '../../../src/foundation/base/log.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

test('another level holds at once, also for logs that were made before', (t) => {
  const path = join(temporaryDirectory(t), 'log');
  const file = openLog({ path, level: 'warn' }, 'tester');
  const actor = file.log.of('actor');
  const speak = (turn: number): void => {
    for (const log of [file.log, actor])
      for (const level of ['debug', 'info', 'warn'] as const) log[level]({}, `${turn}`);
  };
  speak(1);
  file.setLevel('debug');
  speak(2);
  file.setLevel('error');
  speak(3);
  file.close();
  const records = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; actor?: string; msg: string });
  assert.deepEqual(
    records.map(({ level, actor: who, msg }) => `${msg} ${level} ${who ?? 'all'}`),
    [
      '1 warn all',
      '1 warn actor',
      '2 debug all',
      '2 info all',
      '2 warn all',
      '2 debug actor',
      '2 info actor',
      '2 warn actor',
    ],
  );
  assert.equal(file.lostLines(), 0);
});

test('a log in text has the same records as one in JSON, each one line that acts on no terminal', (t) => {
  const directory = temporaryDirectory(t);
  const lines = (format: 'json' | 'text'): readonly string[] => {
    const path = join(directory, format);
    const file = openLog({ path, level: 'info', format }, 'tester');
    file.log.info({}, 'started');
    file.log.of('peer-0').warn({ peer: '192.0.2.7:6881', name: 'a b', count: 3 }, 'a line\nand \u001b[31mred\u009b');
    file.log.error({ err: new Error('broken') }, 'failed');
    file.close();
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  };
  const [started = '', warned = '', failed = '', ...more] = lines('text');
  assert.deepEqual(more, []);
  assert.equal(lines('json').length, 3);
  assert.match(started, /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}\d+ tester started$/);
  assert.match(
    warned,
    /Z warn {2}\d+ tester\/peer-0 a line\\u000aand \\u001b\[31mred\\u009b peer=192\.0\.2\.7:6881 name="a b" count=3$/,
  );
  assert.match(failed, /Z error \d+ tester failed err=\{"type":"Error","message":"broken","stack":/);
});

test('FC-35: a log waits for no reader of its pipe; what is lost is counted, and told in the log once it can be', (t) => {
  const path = join(temporaryDirectory(t), 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const file = openLog({ path, level: 'info' }, 'tester');
  file.log.info({}, 'nobody reads');
  file.log.info({}, 'nobody reads yet');
  assert.equal(file.lostLines(), 2);
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  file.log.info({}, 'read');
  const long = 'x'.repeat(10_000);
  for (let line = 0; line < 10; line += 1) file.log.info({ long }, `filling ${line}`);
  const lost = file.lostLines() - 2;
  assert.ok(lost > 0, 'the pipe is full');
  const first = records(pipe);
  assert.deepEqual(
    first.slice(0, 2).map(({ msg, lines }) => [msg, lines]),
    [
      [LOST, 2],
      ['read', undefined],
    ],
  );
  file.log.info({}, 'read again');
  file.close();
  assert.equal(file.lostLines(), lost + 2);
  const last = records(pipe).slice(-2);
  assert.deepEqual(
    last.map(({ msg, lines }) => [msg, lines]),
    [
      [LOST, lost],
      ['read again', undefined],
    ],
  );
  closeSync(pipe);
});

test('FC-35: a log that nothing can be written to is refused with what it is, or loses its lines', (t) => {
  const directory = temporaryDirectory(t);
  assert.throws(() => openLog({ path: directory, level: 'info' }, 'tester'), /is a directory; name a file/);
  writeFileSync(join(directory, 'file'), '');
  assert.throws(() => openLog({ path: join(directory, 'file', 'log'), level: 'info' }, 'tester'), /not a directory/);
  const full = openLog({ path: '/dev/full', level: 'info' }, 'tester');
  full.log.info({}, 'there is no room');
  full.close();
  assert.equal(full.lostLines(), 1);
});

const LOST = 'lines of this log were lost, because it could not be written';
let begun = '';

/** Those that are complete now; the beginning of another one stays for the next time. */
function records(pipe: number): readonly { readonly msg: string; readonly lines?: number }[] {
  const buffer = Buffer.alloc(1 << 17);
  begun += buffer.toString('latin1', 0, readSync(pipe, buffer));
  const lines = begun.split('\n');
  begun = lines.pop() ?? '';
  return lines.map((line) => JSON.parse(line) as { msg: string; lines?: number });
}
