// The catalogue of planted defects must fit the code at all times: `npm run mutants`, which plants them, is not a part
// of every test run.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { CATALOGUE } from './catalogue.js';

const ROOT = new URL('../../..', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

for (const { name, file, right, wrong, test: path, rule } of CATALOGUE) {
  test(`the defect "${name}" can be planted, and the test that notices it exists`, () => {
    assert.equal(textOf(file).split(right).length - 1, 1, `its text is not in ${file} once; adapt the catalogue`);
    assert.notEqual(wrong, right);
    // From its beginning: a test that got a number in front of its name has another one.
    const isThere = ["'", '"', '`'].some((quote) => textOf(path).includes(quote + rule));
    assert.ok(isThere, `${path} has no test "${rule}"; adapt the catalogue`);
  });
}

test('each defect has a name of its own', () => {
  assert.equal(new Set(CATALOGUE.map(({ name }) => name)).size, CATALOGUE.length);
});
