// The engine's flag on the runtime at hand: a flag that it does not know would be an error on every command's stderr.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { MEASURED_ENGINE } from '../../../src/app/cli/tiering.js';
import { lacksPlace } from '../../support/needs.js';

const TIERING = new URL('../../../src/app/cli/tiering.js', import.meta.url).href;
/** Runs a function often enough to be optimised by V8's own budget, and not by ours. */
const BUSY = `
const sum = (count) => { let total = 0; for (let at = 0; at < count; at += 1) total += at % 7; return total; };
for (let round = 0; round < 150; round += 1) sum(100);`;

function traced(before: string): { stdout: string; stderr: string } {
  const script = `${before}\n${BUSY}`;
  return spawnSync(process.execPath, ['--trace-opt', '--input-type=module', '-e', script], { encoding: 'utf8' });
}

const wasMarked = (trace: string): boolean => /marking 0x\w+ <JSFunction sum/.test(trace);

test('what runs a little is optimised later than by the engine itself, and the engine knows the flag', (t) => {
  if (Number.parseInt(process.versions.v8, 10) !== MEASURED_ENGINE) {
    lacksPlace(t, `the flag is for V8 ${MEASURED_ENGINE}, and this is ${process.versions.v8}`);
    return;
  }
  const byItself = traced('');
  assert.ok(wasMarked(byItself.stdout), 'the work is enough for the engine');
  const later = traced(`import { optimizeLater } from '${TIERING}'; optimizeLater();`);
  assert.equal(later.stderr, '');
  assert.ok(!wasMarked(later.stdout));
});
