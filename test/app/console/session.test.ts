// The console's contract with scripts: one line on stdout a result, in the order of the commands, explanations on
// stderr, and the end of input means quit. And for people: nothing raw reaches the terminal.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { CONSOLE_LINE_MAX } from '../../../src/app/console/limits.js';
import { PipedLines } from '../../../src/app/console/session/lines.js';
import { PeopleOutput, ScriptOutput } from '../../../src/app/console/session/output.js';
import { Session } from '../../../src/app/console/session/session.js';
import { Screen } from '../../../src/app/console/terminal/screen.js';
import { SwarmClient } from '../../../src/app/library/swarm-client.js';
import type { ClientCommand, ClientEvent, FileView } from '../../../src/client/messages.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { STATS } from '../../support/client-stats.js';

const ROW: FileView = {
  name: 'a.iso',
  state: 'seeding',
  path: '/d/a.iso',
  mtorrentPath: '/t/a.mtorrent',
  size: 1024,
  have: 1,
  pieces: 1,
  rate: 0,
  peers: 0,
  received: 0,
  wasted: 0,
  sent: 0,
  problem: '',
  seeders: 1,
  zeros: 0,
  files: 0,
  changed: 0,
  reused: 0,
  filesDone: 0,
  receivedBefore: 0,
  wastedBefore: 0,
};

/** What the client answers, by command; undefined: nothing yet. */
type Script = (command: ClientCommand) => readonly ClientEvent[] | undefined;

const agreeable: Script = (command) => {
  const { ask } = command;
  switch (command.kind) {
    case 'link':
      return [{ kind: 'refused', ask, code: 'FILE_NOT_FOUND', sentence: 'no such share' }];
    case 'list':
      return [
        { kind: 'listed', ask, rows: [ROW], last: false },
        { kind: 'listed', ask, rows: [ROW], last: true },
      ];
    case 'peers':
      return [{ kind: 'peersListed', ask, peers: [] }];
    case 'stats':
      return [{ kind: 'statsListed', ask, stats: STATS }];
    default:
      return [{ kind: 'accepted', ask, detail: command.kind.toUpperCase() }];
  }
};

interface Stage {
  readonly session: Session;
  readonly swarm: SwarmClient;
  readonly input: PassThrough;
  readonly commands: ClientCommand[];
  /** Lines on stdout and stderr so far. */
  readonly out: () => readonly string[];
  readonly err: () => readonly string[];
  /** Settles when the client was asked to quit and has said so. */
  readonly quits: Promise<void>;
}

