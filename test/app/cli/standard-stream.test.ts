// Words of a command line that begin with a dash and are no options.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hideDashes, showDash, showDashes } from '../../../src/app/cli/standard-stream.js';

test('what stands behind -- begins with a dash for nobody but its reader, and -- itself is gone', () => {
  const words = ['get', '--quiet', '-', '--', '--help', '-', 'plain', '--'];
  const hidden = hideDashes(words);
  assert.deepEqual(
    hidden.filter((word) => word.startsWith('-')),
    ['--quiet'],
  );
  assert.deepEqual(hidden.map(showDash), ['get', '--quiet', '-', '--help', '-', 'plain', '--']);
  assert.deepEqual(hideDashes(['get', 'x']), ['get', 'x']);
});

test('every argument that was read is what the user wrote, alone or in a list', () => {
  const read: Record<string, unknown> = {
    _: ['get', 1],
    file: '\0--help',
    only: ['\0-', 'a'],
    count: 7,
    none: undefined,
  };
  showDashes(read);
  assert.deepEqual(read, { _: ['get', 1], file: '--help', only: ['-', 'a'], count: 7, none: undefined });
});
