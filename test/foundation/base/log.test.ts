// What a log writes, at the level that was wished last.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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
