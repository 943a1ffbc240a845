// Every example that `--help` shows, and every command line of the README, is one that the program takes: its words parse. What the
// words do is tested where they are run.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Argv } from 'yargs';
import yargs from 'yargs';
import { declare } from '../../src/command/commands.js';
import { splitWords } from '../../src/console/words.js';

const ROOT = new URL('../../..', import.meta.url).pathname;

/** Command lines of the declarations' examples, `$0` left out. */
function helpExamples(): readonly string[] {
  const found: string[] = [];
  const listen = (parser: Argv): Argv =>
    new Proxy({} as Argv, {
      get:
        (_, name) =>
        (...words: readonly unknown[]) => {
          if (name === 'example') found.push(String(words[0]));
          const builder = name === 'command' ? words[2] : undefined;
          if (typeof builder === 'function') builder(listen(parser));
          return listen(parser);
        },
    });
  declare(listen({} as Argv), () => Promise.resolve());
  // One may stand within a line of the shell: eval "$($0 …)".
  return found.map((line) => /\$0 ?([^)|>]*)/.exec(line)?.[1] ?? line);
}

/** Lines `$ mtorrent …` of the README, without the redirections of a shell. */
function readmeLines(): readonly string[] {
  const text = readFileSync(`${ROOT}/README.md`, 'utf8');
  return [...text.matchAll(/^\$ (?:[^\n]*\| )?mtorrent ?([^\n|<>&]*)/gm)].map(([, line = '']) => line.trim());
}

/** The reason why the program does not take a line; undefined when it would run its command. */
async function refusal(line: string): Promise<string | undefined> {
  const split = splitWords(line, '/home/ada');
  if (split.kind === 'unclosed') return 'a quote is open';
  let reached = false;
  let refused: string | undefined;
  const parser = yargs([...split.words])
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      refused = message ?? error?.message ?? 'it was refused';
    });
  declare(parser, () => {
    reached = true;
    return Promise.resolve();
  });
  await parser.parseAsync();
  return refused ?? (reached ? undefined : 'no command was reached');
}

test('the examples of --help parse', async () => {
  const examples = helpExamples();
  assert.ok(examples.length >= 6, `only ${examples.length} were found`);
  for (const line of examples) assert.equal(await refusal(line), undefined, `mtorrent ${line}`);
});

test('the command lines of the README parse', async () => {
  const lines = readmeLines();
  assert.ok(lines.length >= 6, `only ${lines.length} were found`);
  for (const line of lines) assert.equal(await refusal(line), undefined, `mtorrent ${line}`);
});

test('a line that is wrong is found', async () => {
  for (const line of ['get', 'client 127.0.0.1:1', 'get x.mtorrent --no-such-flag', 'verify "x', 'tracker a b c d e'])
    assert.notEqual(await refusal(line), undefined, line);
});
