// No example of `--help`, of the console's `help` or of the README is without its test: those are typed in
// `examples.long.test.ts`, what the README shows is played in `readme.long.test.ts`. Benchmarks are run as far as their
// options only, since timings do not belong in tests.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SESSION, SHARED, STAGED } from '../support/example-stages.js';
import {
  consoleExamples,
  consoleForms,
  everyExample,
  helpExamples,
  overviewExamples,
  ROOT,
} from '../support/examples.js';

const COMMANDS_OF_README = 10;

test('every example has its stage, and every stage only examples', () => {
  assert.ok(overviewExamples().length >= 3 && helpExamples().length >= 15 && consoleForms().length >= 20);
  const typed = new Set([...SHARED, ...SESSION].map(([line]) => `mtorrent> ${line}`));
  const found = everyExample();
  assert.ok(found.filter((line) => line.startsWith('npm')).length >= COMMANDS_OF_README);
  const unknown = found.filter((line) => !Object.hasOwn(STAGED, line) && !typed.has(line));
  assert.deepEqual(unknown, [], 'no stage runs these examples; give each its row in test/support/example-stages.ts');
  const gone = Object.keys(STAGED).filter((line) => !found.includes(line));
  assert.deepEqual(gone, [], 'nobody shows these any more; remove their rows');
});

test('the examples of help of a console are in its session, and so is every command that it lists', () => {
  const typed = [...SHARED, ...SESSION].map(([line]) => line);
  const examples = consoleForms().flatMap((form) => consoleExamples(form.split(' ')[0] ?? ''));
  assert.deepEqual(
    examples.filter((line) => !typed.includes(line)),
    [],
  );
  const untried = consoleForms().filter((form) => !typed.some((line) => likeForm(form).test(line)));
  assert.deepEqual(untried, [], 'commands of the console that no line tries');
});

/** `show peers <name>` as lines that mean it. */
function likeForm(form: string): RegExp {
  const text = form
    .replaceAll('.', '\\.')
    .replace(/<[\w-]+>/g, '.+')
    .replace(/ \[([^\]]+)\]/g, '( $1)?');
  return new RegExp(`^${text.replace('command', '\\w+')}$`);
}

test('a line for npm is a script of the package; a benchmark exists, with its options', async () => {
  const { scripts } = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  // `npm start` and `npm run demo` are `mtorrent` and `mtorrent demo`, which are run as such.
  assert.equal(scripts['start'], 'node dist/bundle/mtorrent.cjs');
  assert.equal(scripts['demo'], 'node dist/bundle/mtorrent.cjs demo');
  const help = spawnSync(process.execPath, [`${ROOT}/dist/bench/main.js`, '--help'], { encoding: 'utf8' });
  assert.equal(help.status, 0, help.stderr);
  for (const line of Object.keys(STAGED).filter((each) => STAGED[each]?.stage === 'npm')) {
    const [, script = '', , name, ...words] = line.replace(/^npm run /, 'npm ').split(' ');
    assert.ok(scripts[script] !== undefined, `${line}: package.json has no script ${script}`);
    if (script !== 'bench') continue;
    const usage = help.stderr.split('\n').find((each) => each.startsWith(`  ${name} `));
    assert.ok(usage !== undefined, `${line}: there is no benchmark ${name}`);
    const unknown = words.filter((word) => /^[-a-z]/.test(word)).find((word) => !usage.includes(word));
    assert.equal(unknown, undefined, `${line}: the benchmark knows no ${unknown}`);
  }
});

test('what another test runs is there', async () => {
  for (const [line, { by }] of Object.entries(STAGED)) {
    if (by === undefined) continue;
    assert.match(await readFile(`${ROOT}/${by}`, 'utf8'), new RegExp(line.replace(/^mtorrent /, '\\b')), line);
  }
});
