// What a process said on stderr is known when a later line of its stdout is, whichever pipe the loop reads first.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ProgramProcess } from '../../../src/app/demo/processes.js';
import { deferred, within } from '../../../src/foundation/base/deferred.js';
import { PATIENCE_MS } from '../../support/patience.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Says something, and then answers, on a line of its input. */
const TALKER = `process.stdout.write('ready\\n');
process.stdin.once('data', () => {
  process.stderr.write('said before\\n');
  process.stdout.write('answer\\n');
  require('fs').writeFileSync('done', '');
});`;

test('what a process said before a line of its output is known with that line, also when both come at once', async (t) => {
  const directory = temporaryDirectory(t);
  const [program, done] = [join(directory, 'talker.cjs'), join(directory, 'done')];
  writeFileSync(program, TALKER);
  const talker = new ProgramProcess('talker', [], directory, { program });
  t.after(() => talker.end());
  const known = deferred<string>();
  talker.onLine = (line) => {
    if (line === 'answer') return known.resolve(talker.stderr);
    talker.write('go on');
    // Nothing is read meanwhile. The pipe that was read last is asked first then.
    const endMs = performance.now() + PATIENCE_MS;
    while (!existsSync(done) && performance.now() < endMs)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  };
  assert.equal(await within(known.promise, PATIENCE_MS, () => assert.fail('no answer')), 'said before\n');
  talker.endInput();
  assert.equal(await talker.exited, 0);
});
