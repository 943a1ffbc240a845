// The screen against a terminal emulator: whatever is typed, printed and under way, everything that was printed stands
// above in its order and nothing else does, and below it are progress and prompt as they should be.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import headless from '@xterm/headless';
import fc from 'fast-check';
import { TYPED_AHEAD_MAX } from '../../../src/app/console/limits.js';
import { Screen } from '../../../src/app/console/terminal/screen.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { cases } from '../../support/cases.js';

const PROMPT = 'mtorrent> ';

interface Stage {
  readonly screen: Screen;
  readonly keys: (text: string) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Lines as they were written, wrapped ones joined. */
  readonly lines: () => Promise<readonly string[]>;
  readonly entered: string[];
  readonly letGo: () => number;
  readonly ended: () => boolean;
}

/** @param answers whether a line is dealt with at once. */
async function stage(columns: number, rows: number, answers = true): Promise<Stage> {
  const emulator = new headless.Terminal({
    cols: columns,
    rows,
    scrollback: 9_999,
    allowProposedApi: true,
    convertEol: true,
  });
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { columns, rows });
  output.on('data', (bytes: Buffer) => emulator.write(bytes));
  const screen = new Screen(input, output, { runningCount: () => 2 });
  const entered: string[] = [];
  let [letGo, ended] = [0, false];
  screen.open({
    onLine: (line) => {
      entered.push(line);
      if (!answers) return;
      if (line !== '') screen.print(`answer to ${line}`);
      screen.ready();
    },
    onEnd: () => {
      ended = true;
    },
    onStopWaiting: () => {
      letGo += 1;
      screen.ready();
    },
  });
  const settled = async (): Promise<void> => {
    const written = deferred<void>();
    setImmediate(() => setImmediate(() => emulator.write('', () => written.resolve())));
    await written.promise;
  };
  await settled();
  await settled();
  return {
    screen,
    entered,
    letGo: () => letGo,
    ended: () => ended,
    keys: async (text) => {
      input.write(text);
      await settled();
    },
    resize: async (cols, rowCount) => {
      emulator.resize(cols, rowCount);
      Object.assign(output, { columns: cols, rows: rowCount });
      output.emit('resize');
      await settled();
    },
    lines: async () => {
      await settled();
      const { active } = emulator.buffer;
      const lines: string[] = [];
      for (let at = 0; at < active.length; at += 1) {
        const row = active.getLine(at);
        let text = row?.translateToString(false) ?? '';
        // A wide character that did not fit at the end of a row left its last cell empty; the second half of one that
        // did has no width.
        const last = row?.getCell(row.length - 1);
        const isCut = active.getLine(at + 1)?.isWrapped === true && last?.getChars() === '' && last.getWidth() === 1;
        if (isCut) text = text.slice(0, -1);
        if (row?.isWrapped === true) lines.push((lines.pop() ?? '') + text);
        else lines.push(text);
      }
      while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
      return lines.map((line) => line.trimEnd());
    },
  };
}

const drawn = (mark: string) => (columns: number, rows: number) =>
  Array.from({ length: Math.min(2, rows) }, (_, at) => {
    const text = `[progress ${mark}.${at}]`.slice(0, columns);
    return { text, width: text.length };
  });

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('keys' as const), keys: fc.stringMatching(/^[a-z ]{1,45}$/) }),
    fc.record({
      kind: fc.constant('keys' as const),
      keys: fc.constantFrom('\r', '\u001b[D', '\u001b[D'.repeat(20), '\u0001', '\u0005', '\u007f', '\u0003', '漢字'),
    }),
    fc.record({ kind: fc.constant('print' as const), text: fc.stringMatching(/^[A-Z]{1,70}$/) }),
    fc.record({ kind: fc.constant('progress' as const), on: fc.boolean() }),
  ),
  { maxLength: 25 },
);

const typedAt24 = (...all: readonly string[]): [{ kind: 'keys'; keys: string }[], number] => [
  all.map((keys) => ({ kind: 'keys', keys })),
  24,
];
const WIDE_BEYOND_THE_EDGE = typedAt24('漢字', '\u001b[D'.repeat(20), '  a a  aa  ');
const WIDE_AT_THE_EDGE = typedAt24(' aaaa   a ', '漢字');

