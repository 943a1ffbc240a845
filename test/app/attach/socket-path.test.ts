// A path that is longer than the kernel has room for is refused in time, with its length, instead of being cut.

import assert from 'node:assert/strict';
import test from 'node:test';
import { usableSocketPath } from '../../../src/app/attach/socket-path.js';
import { SOCKET_PATH_BYTES_MAX } from '../../../src/foundation/base/limits.js';
import { failsWith } from '../../support/failures.js';

test('a path may be as long as a socket can have it, counted in bytes', () => {
  const longest = `/${'é'.repeat((SOCKET_PATH_BYTES_MAX - 1) / 2)}`;
  assert.equal(Buffer.byteLength(longest), SOCKET_PATH_BYTES_MAX);
  assert.equal(usableSocketPath(longest), longest);
  const refused = failsWith('INVALID_ARGUMENTS', `${SOCKET_PATH_BYTES_MAX + 1} bytes`, '--socket', 'MTORRENT_SOCKET');
  assert.throws(() => usableSocketPath(`${longest}x`), refused);
});
