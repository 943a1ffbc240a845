// `mtorrent demo` as a newcomer or a script runs it: it succeeds, says what happened, and leaves neither a file nor a
// process.

import assert from 'node:assert/strict';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { patternOf } from '../support/captures.js';
import { runDemo } from '../support/demo-run.js';
import { namesIn, stageSwarm } from '../support/e2e-stage.js';
import { pageBlocks } from '../support/examples.js';

test('demo exits 0, tells who sent what as a table, and leaves nothing', async (t) => {
  const { directory } = await stageSwarm(t);
  const { code, stdout, stderr } = await runDemo(directory, '--size', '8MiB', '--seeders', '2').ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^who +address +sent/);
  assert.match(stdout, /seeder-1.*\nseeder-2.*\nleecher/);
  assert.match(stdout, /equal: every byte arrived/);
  // What the README shows of it, but for its third seeder, and for the tracker's outage: so short a download may be
  // without one.
  const shown =
    pageBlocks()
      .find(({ lines }) => lines[0] === '$ npm run demo')
      ?.lines.slice(1) ?? [];
  assert.ok(shown.length >= 10);
  for (const row of shown.filter((each) => !/^seeder-3|^tracker 1|^$/.test(each)))
    assert.match(`${stderr}\n${stdout}`, patternOf(row));
  assert.deepEqual(await namesIn(directory), []);
});

test('demo --json is one object with its fields, also for a file of the user, which stays as it is', async (t) => {
  const swarm = await stageSwarm(t);
  const source = await swarm.makeFile('mine "quoted".bin', 3_000_000);
  const sha256 = await sha256OfFile(source);
  const { code, stdout, stderr } = await runDemo(swarm.directory, '--file', source, '--seeders', '1', '--json').ended;
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout);
  const { schema, bytes, seconds, megabytesPerSecond, wastedBytes, leecher, seeders } = result;
  assert.deepEqual({ schema, bytes, sha256: result.sha256 }, { schema: 1, bytes: 3_000_000, sha256 });
  assert.ok(seconds > 0 && megabytesPerSecond > 0 && wastedBytes >= 0);
  assert.equal(seeders.length, 1);
  for (const who of [leecher, ...seeders]) {
    assert.match(who.address, /^127\.0\.0\.1:\d+$/);
    assert.ok(who.bytes >= 3_000_000 && who.cpuSeconds > 0 && who.rssPeakBytes > 1_000_000 && who.loopDelayP99Ms >= 0);
  }
  assert.equal(await sha256OfFile(source), sha256);
  assert.deepEqual(await namesIn(swarm.directory), ['mine "quoted".bin']);
});
