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
