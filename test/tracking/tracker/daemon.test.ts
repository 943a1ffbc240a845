// The tracker as a real process: it says where it listens, refuses what cannot work with one sentence and an exit code,
// ends gracefully on a signal, and after kill -9 lists every share that it had acknowledged.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { formatAddress } from '../../../src/foundation/torrent/address.js';
import { keyBytes } from '../../../src/foundation/torrent/ids.js';
import { listSeeders } from '../../../src/tracking/store/sqlite/list.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { run } from './running.js';
import { swarmOf } from './stage.js';
import { WireClient } from './wire.js';

const PARTNER = '127.0.0.1:1';

function share(id: number, number: number) {
  const facts = { name: 'a.bin', size: 600_000, pieceCount: 2, have: 1 };
  return { kind: 'share', id, swarm: keyBytes(swarmOf(number)), ...facts, epoch: 1, sequence: id } as const;
}

test('it listens on a free port, answers, counts what sorts of requests came, and ends with 0 on SIGTERM, leaving one file', async (t) => {
  const directory = temporaryDirectory(t);
  const list = join(directory, 'list');
  const tracker = run(t, ['127.0.0.1:0', PARTNER, list, join(directory, 'log')]);
  const client = new WireClient(t, await tracker.listening());
  const hello = await client.hello(1);
  assert.ok(hello.kind === 'helloReply' && hello.partner === PARTNER);
  const did = { wanted: 0, received: 0, wasted: 0, sent: 9, started: null, finished: null, downRate: 0, upRate: 9 };
  client.send(share(1, 1), { kind: 'ping', id: 2 });
  const noted = { kind: 'summary', swarm: keyBytes(swarmOf(1)), summary: did } as const;
  client.send({ ...noted, id: 3 }, { ...noted, id: 4 }, { kind: 'stats', id: 5 });
  const replies = [1, 2, 3, 4, 5].map((at) => client.reply(at));
  const stats = (await Promise.all(replies)).find(({ kind }) => kind === 'stats');
  assert.ok(stats?.kind === 'stats');
  const { connections, requests, announces, pings, summaries } = JSON.parse(stats.json);
  assert.deepEqual([connections, requests, announces, pings, summaries], [1, 6, 1, 1, 2], 'with the greeting');
  tracker.child.kill('SIGTERM');
  assert.equal(await tracker.ended(), 0);
  assert.equal(tracker.stdout.split('\n').length, 2);
  assert.equal(tracker.stderr, '');
  assert.match(await listSeeders(list, { json: false }), /127\.0\.0\.1:6001 {2}1\/2/);
  const lines = readFileSync(join(directory, 'log'), 'utf8').trim().split('\n');
  assert.ok(lines.every((line) => JSON.parse(line).level !== 'error'));
});

test('after kill -9 in the middle of a load, every acknowledged share is listed', async (t) => {
  const directory = temporaryDirectory(t);
  const args = ['127.0.0.1:0', PARTNER, join(directory, 'list'), join(directory, 'log')];
  const acknowledged = new Set<number>();
  for (let round = 0; round < 3; round += 1) {
    const tracker = run(t, args);
    const client = new WireClient(t, await tracker.listening());
    await client.hello(1);
    for (const number of acknowledged) {
      client.send({ kind: 'seeders', id: number, swarm: keyBytes(swarmOf(number)), want: 1 });
    }
    await client.reply(acknowledged.size);
    const pong = client.replies.length;
    client.send({ kind: 'ping', id: 0 });
    const answer = await client.reply(pong);
    assert.ok(answer.kind === 'pong' && answer.entries >= acknowledged.size, `round ${round}`);
    for (let at = 1; at <= 1_500; at += 1) client.send(share(round * 1_500 + at, round * 1_500 + at));
    // Some are acknowledged, some under way, some not read yet.
    await client.reply(pong + 200 + round * 150);
    tracker.child.kill('SIGKILL');
    assert.equal(await tracker.ended(), 'SIGKILL');
    await client.closed();
    for (const reply of client.replies) if (reply.kind === 'shared') acknowledged.add(reply.id);
  }
  const tracker = run(t, args);
  const guest = new WireClient(t, await tracker.listening());
  await guest.hello(2);
  const numbers = [...acknowledged];
  for (const number of numbers) guest.send({ kind: 'seeders', id: number, swarm: keyBytes(swarmOf(number)), want: 5 });
  for (const [at, number] of numbers.entries()) {
    const list = await guest.reply(at + 1);
    assert.ok(
      list.kind === 'seederList' && list.id === number && list.seeders.length === 1,
      `swarm ${number} is listed`,
    );
  }
  assert.ok(numbers.length >= 1_000, `${numbers.length} shares were acknowledged`);
});

test('F19: a second tracker on the same list is refused with the pid of the first, and may start after kill -9 of it', async (t) => {
  const directory = temporaryDirectory(t);
  const args = ['127.0.0.1:0', PARTNER, join(directory, 'list'), join(directory, 'log')];
  const first = run(t, args);
  await first.listening();
  const second = run(t, args);
  assert.equal(await second.ended(), 11);
  assert.match(second.stderr, new RegExp(`^ALREADY_RUNNING: .*${first.child.pid}`));
  first.child.kill('SIGKILL');
  await first.ended();
  await run(t, args).listening();
});

interface Refusal {
  readonly own?: string;
  readonly partner?: string;
  readonly list?: string;
  readonly log?: string;
  readonly code: string;
  readonly exit: number;
}

test('what cannot work is refused with a code, a sentence and an exit code', async (t) => {
  const directory = temporaryDirectory(t);
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('folder'));
  writeFileSync(at('garbage'), 'x'.repeat(4_096));
  const running = run(t, ['127.0.0.1:0', PARTNER, at('used'), at('log')]);
  const used = formatAddress(await running.listening());
  const refusals: readonly Refusal[] = [
    { own: used, code: 'PORT_IN_USE', exit: 1 },
    { own: '192.0.2.77:0', code: 'ADDRESS_UNUSABLE', exit: 1 },
    { own: PARTNER, code: 'INVALID_ARGUMENTS', exit: 2 },
    { list: at('folder'), code: 'NOT_A_FILE', exit: 3 },
    { list: at('nowhere/list'), code: 'FILE_NOT_FOUND', exit: 3 },
    { list: at('garbage'), code: 'STATE_DAMAGED', exit: 5 },
    { log: at('folder'), code: 'NOT_A_FILE', exit: 3 },
    { log: at('nowhere/log'), code: 'FILE_NOT_FOUND', exit: 3 },
  ];
  for (const { own = '127.0.0.1:0', partner = PARTNER, list = at('list'), log = at('log'), code, exit } of refusals) {
    const tracker = run(t, [own, partner, list, log]);
    assert.equal(await tracker.ended(), exit, code);
    assert.match(tracker.stderr, new RegExp(`^${code}: [^\\n]+\\n$`));
    assert.equal(tracker.stdout, '');
  }
});
