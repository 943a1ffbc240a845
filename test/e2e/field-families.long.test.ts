// What people hit with the two families of addresses and their spellings: pairs that are one and pairs that are none,
// and clients that are listed where they listen. Real processes on machines of the test's own.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ClientProcess,
  type Outcome,
  ProgramProcess,
  runProgram,
  TrackerProcess,
} from '../../src/app/demo/processes.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';
import { makeMachine, type NetworkMachine, twoMachines } from '../support/network.js';

test('FC-17: a pair is one pair however its addresses are written, and two spellings of one are no pair', async (t) => {
  const swarm = await stageSwarm(t);
  const machine = await makeMachine(t);
  if (machine === undefined) return;
  const run = (words: readonly string[]): Promise<Outcome> =>
    runProgram(words, swarm.directory, { launcher: machine.on });
  const pairs = [
    ['[0:0:0:0:0:0:0:1]:7101', '[::1]:7102', '[::1]:7102', '[0:0:0:0:0:0:0:1]:7101'],
    ['[::ffff:127.0.0.1]:7103', '127.0.0.1:7104', '127.0.0.1:7104', '[::ffff:7f00:1]:7103'],
  ] as const;
  for (const [own, other, partnerOwn, partnerOther] of pairs) {
    for (const [from, to] of [
      [own, other],
      [partnerOwn, partnerOther],
    ] as const) {
      const name = `tracker-${from.replaceAll(/\W/g, '-')}`;
      swarm.adopt(
        new ProgramProcess(name, ['tracker', from, to, `${name}.db`, `${name}.log`], swarm.directory, {
          launcher: machine.on,
        }),
      );
    }
    await eventually(
      () => run(['tracker-status', partnerOwn]),
      ({ stdout }) => / {2}connected$/m.test(stdout),
      `${own} and ${other} follow each other`,
    );
  }
  await swarm.makeFile('f', 1_000);
  for (const [first, second] of [
    ['[::1]:7101', '[0:0:0:0:0:0:0:1]:7101'],
    ['[::ffff:127.0.0.1]:7101', '127.0.0.1:7101'],
  ] as const) {
    for (const words of [
      ['create', 'f', '-t', first, '-t', second],
      ['client', '127.0.0.1:0', first, second, 'log'],
    ]) {
      const { code, stderr } = await run(words);
      assert.equal(code, 2, words.join(' '));
      assert.match(stderr, /both trackers are (\[::1\]|127\.0\.0\.1):7101; a pair needs two different addresses/);
    }
  }
});

test('FC-18: a pair of two families is refused in one sentence that names both', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.makeFile('f', 1_000);
  for (const words of [
    ['tracker', '127.0.0.1:7101', '[::1]:7102', 'a.db', 'log'],
    ['tracker', '[::1]:7102', '127.0.0.1:7101', 'a.db', 'log'],
    ['client', '127.0.0.1:0', '127.0.0.1:7101', '[::1]:7102', 'log'],
    ['create', 'f', '-t', '127.0.0.1:7101', '-t', '[::1]:7102'],
  ]) {
    const { code, stderr } = await runProgram(words, swarm.directory);
    assert.equal(code, 2, words.join(' '));
    assert.match(stderr, /127\.0\.0\.1:7101 is an IPv4 address|\[::1\]:7102 is an IPv6 address/);
    assert.match(stderr, /name both by IPv4 or both by IPv6/);
  }
});

test('FC-18: a client at the IPv4 wildcard is reached by whoever finds it at a tracker of IPv6', async (t) => {
  const swarm = await stageSwarm(t);
  const machine = await makeMachine(t);
  if (machine === undefined) return;
  const run = { launcher: machine.on };
  const trackers = [
    { host: '::1', port: 7103 },
    { host: '::1', port: 7104 },
  ] as const;
  const [first, second] = trackers;
  await swarm.makeFile('f.bin', 300_000);
  const tracker = swarm.adopt(new TrackerProcess('one', first, second, swarm.directory, [], run));
  await tracker.started();
  const seeder = swarm.adopt(
    new ClientProcess('seeder', { host: '0.0.0.0', port: 6901 }, trackers, swarm.directory, [], run),
  );
  await seeder.succeed('share f.bin f.mtorrent');
  const getter = swarm.adopt(
    new ClientProcess('getter', { host: '::1', port: 6902 }, trackers, swarm.directory, [], run),
  );
  await getter.succeed('get f.mtorrent copy.bin');
  await getter.event((line) => line.startsWith('COMPLETED:'));
  const deaf = swarm.adopt(
    new ClientProcess('deaf', { host: '127.0.0.1', port: 6903 }, trackers, swarm.directory, [], run),
  );
  await deaf.succeed('share f.bin g.mtorrent');
  await deaf.said(/listens at 127\.0\.0\.1:6903, an IPv4 address, and its tracker \[::1\]:7103 is an IPv6 one/);
});

test('X8: a tracker at the wildcard is a pair with whoever names it by the address that its partner sees', async (t) => {
  const swarm = await stageSwarm(t);
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const [one, other] = machines;
  const start = async (name: string, machine: NetworkMachine, own: string, partner: string): Promise<void> => {
    const words = ['tracker', own, partner, `${name}.db`, `${name}.log`];
    const tracker = swarm.adopt(new ProgramProcess(name, words, swarm.directory, { launcher: machine.on }));
    await eventually(
      () =>
        runProgram(['tracker-status', own.replace('0.0.0.0', '127.0.0.1')], swarm.directory, { launcher: machine.on }),
      ({ code }) => code === 0,
      `${name} listens ${tracker.stderr}`,
    );
  };
  await start('one', one, '0.0.0.0:7105', '10.77.0.3:7106');
  await start('other', other, '10.77.0.3:7106', '10.77.0.2:7105');
  await eventually(
    () => runProgram(['tracker-status', '10.77.0.3:7106'], swarm.directory, { launcher: other.on }),
    ({ stdout }) => / {2}connected$/m.test(stdout),
    'the two follow each other',
  );
  for (const [own, partner, named] of [
    ['192.0.2.9:7107', '192.0.2.8:7108', '192.0.2.9:7107'],
    ['[2001:db8::9]:7107', '[2001:db8::8]:7108', '[2001:db8::9]:7107'],
  ] as const) {
    const { code, stderr } = await runProgram(['tracker', own, partner, 'x.db', 'x.log'], swarm.directory, {
      launcher: one.on,
    });
    assert.equal(code, 1);
    assert.ok(stderr.includes(`${named} is not an address of this machine; name the one of its own`), stderr);
    assert.ok(!stderr.includes('0.0.0.0'), stderr);
  }
});
