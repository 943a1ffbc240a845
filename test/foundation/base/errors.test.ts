// Codes and exit codes are a contract with scripts.

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import test from 'node:test';
import { ERROR_CODES, exitCodeOf, isErrorCode } from '../../../src/foundation/base/error-codes.js';
import { errnoOf, fileError, MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { failsWith } from '../../support/failures.js';

/** Of a program whose reader has gone, as shells give it: 128 and the signal's number. */
const SIGPIPE_CODE = 128 + constants.signals.SIGPIPE;

test('every code has an exit code that a shell can tell from success', () => {
  for (const code of ERROR_CODES) assert.ok(exitCodeOf(code) >= 1 && exitCodeOf(code) <= SIGPIPE_CODE, code);
  assert.equal(isErrorCode('toString'), false);
});

test('a system error becomes one sentence that names the file and keeps its cause', () => {
  const system = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  const error = fileError(system, '/data/x');
  assert.equal(failsWith('DISK_FULL', '/data/x', 'free some space')(error), true);
  assert.equal(error.cause, system);
  failsWith('IO_ERROR', '/data/x', 'EIO')(fileError(Object.assign(new Error('bad disk'), { code: 'EIO' }), '/data/x'));
});

test('what is not a system error is never turned into one', () => {
  const bug = new TypeError('x is not a function');
  assert.throws(() => fileError(bug, '/data/x'), bug);
  const named = new MiniTorrentError('NOT_A_FILE', 'it is a directory');
  assert.equal(fileError(named, '/data/x'), named);
});

test('an exceeded quota is a full disk, though Node has no name for it', () => {
  const unknown = { errno: -constants.errno.EDQUOT, syscall: 'write' };
  for (const code of ['UNKNOWN', `Unknown system error -${constants.errno.EDQUOT}`]) {
    const error = Object.assign(new Error(`${code}: unknown error, write`), { ...unknown, code });
    assert.equal(errnoOf(error), 'EDQUOT');
    assert.equal(fileError(error, 'a.bin').code, 'DISK_FULL');
  }
});

test('a path that is too long is told from a name that is, and what is wrong with it is not cut off', () => {
  const tooLong = Object.assign(new Error('too long'), { code: 'ENAMETOOLONG' });
  const path = `/data/${'directory/'.repeat(500)}x.bin`;
  const { message } = fileError(tooLong, path);
  assert.ok(message.startsWith('/data/directory/'));
  assert.ok(Buffer.byteLength(message) < 1_000);
  assert.match(message, /is longer than the 4095 bytes that a path may have; choose a directory with a shorter path$/);
  assert.match(
    fileError(tooLong, `/data/${'n'.repeat(300)}`).message,
    /name for its file system; name a shorter one at/,
  );
  assert.match(fileError(tooLong, `/data/${'n'.repeat(300)}.mtorrent`).message, /name a shorter one: with -o, or at a/);
});
