// Where config files are looked for, and where state, socket and downloads are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Environment, placesOf } from '../../../src/app/settings/places.js';

const base = { home: { path: '/home/ada' }, directory: '/desk' };
const DEFAULT_FILES = [
  '/home/ada/.config/mtorrent/config.toml',
  '/etc/xdg/mtorrent/config.toml',
  '/etc/mtorrent/config.toml',
];

test('config files: the user first, then the system, then /etc; a named one replaces them all', () => {
  const cases: readonly (readonly [Environment, string | undefined, readonly string[]])[] = [
    [{}, undefined, DEFAULT_FILES],
    [{ XDG_CONFIG_HOME: '', XDG_CONFIG_DIRS: '', MTORRENT_CONFIG: '' }, undefined, DEFAULT_FILES],
    [{ XDG_CONFIG_HOME: 'relative' }, undefined, DEFAULT_FILES],
    [{ XDG_CONFIG_HOME: '/c' }, undefined, ['/c/mtorrent/config.toml', ...DEFAULT_FILES.slice(1)]],
    [
      { XDG_CONFIG_DIRS: '/one:two:/three:' },
      undefined,
      [DEFAULT_FILES[0] ?? '', '/one/mtorrent/config.toml', '/three/mtorrent/config.toml', '/etc/mtorrent/config.toml'],
    ],
    [{ XDG_CONFIG_DIRS: '/etc' }, undefined, [DEFAULT_FILES[0] ?? '', '/etc/mtorrent/config.toml']],
    [{ MTORRENT_CONFIG: 'my.toml' }, undefined, ['/desk/my.toml']],
    [{ MTORRENT_CONFIG: '/v.toml' }, '~/f.toml', ['/home/ada/f.toml']],
  ];
  for (const [env, named, files] of cases) {
    const places = placesOf(env, base, named);
    assert.deepEqual(places.configFiles, files);
    assert.equal(places.isConfigNamed, named !== undefined || !!env['MTORRENT_CONFIG']);
  }
});

test('state, socket and downloads follow their variables when these are absolute', () => {
  const cases: readonly (readonly [Environment, string, string, string])[] = [
    [{}, '/home/ada/.local/state/mtorrent', '/home/ada/.local/state/mtorrent/client.sock', '/desk'],
    [{ XDG_STATE_HOME: '/s' }, '/s/mtorrent', '/s/mtorrent/client.sock', '/desk'],
    [
      { XDG_STATE_HOME: 's', XDG_RUNTIME_DIR: '/run/user/1' },
      '/home/ada/.local/state/mtorrent',
      '/run/user/1/mtorrent/client.sock',
      '/desk',
    ],
    [{ XDG_DOWNLOAD_DIR: '/d', XDG_STATE_HOME: '/s' }, '/s/mtorrent', '/s/mtorrent/client.sock', '/d'],
  ];
  for (const [env, state, socket, downloads] of cases) {
    const places = placesOf(env, base);
    assert.deepEqual([places.stateDirectory, places.socket, places.downloadDirectory], [state, socket, downloads]);
  }
});
