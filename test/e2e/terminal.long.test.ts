// The console as a person has it: in a real pseudo-terminal, told by what is on the screen after each key. Completion,
// history, progress below what scrolls while somebody types, every size down to 40 columns, and ways to leave.

import assert from 'node:assert/strict';
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import {
  create,
  eventually,
  namesIn,
  PIECE,
  seederList,
  shareHere,
  stageSwarm,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { pseudoTerminals, type TerminalOptions, TerminalProcess } from '../support/terminal.js';

const ENTER = '\r';
const TAB = '\t';
const UP = '\u001b[A';
const LEFT = '\u001b[D';
const CTRL_A = '\u0001';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_L = '\u000c';
/** A line of progress, whatever its width. */
const PROGRESS = /^(film|other)\S* .*\d %/;

interface Stage {
  readonly swarm: Swarm;
  /** A client in a terminal of its own; one of the same name has the same state. */
  readonly open: (name: string, words?: readonly string[], options?: Partial<TerminalOptions>) => TerminalProcess;
}

async function stage(t: TestContext): Promise<Stage | undefined> {
  const spawn = await pseudoTerminals(t);
  if (spawn === undefined) return undefined;
  const opened: TerminalProcess[] = [];
  // Asked for first, so done first: what still runs would write into the directory while it is removed.
  t.after(() => Promise.all(opened.map((terminal) => terminal.end())));
  const swarm = await stageSwarm(t);
  const [first = '', second = ''] = swarm.trackers.map(formatAddress);
  return {
    swarm,
    open: (name, words = [], options = {}) => {
      const state = swarm.path(`${name}.state`);
      const client = ['client', '127.0.0.1:0', first, second, `${name}.log`, '--state-dir', state, ...words];
      const terminal = new TerminalProcess(t, spawn, client, { directory: swarm.directory, ...options });
      opened.push(terminal);
      return terminal;
    },
  };
}

/** A tracker, a seeder of `film.bin`, and a terminal whose client downloads it at a rate that leaves time to look. */
async function downloading(t: TestContext, options: Partial<TerminalOptions> = {}) {
  const staged = await stage(t);
  if (staged === undefined) return undefined;
  const { swarm, open } = staged;
  await startTrackerHere(swarm);
  await shareHere(swarm, await swarm.makeFile('film.bin', 200 * PIECE), 'film.mtorrent');
  await mkdir(swarm.path('got'));
  const terminal = open('leecher', ['--download-limit', '2M'], options);
  await terminal.prompts();
  terminal.type(`get film.mtorrent got/${ENTER}`);
  await terminal.until(/film\S* .*[1-9]\.\d %/, 'progress of the download');
  return { ...staged, terminal };
}

const progressOf = (lines: readonly string[]): readonly string[] => lines.filter((line) => PROGRESS.test(line));

/**
 * Waits until the progress has been drawn anew, and below it the prompt with what is typed, to the end: a terminal
 * reads one picture in as many pieces as it likes, and shows what it has of it.
 */
async function redrawn(terminal: TerminalProcess, typed = ''): Promise<readonly string[]> {
  const before = progressOf(terminal.lines).join();
  const below = `mtorrent> ${typed}`.trimEnd();
  return terminal.until((lines) => {
    const at = lines.findLastIndex((line) => PROGRESS.test(line));
    return progressOf(lines).join() !== before && lines.slice(at + 1).join('') === below;
  }, `the progress is drawn anew, and below it "${below}"`);
}

/** Presses it again, and once more whenever it came too late and asks once more. Answers the exit code. */
async function quitsByCtrlC(terminal: TerminalProcess): Promise<number> {
  let exitCode: number | undefined;
  void terminal.exited.then((code) => {
    exitCode = code;
  });
  const asked = (): number => terminal.lines.join('\n').split('again to quit').length;
  for (;;) {
    const before = asked();
    terminal.type(CTRL_C);
    await eventually(() => exitCode !== undefined || asked() > before, Boolean, 'it ends, or asks again');
    if (exitCode !== undefined) return exitCode;
  }
}

test('Tab completes commands, paths and files, and lists what could be meant', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { swarm, open } = staged;
  await mkdir(swarm.path('two words'));
  await writeFile(swarm.path('two words/a film.mtorrent'), '');
  await writeFile(swarm.path('two words/notes.txt'), '');
  await writeFile(swarm.path('plain.bin'), 'x');
  const terminal = open('me');
  await terminal.until(/this client serves at 127\.0\.0\.1:\d+\nits trackers are .* and .*\ntype help/);
  await terminal.prompts();
  terminal.type(`sh${TAB}`);
  await terminal.until(/^share {2}show\nmtorrent> sh$/m);
  terminal.type(`o${TAB}`);
  await terminal.prompts('show ');
  terminal.type(`d${TAB}`);
  await terminal.prompts('show downloads ');
  terminal.type(ENTER);
  await terminal.until(/no files are shared or downloaded yet\nmtorrent>$/);

  // Only the .mtorrent is offered, with its spaces as this console reads them.
  terminal.type(`get tw${TAB}`);
  await terminal.prompts('get two\\ words/');
  terminal.type(TAB);
  await terminal.prompts('get two\\ words/a\\ film.mtorrent ');
  terminal.type(CTRL_C);
  await terminal.prompts();
  terminal.type(`share pl${TAB}`);
  await terminal.prompts('share plain.bin ');
  terminal.type(TAB);
  await terminal.prompts('share plain.bin plain.bin.mtorrent ');
  terminal.type(ENTER);
  await terminal.until(/sharing; give plain\.bin\.mtorrent/);
  await terminal.prompts();
  terminal.type(`remove ${TAB}`);
  await terminal.prompts('remove plain.bin ');
  // In the middle of a line, what is behind the cursor stays.
  terminal.type(`${CTRL_C}rest`);
  await terminal.prompts('rest');
  terminal.type(`${CTRL_A}sho${TAB}`);
  await terminal.until(
    (lines) => lines.at(-1) === 'mtorrent> show rest' && terminal.cursor.column === 'mtorrent> show '.length,
    'completed before the rest',
  );
});

