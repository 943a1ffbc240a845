// A thread that a limit keeps from starting is told by that limit, not as a bug of ours.

import assert from 'node:assert/strict';
import test from 'node:test';
import { refuseWithoutRoom, shortageOf } from '../../../src/foundation/actor/thread-shortage.js';
import { failsWith } from '../../support/failures.js';

test('what keeps a thread from starting is told by the limit to raise; anything else is not', () => {
  const worker = (what: string) => Object.assign(new Error(what), { code: 'ERR_WORKER_INIT_FAILED' });
  for (const [error, words] of [
    [worker('Worker initialization failure: EMFILE'), /`ulimit -n`/],
    [new Error("EMFILE: too many open files, open '/x/peer.cjs'"), /`ulimit -n`/],
    [new Error('EAGAIN'), /`ulimit -u`/],
    [new Error('ENOMEM: not enough memory'), /no memory/],
  ] as const) {
    const shortage = shortageOf(error);
    assert.equal(shortage?.code, 'LIMIT_REACHED', error.message);
    assert.match(shortage?.message ?? '', words);
  }
  for (const error of [new Error('a bug'), new Error('NOT_EMFILES'), undefined])
    assert.equal(shortageOf(error), undefined);
});

test('threads for which a limit of this process has no room are refused before they are started', () => {
  const files = (limit: string, kibibytes: number, open = 1_024) => ({
    limits: () =>
      `Max stack size  8388608  unlimited  bytes\nMax open files     ${open}   4096   files\nMax address space         ${limit}      unlimited   bytes\n`,
    status: () => `VmPeak:\t 9 kB\nVmSize:\t  ${kibibytes} kB\n`,
  });
  refuseWithoutRoom(4, files('unlimited', 1_600_000));
  refuseWithoutRoom(4, files(String(4_500_000 * 1_024), 1_600_000));
  refuseWithoutRoom(4, { limits: () => '', status: () => '' });
  assert.throws(
    () => refuseWithoutRoom(4, files(String(3_900_000 * 1_024), 1_600_000)),
    failsWith('LIMIT_REACHED', 'may use 3.7 GiB of addresses', '`ulimit -v` to 3959296 or more'),
  );
  refuseWithoutRoom(4, files('unlimited', 0, 54));
  assert.throws(
    () => refuseWithoutRoom(4, files('unlimited', 0, 53)),
    failsWith('LIMIT_REACHED', 'may open 53 files', 'needs 54; raise `ulimit -n`'),
  );
  refuseWithoutRoom(1);
});
