// Every example of the documentation is a line that the program, or its console, takes: its words parse. Where they can
// be typed they are (`test/e2e/examples.long.test.ts`, `test/e2e/readme.long.test.ts`); this holds everywhere, and for
// the manual's examples, too.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import yargs from 'yargs';
import { declare } from '../../../src/app/cli/commands.js';
import { parseLine, splitWords } from '../../../src/app/console/language/line.js';
import { describedExamples, everyExample, ROOT } from '../../support/examples.js';

const HOME = '/home/ada';
const PROMPT = 'mtorrent> ';

/** Lines `$ mtorrent …` of the manual. */
function manualExamples(): readonly string[] {
  const pages = ['mtorrent.1', 'mtorrent-tracker.8'].map((name) => readFileSync(`${ROOT}/docs/man/${name}`, 'utf8'));
  return pages.flatMap((page) => [...page.matchAll(/^(?:\.Dl )?\$ (mtorrent.*)$/gm)].map(([, line = '']) => line));
}

/** The program's own words in a line for a shell. */
function wordsOf(line: string): string {
  return /(?:^|[ (])mtorrent\b ?([^)|<>&]*)/.exec(line)?.[1] ?? line;
}

/** The reason why the program does not take a line; undefined when it would run its command. */
async function refusal(line: string): Promise<string | undefined> {
  if (line.startsWith(PROMPT)) {
    const parsed = parseLine(line.slice(PROMPT.length), { directory: HOME, home: HOME });
    return parsed.kind === 'mistake' ? parsed.sentence : undefined;
  }
  const split = splitWords(wordsOf(line), HOME);
  if (split.kind === 'unclosed') return 'a quote is open';
  let reached = false;
  let refused: string | undefined;
  const parser = yargs([...split.words])
    .strict()
    .exitProcess(false)
    .help(false)
    .fail((message, error) => {
      refused = message ?? error?.message ?? 'it was refused';
    });
  declare(parser, () => {
    reached = true;
  });
  await parser.parseAsync();
  return refused ?? (reached ? undefined : 'no command was reached');
}

test('the examples of --help, of the console, the README and the manual parse', async () => {
  const examples = [...everyExample(), ...manualExamples()].filter((line) => !/^npm |--help$/.test(line));
  assert.ok(manualExamples().length >= 8 && examples.length >= 50, `only ${examples.length} were found`);
  for (const line of examples) assert.equal(await refusal(line), undefined, line);
});

test('X13: no example of a help text is broken: one that is described has room beside its description', () => {
  const examples = describedExamples();
  assert.ok(examples.length >= 10, `only ${examples.length} were found`);
  for (const [line, description] of examples) assert.ok(description === '' || line.length <= 54, line);
});

test('a line that is wrong is found', async () => {
  for (const words of ['get', 'client 127.0.0.1:1', 'get x.mtorrent --no-such-flag', 'verify "x', 'tracker a b c d e'])
    assert.notEqual(await refusal(`mtorrent ${words}`), undefined, words);
  for (const line of ['get x.mtorrent', 'limit sideways 1M', 'sing'])
    assert.ok(await refusal(`${PROMPT}${line}`), line);
});