test('lines of former runs come back, but for those that begin with a space', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { swarm, open } = staged;
  const first = open('me');
  await first.prompts();
  for (const [line, answer] of [
    ['show downloads', /no files are shared or downloaded yet\nmtorrent>$/],
    [' show shares', /no files are shared yet\nmtorrent>$/],
    ['limit', /up: no limit, down: no limit\nmtorrent>$/],
  ] as const) {
    first.type(line + ENTER);
    await first.until(answer);
  }
  first.type(`quit${ENTER}`);
  assert.equal(await first.exited, 0);
  const path = swarm.path('me.state/history');
  assert.equal(await readFile(path, 'utf8'), 'show downloads\nlimit\nquit\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  const second = open('me');
  await second.prompts();
  for (const wanted of ['quit', 'limit', 'show downloads']) {
    second.type(UP);
    await second.prompts(wanted);
  }
  second.type(CTRL_C);
  await second.prompts();
  second.type(CTRL_D);
  assert.equal(await second.exited, 0);
});

test('progress is drawn below what scrolls, and what is being typed stays as it is', async (t) => {
  const staged = await downloading(t);
  if (staged === undefined) return;
  const { terminal } = staged;
  // Longer than the terminal is wide, and the cursor in the midst of it.
  const typed = `show peers ${'x'.repeat(150)}`;
  terminal.type(typed);
  terminal.type(LEFT.repeat(30));
  for (let times = 0; times < 3; times += 1) {
    assert.equal(progressOf(await redrawn(terminal, typed)).length, 1, 'one line of progress');
  }
  terminal.type('Y');
  const whole = `mtorrent> ${typed.slice(0, -30)}Y${typed.slice(-30)}`;
  await terminal.until((lines) => {
    const { row, column } = terminal.cursor;
    return lines.slice(-2).join('') === whole && row === whole.slice(100) && column === whole.length - 100 - 30;
  }, 'a character in the middle, and the cursor behind it');
  terminal.type(ENTER);
  // What was entered stays, its answer follows, and of the progress nothing is left behind.
  const lines = await terminal.until(/FILE_NOT_FOUND[\s\S]*\nmtorrent>$/);
  assert.ok(lines.join('').includes(whole));
  const anew = await redrawn(terminal);
  assert.equal(progressOf(anew).length, 1);
  assert.equal(PROGRESS.test(anew.at(-2) ?? ''), true, 'directly above the prompt');

  // A cleared screen has both back.
  terminal.type(CTRL_L);
  await terminal.until(() => PROGRESS.test(terminal.screen[0] ?? '') && terminal.screen[1] === 'mtorrent>', 'cleared');

  // Names of running downloads, then the end: told above, and the progress goes.
  terminal.type(`pause ${TAB}`);
  await terminal.prompts('pause film.bin ');
  terminal.type(`${CTRL_C}limit down off${ENTER}`);
  await terminal.until(/complete: .*got\/film\.bin/, 'the end', 60_000);
  await terminal.until((now) => progressOf(now).length === 0 && now.at(-1) === 'mtorrent>', 'no progress is left');
});