function stage(script: Script = agreeable, interactive = false): Stage {
  const [input, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const commands: ClientCommand[] = [];
  const quits = deferred<void>();
  const text = { out: '', err: '' };
  stdout.on('data', (bytes: Buffer) => {
    text.out += bytes.toString();
  });
  stderr.on('data', (bytes: Buffer) => {
    text.err += bytes.toString();
  });
  const swarm: SwarmClient = new SwarmClient({
    facts: { address: '127.0.0.1:1', trackers: ['127.0.0.1:2', '127.0.0.1:3'], pid: 1 },
    tell: (command) => {
      commands.push(command);
      // A client answers later, never while it is being told.
      setImmediate(() => {
        for (const event of script(command) ?? []) swarm.onEvent(event);
        if (command.kind === 'quit') setImmediate(() => quits.resolve());
      });
    },
  });
  const screen = interactive ? new Screen(input, stdout) : undefined;
  const session = new Session({
    client: swarm,
    source: screen ?? new PipedLines(input),
    output: screen === undefined ? new ScriptOutput(stdout, stderr) : new PeopleOutput((line) => screen.print(line)),
    ascii: true,
    leave: () => swarm.quit(),
  });
  session.start();
  const lines = (whole: string): readonly string[] => whole.split('\n').slice(0, -1);
  return {
    session,
    swarm,
    input,
    commands,
    out: () => lines(text.out),
    err: () => lines(text.err),
    quits: quits.promise,
  };
}

test('each command has one result on stdout, in the order of the lines, and the end of input quits', async () => {
  const { input, out, err, quits, commands } = stage();
  input.end(
    [
      'share a a.mtorrent',
      '',
      '# nothing',
      'get x.mtorrent .',
      'remove x.mtorrent',
      'pause x',
      'resume x',
      'wait',
    ].join('\n'),
  );
  await quits;
  assert.deepEqual(
    commands.map(({ kind }) => kind),
    ['share', 'link', 'get', 'remove', 'pause', 'resume', 'wait', 'quit'],
  );
  assert.deepEqual(
    out(),
    ['SHARE', 'GET', 'REMOVE', 'PAUSE', 'RESUME', 'WAIT', 'QUIT'].map((detail) => `SUCCESS:${detail}`),
  );
  assert.deepEqual(err(), []);
});

test('a refusal is FAILURE and its code on stdout, and its sentence on stderr', async () => {
  const { input, out, err, quits } = stage((command) =>
    command.kind === 'quit'
      ? agreeable(command)
      : [{ kind: 'refused', ask: command.ask, code: 'NOT_COMPLETE', sentence: 'wait for \u001b[31mit' }],
  );
  input.end('remove x.mtorrent\n');
  await quits;
  assert.deepEqual(out(), ['FAILURE:NOT_COMPLETE', 'SUCCESS:QUIT']);
  assert.deepEqual(err(), ['NOT_COMPLETE: wait for \\u{1b}[31mit']);
});

test('a line that means nothing is INVALID_ARGUMENTS, and the client never hears of it', async () => {
  const { input, out, err, quits, commands } = stage();
  input.end(`frobnicate\nshare a\nget "x\n${'x'.repeat(CONSOLE_LINE_MAX + 1)}\n`);
  await quits;
  assert.deepEqual(out(), [...Array(4).fill('FAILURE:INVALID_ARGUMENTS'), 'SUCCESS:QUIT']);
  assert.equal(err().length, 4);
  assert.deepEqual(
    commands.map(({ kind }) => kind),
    ['quit'],
  );
});

test('lists end with how many rows there were; JSON is the result itself', async () => {
  const { input, out, quits } = stage();
  input.end('show downloads\nshow downloads --json\nshow peers a\nshow stats\n');
  await quits;
  const [first, second, count, json, ...rest] = out();
  assert.ok(first?.startsWith('[S] a.iso') && second?.startsWith('[S] a.iso'));
  assert.equal(count, 'SUCCESS:2');
  assert.equal(JSON.parse(json?.replace('SUCCESS:', '') ?? '').files.length, 2);
  assert.deepEqual(rest, ['SUCCESS:0', `SUCCESS:${JSON.stringify(STATS)}`, 'SUCCESS:QUIT']);
});

test('reannounce tells the trackers of one file, or of all, and answers of how many', async () => {
  const { input, out, quits, commands } = stage((command) =>
    command.kind === 'reannounce'
      ? [{ kind: 'accepted', ask: command.ask, detail: command.name === '' ? '7' : '1' }]
      : agreeable(command),
  );
  input.end('reannounce\nreannounce a.iso\n');
  await quits;
  assert.deepEqual(
    commands.flatMap((command) => (command.kind === 'reannounce' ? [command.name] : [])),
    ['', 'a.iso'],
  );
  assert.deepEqual(out(), ['SUCCESS:7', 'SUCCESS:1', 'SUCCESS:QUIT']);
});

test('events come as one line each, whenever they come; notices go to stderr', async () => {
  const { swarm, input, out, err, quits } = stage();
  swarm.onEvent({ kind: 'completed', name: 'a', path: '/d/a\nb' });
  swarm.onEvent({ kind: 'failed', name: 'a', path: '/d/a', code: 'DISK_FULL', sentence: 'no room' });
  swarm.onEvent({ kind: 'notice', level: 'bad', sentence: 'a tracker is away' });
  input.end();
  await quits;
  assert.deepEqual(out(), ['COMPLETED:/d/a\\nb', 'FAILED:/d/a:DISK_FULL', 'SUCCESS:QUIT']);
  assert.deepEqual(err(), ['no room', 'a tracker is away']);
});

test('a command waits for the one before it, and quit for all; a signal waits for nobody', async () => {
  for (const bySignal of [false, true]) {
    const { session, swarm, input, commands, quits } = stage((command) => {
      if (command.kind !== 'wait') return agreeable(command);
      if (bySignal) session.quit();
      else setImmediate(() => swarm.onEvent({ kind: 'accepted', ask: command.ask, detail: 'WAITED' }));
      return undefined;
    });
    input.end('wait\nlist of nothing\nshow stats\n');
    await quits;
    assert.deepEqual(
      commands.map(({ kind }) => kind),
      bySignal ? ['wait', 'quit'] : ['wait', 'stats', 'quit'],
    );
  }
});

test('quit is asked once, and lines after it are not run', async () => {
  const { input, out, commands, quits } = stage();
  input.end('quit\nshow stats\nquit\n');
  await quits;
  assert.deepEqual(
    commands.map(({ kind }) => kind),
    ['quit'],
  );
  assert.deepEqual(out(), ['SUCCESS:QUIT']);
});

test('a last line without a line feed, and CRLF line ends, work', async () => {
  const { input, out, quits } = stage();
  input.end('pause x\r\nresume x');
  await quits;
  assert.deepEqual(out(), ['SUCCESS:PAUSE', 'SUCCESS:RESUME', 'SUCCESS:QUIT']);
});

test('at a terminal, what came from elsewhere cannot act on it', async () => {
  const evil = '\u001b]0;gotcha\u0007\u202e';
  const { swarm, input, out, quits } = stage(
    (command) =>
      command.kind === 'quit'
        ? agreeable(command)
        : [{ kind: 'refused', ask: command.ask, code: 'FILE_NOT_FOUND', sentence: evil }],
    true,
  );
  swarm.onEvent({ kind: 'notice', level: 'bad', sentence: evil });
  swarm.onEvent({ kind: 'completed', name: evil, path: evil });
  swarm.onEvent({ kind: 'failed', name: evil, path: evil, code: 'IO_ERROR', sentence: evil });
  input.write('pause x\n');
  input.write('quit\n');
  await quits;
  const shown = out().join('\n');
  assert.equal(shown.includes('\u001b]0;'), false);
  assert.equal(shown.includes('\u202e'), false);
  assert.equal(shown.includes('\\u{1b}]0;gotcha'), true);
});
