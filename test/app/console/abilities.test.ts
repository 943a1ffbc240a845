// What a terminal can do is read from the environment alone, as other programs of a terminal read it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { abilitiesOf, type ColourSetting, type Environment } from '../../../src/app/console/terminal/abilities.js';

function check(env: Environment, wanted: string, platform: NodeJS.Platform = 'linux', isTTY = true): void {
  const { cursor, colour, unicode } = abilitiesOf(env, isTTY, platform);
  const can = [cursor ? 'cursor' : '', colour ? 'colour' : '', unicode ? 'unicode' : ''].filter((one) => one !== '');
  assert.equal(can.join(' '), wanted, JSON.stringify({ env, platform, isTTY }));
}

test('the character set is that of the locale, as the C library finds it', () => {
  check({}, 'cursor colour');
  check({ LANG: 'en_US.UTF-8' }, 'cursor colour unicode');
  check({ LANG: 'de_DE.utf8' }, 'cursor colour unicode');
  check({ LANG: 'de_DE.ISO-8859-1' }, 'cursor colour');
  check({ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'cursor colour');
  check({ LANG: 'C', LC_CTYPE: 'C.UTF-8' }, 'cursor colour unicode');
  check({ LANG: 'C.UTF-8', LC_ALL: '' }, 'cursor colour unicode');
  check({ LANG: 'C.UTF-8', TERM: 'linux' }, 'cursor colour');
  check({}, 'cursor colour unicode', 'darwin');
  check({ LC_ALL: 'C' }, 'cursor colour', 'darwin');
});

test('NO_COLOR takes the colours, FORCE_COLOR decides before it', () => {
  check({ NO_COLOR: '1' }, 'cursor');
  check({ NO_COLOR: '' }, 'cursor colour');
  check({ NO_COLOR: '1', FORCE_COLOR: '1' }, 'cursor colour');
  check({ FORCE_COLOR: '0' }, 'cursor');
  check({ FORCE_COLOR: 'false' }, 'cursor');
  check({ FORCE_COLOR: '' }, 'cursor colour');
});

test('the setting decides before the environment', () => {
  const colour = (env: Environment, wish: ColourSetting): boolean => abilitiesOf(env, true, 'linux', wish).colour;
  assert.equal(colour({ FORCE_COLOR: '1' }, 'never'), false);
  assert.equal(colour({ NO_COLOR: '1', TERM: 'dumb' }, 'always'), true);
  assert.equal(colour({ NO_COLOR: '1' }, 'auto'), false);
  assert.equal(colour({}, 'auto'), true);
});

test('a dumb terminal, and what is no terminal, has nothing unless it is forced', () => {
  check({ TERM: 'dumb' }, '');
  check({ TERM: 'dumb', FORCE_COLOR: '3' }, 'colour');
  check({ TERM: 'xterm' }, '', 'linux', false);
});