test('what was printed and entered scrolls in order; below it are progress, prompt and what is typed, and nothing else', async () => {
  const everything = fc.asyncProperty(steps, fc.integer({ min: 24, max: 60 }), async (all, columns) => {
    const at = await stage(columns, 14);
    const wanted: string[] = [];
    let [left, right] = ['', ''];
    let mark = 0;
    let isShown = false;
    for (const step of all) {
      if (step.kind === 'print') {
        at.screen.print(step.text);
        wanted.push(step.text);
      } else if (step.kind === 'progress') {
        mark += 1;
        isShown = step.on;
        at.screen.progress(step.on ? drawn(String(mark)) : undefined);
      } else {
        const { keys } = step;
        const line = left + right;
        // An empty line asks whether to quit, which is another test's matter.
        if (keys === '\u0003' && line === '') continue;
        await at.keys(keys);
        if (keys === '\r') {
          wanted.push((PROMPT + line).trimEnd());
          if (line !== '') wanted.push(`answer to ${line}`.trimEnd());
          [left, right] = ['', ''];
        } else if (keys === '\u0003') [left, right] = ['', ''];
        else if (keys === '\u0001') [left, right] = ['', line];
        else if (keys === '\u0005') [left, right] = [line, ''];
        else if (keys === '\u007f') left = [...left].slice(0, -1).join('');
        else if (keys.startsWith('\u001b')) {
          const moved = [...left].slice(-keys.length / 3).join('');
          [left, right] = [left.slice(0, left.length - moved.length), moved + right];
        } else left += keys;
      }
      const progress: readonly string[] = isShown ? drawn(String(mark))(columns, 14).map(({ text }) => text) : [];
      assert.deepEqual(await at.lines(), [...wanted, ...progress, (PROMPT + left + right).trimEnd()]);
    }
    at.screen.close();
    assert.deepEqual(await at.lines(), wanted);
  });
  await fc.assert(everything, { numRuns: cases(60), examples: [WIDE_BEYOND_THE_EDGE, WIDE_AT_THE_EDGE] });
});

test('a resize leaves neither more nor less than there was', async () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 24, max: 120 }), fc.integer({ min: 8, max: 30 })), {
    maxLength: 6,
  });
  const everything = fc.asyncProperty(sizes, async (all) => {
    const at = await stage(100, 20);
    at.screen.print('printed before');
    at.screen.progress(drawn('a mark that is longer than some of the terminals are wide'));
    await at.keys('typed');
    for (const [columns, rows] of all) {
      await at.resize(columns, rows);
      const lines = await at.lines();
      assert.equal(lines[0], 'printed before');
      assert.equal(lines.length, 4, lines.join('\n'));
      assert.equal(lines.at(-1), `${PROMPT}typed`);
    }
    at.screen.close();
  });
  await fc.assert(everything, { numRuns: cases(40) });
});

test('lines typed while a command runs wait for it, and are bounded', async () => {
  const at = await stage(80, 20, false);
  await at.keys('first\rsecond\rthird\r');
  assert.deepEqual(at.entered, ['first']);
  await at.keys('half');
  assert.deepEqual(await at.lines(), [`${PROMPT}first`, '  (busy)> half']);
  at.screen.print('done');
  at.screen.ready();
  assert.deepEqual(await at.lines(), [`${PROMPT}first`, 'done', `${PROMPT}second`, '  (busy)> half']);
  assert.deepEqual(at.entered, ['first', 'second']);
  await at.keys('\u0003');
  for (let line = 0; line <= TYPED_AHEAD_MAX; line += 1) await at.keys('x\r');
  assert.match((await at.lines()).join('\n'), /1000 lines are already waiting/);
  // Ctrl-C on an empty line lets go of what runs, and of what waits.
  await at.keys('\u0003');
  assert.equal(at.letGo(), 1);
  assert.equal((await at.lines()).at(-1), PROMPT.trimEnd());
  assert.deepEqual(at.entered, ['first', 'second']);
  at.screen.close();
});

test('Ctrl-C on an empty line asks how many downloads are to go on, and once more quits; a CR LF enters one line', async () => {
  const at = await stage(80, 20);
  await at.keys('one\r\n\u0003');
  assert.deepEqual((await at.lines()).slice(-2), [
    '2 downloads are running; press Ctrl-C again to quit',
    PROMPT.trimEnd(),
  ]);
  await at.keys('x\u0003');
  assert.equal(at.ended(), false);
  await at.keys('\u0003\u0003');
  assert.equal(at.ended(), true);
  assert.equal((await at.lines()).at(-1), `${PROMPT}quit`);
  assert.deepEqual(at.entered, ['one']);
  at.screen.print('BYE');
  at.screen.close();
  assert.deepEqual((await at.lines()).slice(-2), [`${PROMPT}quit`, 'BYE']);
});