test('a share that takes long shows how far its hashing is, goes on when nobody waits for it, and leaves nothing behind when the client ends', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { swarm, open } = staged;
  // A hole of a tebibyte: it takes minutes to hash, and no room.
  await writeFile(swarm.path('film.img'), '');
  await truncate(swarm.path('film.img'), 2 ** 40);
  const terminal = open('me');
  await terminal.prompts();
  terminal.type(`share film.img film.mtorrent${ENTER}`);
  const hashed = /^film\.img .*\/1\.0 TiB {2}hashing$/;
  const shows = (prompt: string) => (now: readonly string[]) => hashed.test(now.at(-2) ?? '') && now.at(-1) === prompt;
  await terminal.until(shows('  (busy)>'), 'how far it is');
  terminal.type(CTRL_C);
  await terminal.until(shows('mtorrent>'), 'it goes on');
  terminal.type(CTRL_D);
  assert.equal(await terminal.exited, 0);
  assert.equal(progressOf(await terminal.until(/mtorrent> quit\nBYE$/)).length, 0);
  assert.deepEqual(
    (await namesIn(swarm.directory)).filter((name) => name.startsWith('film')),
    ['film.img'],
  );
});

test('a terminal of 40 columns shows what matters, and a resize leaves no rest behind', async (t) => {
  const staged = await downloading(t);
  if (staged === undefined) return;
  const { terminal } = staged;
  terminal.type('show sh');
  await terminal.prompts('show sh');
  const wide = await redrawn(terminal, 'show sh');
  assert.match(progressOf(wide).join(), /[█░]+ {2}.*\/100\.0 MiB {2}↓ ?[\d.]+ .iB\/s {2}↑ .* 1 peer {2}ETA /);
  for (const [columns, rows] of [
    [40, 20],
    [60, 12],
    [40, 30],
    [100, 30],
  ] as const) {
    terminal.resize(columns, rows);
    // Until the program has drawn it anew, the terminal shows what it made of the former lines.
    const fits = (line = ''): boolean =>
      line.length < columns && /^film.* \d+\.\d % .*↓ ?[\d.]+ .iB\/s .*\d+:\d\d$/.test(line);
    await terminal.until(
      (now) => now.at(-1) === 'mtorrent> show sh' && progressOf(now).length === 1 && fits(now.at(-2)),
      `progress in ${columns} columns`,
    );
    const anew = await redrawn(terminal, 'show sh');
    assert.equal(progressOf(anew).length, 1, `${columns} columns`);
    assert.equal(anew.filter((line) => line.startsWith('mtorrent> show sh')).length, 1);
  }
  terminal.type(`ares${ENTER}`);
  await terminal.until(/mtorrent> show shares\nno files are shared yet\n.*%.*\nmtorrent>$/);
});

