// Which places a command is refused for when their disk does not answer.

import assert from 'node:assert/strict';
import test from 'node:test';
import { placesNamed } from '../../../src/app/cli/hung-places.js';

test('every word that may be a path, the value of an option and the homes of a user are places that a command touches', () => {
  const words = ['get', 'x.mtorrent', '/far/out', '--state-dir=/far/state', '--log', 'l.log', ''];
  const env = { HOME: '/home/ada', XDG_STATE_HOME: 'relative', XDG_CONFIG_HOME: '/far/config' };
  const places = placesNamed(words, env, '/here');
  for (const place of ['/here/x.mtorrent', '/far/out', '/far/state', '/here/l.log', '/home/ada', '/far/config'])
    assert.ok(places.includes(place), place);
  assert.ok(!places.includes('relative'));
});

test('a folder that is to be watched may be away, and without a current directory only whole paths are places', () => {
  const words = ['daemon', '--watch-dir', '/far/in', '--watch-dest=/far/out', 'x'];
  assert.deepEqual(placesNamed(words, {}, '/here'), ['/here/daemon', '/here/x']);
  assert.deepEqual(placesNamed(['share', 'a', '/b/c'], {}, undefined), ['/b/c']);
});
