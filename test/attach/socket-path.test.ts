// Where the socket is: --socket before the environment, the environment before the XDG places; and never longer than a
// socket's path may be.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type SocketPlaces, socketPath } from '../../src/attach/socket-path.js';
import { SOCKET_PATH_BYTES_MAX } from '../../src/base/limits.js';
import { failsWith } from '../support/failures.js';

const AT = { home: '/home/ann', directory: '/work' };

function check(rule: string, places: Pick<SocketPlaces, 'asked' | 'env'>, expected: string): void {
  test(rule, () => assert.equal(socketPath({ ...AT, ...places }), expected));
}

check(
  'what --socket says is first, relative to where one is',
  { asked: 'a.sock', env: { MTORRENT_SOCKET: '/x/b.sock', XDG_RUNTIME_DIR: '/run/user/1' } },
  '/work/a.sock',
);
check('then the environment', { env: { MTORRENT_SOCKET: '/x/b.sock', XDG_RUNTIME_DIR: '/run/user/1' } }, '/x/b.sock');
check(
  'then the runtime directory',
  { env: { XDG_RUNTIME_DIR: '/run/user/1', XDG_STATE_HOME: '/s' } },
  '/run/user/1/mtorrent/client.sock',
);
check('without one the state home', { env: { XDG_STATE_HOME: '/s' } }, '/s/mtorrent/client.sock');
check('and its default', { env: {} }, '/home/ann/.local/state/mtorrent/client.sock');
check(
  'a place that is not absolute does not count, as the XDG specification has it',
  { env: { XDG_RUNTIME_DIR: 'run', XDG_STATE_HOME: 's' } },
  '/home/ann/.local/state/mtorrent/client.sock',
);

test('a path that a socket cannot have is refused with its length, in bytes', () => {
  const longest = `/${'é'.repeat((SOCKET_PATH_BYTES_MAX - 1) / 2)}`;
  assert.equal(socketPath({ ...AT, env: {}, asked: longest }), longest);
  const refused = failsWith('INVALID_ARGUMENTS', `${SOCKET_PATH_BYTES_MAX + 1} bytes`, '--socket');
  assert.throws(() => socketPath({ ...AT, env: {}, asked: `${longest}x` }), refused);
  assert.throws(
    () => socketPath({ ...AT, env: { XDG_RUNTIME_DIR: `/${'r'.repeat(200)}` } }),
    failsWith('INVALID_ARGUMENTS', 'MTORRENT_SOCKET'),
  );
  assert.throws(() => socketPath({ ...AT, env: {}, asked: '' }), failsWith('INVALID_ARGUMENTS'));
});
