// A demo that is interrupted leaves neither a file nor a process, whenever that is.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import test from 'node:test';
import { runDemo } from '../support/demo-run.js';
import { eventually, fastRoot, namesIn, stageSwarm } from '../support/e2e-stage.js';

/** Pids of processes with `text` in their command line or working directory. */
async function processesOf(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
  return pids.filter((_, at) => lines[at]?.includes(text));
}

for (const [moment, said] of [
  ['while it starts its trackers', /^/],
  ['while its seeders start', /two trackers/],
  ['while it downloads', /seeders of/],
] as const) {
  test(`Ctrl-C ${moment} ends the demo with 130 and leaves neither files nor processes`, async (t) => {
    const { directory } = await stageSwarm(t, fastRoot());
    const demo = runDemo(directory, '--size', '256MiB', '--seeders', '2');
    await eventually(demo.stderr, (text) => said.test(text), 'the demo is under way', 60_000);
    if (moment === 'while it starts its trackers') {
      await eventually(
        () => namesIn(directory),
        (names) => names.length > 0,
        'its directory is there',
      );
    }
    // As a terminal does: to the whole group.
    process.kill(-demo.pid, 'SIGINT');
    const { code, stderr } = await demo.ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /interrupted/);
    assert.deepEqual(await namesIn(directory), []);
    assert.deepEqual(await processesOf(directory), []);
  });
}
