// What people hit with services that start before the network is up: only the loopback is there, or a named address is
// not there yet.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ConsoleProcess, ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import { makeUser, type User } from '../support/command-run.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';
import { connect, makeMachine } from '../support/network.js';

const ADDRESS = 'ip addr add 10.78.0.2/24 dev eth0\nip route add default via 10.78.0.3';

async function makeStranger(directory: string, name: string): Promise<User> {
  const { env, ...user } = await makeUser(directory, name);
  return { ...user, env: { ...env, MTORRENT_ADDRESS: '' } };
}

/** All lines of stdout so far. */
function linesOf(program: ProgramProcess): readonly string[] {
  const lines: string[] = [];
  program.onLine = (line) => lines.push(line);
  return lines;
}

test('FC-12: a daemon that found only the loopback says so, and takes the address that comes', async (t) => {
  const swarm = await stageSwarm(t);
  const [one, other] = [await makeMachine(t), await makeMachine(t)];
  if (one === undefined || other === undefined) return;
  connect(one, other);
  other.run('ip addr add 10.78.0.3/24 dev eth0');
  await swarm.makeFile('two.bin', 300_000);
  const { directory, env } = await makeStranger(swarm.directory, 'ada');
  const run = { launcher: one.on, env };
  const daemon = swarm.adopt(new ProgramProcess('daemon', ['daemon'], directory, run));
  const lines = linesOf(daemon);
  await eventually(
    () => lines,
    () => /^DAEMON LISTENING 127\.0\.0\.1:6881 /.test(lines[0] ?? ''),
    'it listens',
    60_000,
  );
  assert.match(daemon.stderr, /only the loopback is there/);
  assert.match(daemon.stderr, /this process runs a pair of its own: 127\.0\.0\.1:7001 and 127\.0\.0\.1:7002/);
  one.run(ADDRESS);
  await daemon.said(/the client listens at 10\.78\.0\.2:6881/, 60_000);
  await daemon.said(/a pair of its own: 10\.78\.0\.2:7001 and 10\.78\.0\.2:7002/);
  const shared = await runProgram(['share', 'two.bin'], directory, run);
  assert.equal(shared.code, 0, shared.stderr);
  const { code, stderr } = await runProgram(['get', 'two.bin.mtorrent', 'copy.bin', '--timeout', '60s'], directory, {
    launcher: other.on,
    env: (await makeStranger(swarm.directory, 'bob')).env,
  });
  assert.equal(code, 0, stderr);
  assert.equal(await daemon.end(), 0);
});

test('an own pair moves with its daemon when the address of the machine changes, and a console asks to be started again', async (t) => {
  const swarm = await stageSwarm(t);
  const [one, other] = [await makeMachine(t), await makeMachine(t)];
  if (one === undefined || other === undefined) return;
  connect(one, other);
  other.run('ip addr add 10.78.0.3/24 dev eth0');
  one.run(ADDRESS);
  await swarm.makeFile('two.bin', 300_000);
  const { directory, env } = await makeStranger(swarm.directory, 'ada');
  const run = { launcher: one.on, env };
  const daemon = swarm.adopt(new ProgramProcess('daemon', ['daemon'], directory, run));
  await daemon.said(/a pair of its own: 10\.78\.0\.2:7001 and 10\.78\.0\.2:7002/, 60_000);
  const { env: own } = await makeStranger(swarm.directory, 'eve');
  const console = swarm.adopt(new ConsoleProcess('console', [], swarm.directory, { launcher: one.on, env: own }));
  await console.said(/this client serves at 10\.78\.0\.2/);
  one.run('ip addr del 10.78.0.2/24 dev eth0\nip addr add 10.78.0.9/24 dev eth0\nip route add default via 10.78.0.3');
  await console.said(
    /this machine has the address 10\.78\.0\.9 now, but its trackers are at 10\.78\.0\.2; end this program and start it again/,
    60_000,
  );
  await daemon.said(/the client listens at 10\.78\.0\.9:6881/, 60_000);
  await daemon.said(/a pair of its own: 10\.78\.0\.9:7001 and 10\.78\.0\.9:7002/);
  const shared = await runProgram(['share', 'two.bin'], directory, run);
  assert.equal(shared.code, 0, shared.stderr);
  const { code, stderr } = await runProgram(['get', 'two.bin.mtorrent', 'copy.bin', '--timeout', '60s'], directory, {
    launcher: other.on,
    env: (await makeStranger(swarm.directory, 'bob')).env,
  });
  assert.equal(code, 0, stderr);
  assert.equal(await daemon.end(), 0);
});

test('FC-12: a named address that is not there yet is waited for', async (t) => {
  const swarm = await stageSwarm(t);
  const [one, other] = [await makeMachine(t), await makeMachine(t)];
  if (one === undefined || other === undefined) return;
  connect(one, other);
  const { directory, env } = await makeStranger(swarm.directory, 'ada');
  const words = ['daemon', '10.78.0.2:6901', '10.78.0.2:7001', '10.78.0.2:7002'];
  const early = await runProgram(words, directory, { launcher: one.on, env });
  assert.equal(early.code, 1);
  assert.match(early.stderr, /10\.78\.0\.2:6901 is not an address of this machine/);
  const late = await runProgram([...words, '--address-wait', '300ms'], directory, { launcher: one.on, env });
  assert.equal(late.code, 1);
  assert.match(late.stderr, /waiting for it\n(.*\n)*.*10\.78\.0\.2:6901 is not an address of this machine/);
  // As systemd starts a service: it tells the process its own id.
  const asService = [...one.on, 'sh', '-c', 'export SYSTEMD_EXEC_PID=$$; exec "$0" "$@"'];
  const service = swarm.adopt(new ProgramProcess('service', words, directory, { launcher: asService, env }));
  const tracker = swarm.adopt(
    new ProgramProcess(
      'tracker',
      ['tracker', '10.78.0.2:7001', '10.78.0.2:7002', 'a.db', 'a.log', '--address-wait', 'forever'],
      directory,
      { launcher: one.on, env },
    ),
  );
  const [ofService, ofTracker] = [linesOf(service), linesOf(tracker)];
  for (const program of [service, tracker])
    await program.said(/10\.78\.0\.2 is not an address of this machine yet; waiting for it/, 60_000);
  one.run(ADDRESS);
  await eventually(
    () => [ofService[0] ?? '', ofTracker[0] ?? ''],
    ([first = '', second = '']) =>
      first.startsWith('DAEMON LISTENING 10.78.0.2:6901 ') && second === 'TRACKER LISTENING 10.78.0.2:7001',
    'both listen',
    60_000,
  );
});