test('colours are for those who want them, and a terminal without a cursor gets a plain prompt', async (t) => {
  const staged = await downloading(t, { env: { NO_COLOR: '1' } });
  if (staged === undefined) return;
  const { terminal, open } = staged;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
  const colours = /\u001b\[[\d;]*m/;
  assert.doesNotMatch(terminal.raw, colours);
  const coloured = open('coloured');
  await coloured.prompts();
  assert.match(coloured.raw, colours);
  const plain = open('plain', ['--color', 'never'], { env: { FORCE_COLOR: '1' } });
  await plain.prompts();
  assert.doesNotMatch(plain.raw, colours);

  const dumb = open('dumb', [], { env: { TERM: 'dumb', LANG: 'C' } });
  await dumb.prompts();
  dumb.type(`show downloads${ENTER}`);
  await dumb.until(/mtorrent> show downloads\nno files are shared or downloaded yet\nmtorrent>$/);
  assert.equal(dumb.raw.includes('\u001b'), false);
  dumb.type(CTRL_D);
  assert.equal(await dumb.exited, 0);
  assert.match(dumb.lines.join('\n').trimEnd(), /\nmtorrent>\n+[^\n]*(?:BYE|off the trackers)[^\n]*$/i);

  // A locale without UTF-8.
  const ascii = open('ascii', ['--download-limit', '100K'], { env: { LANG: 'C' } });
  await ascii.prompts();
  ascii.type(`get film.mtorrent got/ascii.bin${ENTER}`);
  await ascii.until(/film\.bin .*\.\d % .* dn /);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything but ASCII
  assert.doesNotMatch(ascii.raw, /[^\u0000-\u007f]/);
});

test('Ctrl-C clears the line, stops waiting, asks, and quits when it is pressed again; Ctrl-D quits', async (t) => {
  const staged = await downloading(t);
  if (staged === undefined) return;
  const { terminal, open } = staged;
  terminal.type(`show downloads${LEFT}${LEFT}`);
  await terminal.until((lines) => lines.at(-1) === 'mtorrent> show downloads', 'the line');
  terminal.type(CTRL_C);
  await terminal.prompts();
  terminal.type(`wait${ENTER}`);
  await terminal.until(/\(busy\)>$/);
  terminal.type(CTRL_C);
  await terminal.prompts();
  assert.doesNotMatch(terminal.lines.join(), /again to quit/);
  terminal.type(CTRL_C);
  await terminal.until(/1 download is running; press Ctrl-C again to quit/);
  // A line in between is another matter: it asks again.
  terminal.type(`limit${ENTER}`);
  await terminal.until(/down: 2\.0 MiB\/s/);
  await terminal.prompts();
  terminal.type(CTRL_C);
  await terminal.until(/again to quit[\s\S]*again to quit/);
  assert.equal(await quitsByCtrlC(terminal), 0);
  const lines = await terminal.until(/mtorrent> quit\nBYE$/);
  assert.equal(progressOf(lines).length, 0);

  const other = open('other');
  await other.prompts();
  other.type(`x${CTRL_D}`);
  await other.prompts('x');
  other.type(`${CTRL_C}${CTRL_D}`);
  assert.equal(await other.exited, 0);
});

test('ten lines that are pasted run one after the other, each at its prompt', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const terminal = staged.open('me');
  await terminal.prompts();
  const rates = Array.from({ length: 10 }, (_, at) => at + 1);
  terminal.type(rates.map((rate) => `limit up ${rate}M\n`).join(''));
  const wanted = rates.map((rate) => `mtorrent> limit up ${rate}M\nup: ${rate}.0 MiB/s, down: no limit\n`).join('');
  const lines = await terminal.until(/up: 10\.0 MiB\/s.*\nmtorrent>$/);
  assert.ok(lines.join('\n').includes(wanted), lines.join('\n'));
});

test('S3: a name from elsewhere cannot act on the terminal', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { swarm, open } = staged;
  const evil = '\u001b]0;gotcha\u0007\u001b[2J\u202egpj';
  const good = await readFile(await create(swarm, await swarm.makeFile('good.bin', 9), 'good.mtorrent'), 'utf8');
  await writeFile(swarm.path('bad.mtorrent'), good.replace('good.bin', evil));
  await mkdir(swarm.path('dir'));
  await writeFile(swarm.path(`dir/a${evil}.mtorrent`), '');
  await writeFile(swarm.path('dir/b.mtorrent'), '');
  const terminal = open('me');
  await terminal.prompts();
  const seen: string[] = [];
  void terminal.title.then((title) => seen.push(title));
  terminal.type(`get bad.mtorrent .${ENTER}`);
  await terminal.until(/\\u\{1b\}\]0;gotcha\\u\{7\}[\s\S]*\nmtorrent>$/);
  terminal.type(`get dir/${TAB}`);
  await terminal.until(/a\\u\{1b\}\]0;gotcha[\s\S]*b\.mtorrent\nmtorrent> get dir\/$/);
  terminal.type(`a${TAB}`);
  await terminal.until((lines) => lines.at(-1) === 'mtorrent> get dir/a', 'it is not typed for us');
  assert.match(terminal.lines.join('\n'), /this client serves at/, 'nothing was cleared');
  assert.deepEqual(seen, []);
  const logs = (await namesIn(swarm.directory)).filter((name) => name.endsWith('.log'));
  assert.ok(logs.length > 0);
  for (const name of logs) {
    const text = await readFile(swarm.path(name), 'utf8');
    assert.deepEqual(text.match(/\p{Cf}|(?!\n)\p{Cc}/gu), null, name);
  }
});

test('a terminal that takes nothing more does not stop the client', async (t) => {
  const staged = await downloading(t);
  if (staged === undefined) return;
  const { terminal, swarm } = staged;
  await eventually(
    () => seederList(swarm, 0),
    (rows) => rows.length === 2,
    'both are listed',
  );
  terminal.freeze();
  // More than any pseudo-terminal holds.
  terminal.type(`help${ENTER}`.repeat(100));
  terminal.kill('SIGTERM');
  await eventually(
    () => seederList(swarm, 0),
    (rows) => rows.length === 1,
    'the client has left the tracker',
  );
  terminal.thaw();
  assert.equal(await terminal.exited, 143);
});
