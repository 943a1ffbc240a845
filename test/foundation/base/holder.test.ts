// A pid alone says little: whoever is refused a lock is told where to look for it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Holder, holderLine, nameOf, parseHolder, thisProcess } from '../../../src/foundation/base/holder.js';

const SELF: Holder = { pid: 7, host: 'here', boot: 'boot-1', pidNamespace: 'pid:[1]' };

test('a holder is named by its pid, its container or its host, whichever tells it apart', () => {
  const said = (holder: Partial<Holder>): string => nameOf(parseHolder(holderLine({ ...SELF, ...holder }), SELF), SELF);
  assert.equal(said({ pid: 9 }), 'process 9');
  assert.match(said({ pid: 1, host: 'pod-a', pidNamespace: 'pid:[2]' }), /process 1 of another pid namespace .*pod-a/);
  assert.equal(said({ pid: 9, host: 'there', boot: 'boot-2', pidNamespace: 'pid:[3]' }), 'process 9 on host there');
  assert.equal(nameOf(undefined, SELF), 'another process');
});

test('what 0.1 says of itself is understood, and 0.1 understands what this version says', () => {
  assert.equal(nameOf(parseHolder('123\n', SELF), SELF), 'process 123');
  assert.equal(Number.parseInt(holderLine(thisProcess()).slice(0, 16), 10), process.pid);
});

test('a line that names no process, or would act on the terminal, names nobody', () => {
  for (const line of ['', 'abc', '-1', '0', '99999999999', '7x here']) assert.equal(parseHolder(line, SELF), undefined);
  const evil = parseHolder('7 a\u001b[31m\u202eb boot-2 x', SELF);
  assert.equal(evil?.host, 'a[31mb');
});
