// The console as scripts and shell users drive it: a whole script through a pipe, paths as a shell understands them,
// what `show` answers, and a state directory where none is named.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import test from 'node:test';
import { freePort, ProgramProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  create,
  eventually,
  getWhole,
  hasPieces,
  listedEventually,
  namesIn,
  PIECE,
  quit,
  seederList,
  share,
  stageSwarm,
  startPartial,
  startTrackerHere,
} from '../support/e2e-stage.js';

interface Script {
  readonly swarm: Swarm;
  readonly text: string;
  readonly port?: number;
  readonly home?: string;
}

/** Runs a client that reads `text` from a pipe to its end; answers its lines and its exit code. */
async function runScript({ swarm, text, port = 0, home }: Script): Promise<{ code: number; lines: readonly string[] }> {
  const [one, two] = swarm.trackers.map(formatAddress);
  const words = ['client', `127.0.0.1:${port}`, one ?? '', two ?? '', 'script.log'];
  const state = home === undefined ? ['--state-dir', 'script.state'] : [];
  const env = home === undefined ? {} : { HOME: home, XDG_STATE_HOME: '' };
  const client = new ProgramProcess('script', [...words, ...state], swarm.directory, { env });
  const lines: string[] = [];
  client.onLine = (line) => lines.push(line);
  client.write(text);
  client.endInput();
  return { code: await client.exited, lines };
}

test('a script through a pipe: results in the order of its lines, events between them, its end is quit', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('disk image.bin', 5 * PIECE);
  await share(swarm.startClient('seeder'), source, 'image.mtorrent');
  const text = [
    '# a comment',
    '',
    'get image.mtorrent "got it.bin"',
    'wait',
    'show downloads',
    'nonsense',
    'rm image.mtorrent',
  ];
  const { code, lines } = await runScript({ swarm, text: text.join('\n') });
  const target = swarm.path('got it.bin');
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('[S] disk image.bin  100 %  2.5 MiB')),
    [
      `SUCCESS:${target}`,
      `COMPLETED:${target}`,
      'SUCCESS:WAITED',
      'SUCCESS:1',
      'FAILURE:INVALID_ARGUMENTS',
      'SUCCESS:FILE_REMOVED',
      'SUCCESS:BYE',
    ],
  );
  assert.equal(lines.length, 8);
  assert.equal(code, 0);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the other client is listed');
});

test('~ is home, and without --state-dir the state is below it, named by address', async (t) => {
  const swarm = await stageSwarm(t);
  const home = swarm.path('home');
  await mkdir(home);
  await swarm.makeFile('home/~file.bin', 10);
  const port = await freePort();
  const text = "share ~/~file.bin ~/up/../it.mtorrent\nshare '~/x' y.mtorrent\n";
  const { code, lines } = await runScript({ swarm, text, home, port });
  assert.deepEqual(lines, ['SUCCESS:it.mtorrent', 'FAILURE:FILE_NOT_FOUND', 'SUCCESS:BYE']);
  assert.equal(code, 0);
  assert.ok((await namesIn(home)).includes('it.mtorrent'));
  const state = `${home}/.local/state/mtorrent/127.0.0.1_${port}`;
  assert.equal((await stat(state)).mode & 0o777, 0o700);
  // The same port again at once: the library is there, and nothing of the last run is in the way.
  const again = await runScript({ swarm, text: 'show downloads', home, port });
  assert.match(again.lines[0] ?? '', /^\[S\] ~file\.bin {2}/);
});

test('a completed download is shared on, also by later runs at the same port', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('on.bin', 5 * PIECE);
  const origin = swarm.startClient('origin');
  const mtorrent = await share(origin, source, 'on.mtorrent');
  const port = await freePort();
  const first = swarm.startClient('second-hand', port);
  await getWhole(first, mtorrent, swarm.path('one.bin'));
  await quit(origin);
  await quit(first);
  const second = swarm.startClient('second-hand', port);
  assert.match((await second.command('show downloads')).rows.join(), /^\[S\] on\.bin {2}100 %/);
  await eventually(
    () => seederList(swarm, 0),
    (rows) => rows.includes(`on.bin 127.0.0.1:${port} 5`),
    'it is announced again',
  );
  const target = await getWhole(swarm.startClient('third'), mtorrent, swarm.path('two.bin'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('a .mtorrent brings its own trackers: those of the command line are for shares', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('own.bin', 2 * PIECE);
  const mtorrent = await share(swarm.startClient('seeder'), source, 'own.mtorrent');
  const elsewhere = await stageSwarm(t);
  const target = await getWhole(elsewhere.startClient('leecher'), mtorrent, elsewhere.path('got.bin'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
});

test('show peers tells both ends of a transfer who the other is', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('who.bin', 10 * PIECE);
  const mtorrent = await create(swarm, source, 'who.mtorrent');
  const partial = await startPartial(swarm, source, mtorrent, (piece) => piece < 5);
  const at = formatAddress(await partial.address());
  const leecher = swarm.startClient('leecher');
  await leecher.succeed(`get who.mtorrent ${swarm.path('got.bin')}`);
  await hasPieces(leecher, 5);
  const from = await leecher.command('show peers who.mtorrent');
  assert.equal(from.result, 'SUCCESS:1');
  assert.ok(from.rows[0]?.startsWith(`from ${at}  received 2.5 MiB`), from.rows[0]);
  assert.match(from.rows[0] ?? '', /has 5 pieces/);
  const to = await eventually(
    () => partial.command('show peers who.bin'),
    ({ rows }) => rows.join().includes('sent 2.5 MiB'),
    'the other end counts what it sent',
  );
  assert.match(to.rows.join(), /^to {3}127\.0\.0\.1:\d+/);
  assert.equal((await leecher.command('show peers nothing')).result, 'FAILURE:FILE_NOT_FOUND');
});
