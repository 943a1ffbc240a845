// Precedence, for every setting and every set of places that name it; and what is said of a word that is no value.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placesOf } from '../../../src/app/settings/places.js';
import {
  type ConfigFile,
  originText,
  resolveSettings,
  type Settings,
  type Sources,
} from '../../../src/app/settings/resolve.js';
import {
  LOG_LEVEL_CHOICES,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  settingFlags,
  settingOf,
  variableOf,
} from '../../../src/app/settings/table.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { LOG_LEVELS } from '../../../src/foundation/base/log.js';
import { CARD_LIFE_S } from '../../../src/tracking/membership/limits.js';

const base = { home: { path: '/home/ada' }, directory: '/desk' };
const places = placesOf({}, base);
const USER = '/home/ada/.config/mtorrent/config.toml';
const SYSTEM = '/etc/xdg/mtorrent/config.toml';

/** Five different values of each setting, as a word. */
const WORDS: Readonly<Record<SettingName, readonly [string, string, string, string]>> = {
  'allow-host-names': ['yes', 'no', 'yes', 'no'],
  'require-signature': ['yes', 'no', 'yes', 'no'],
  'card-life': ['1d', '3d', '30d', '90d'],
  'join-ca': ['/a.pem', '/b.pem', '~/c.pem', 'd.pem'],
  'join-ca-role': ['client', 'publisher', 'reader', 'client'],
  sign: ['yes', 'no', 'yes', 'no'],
  'address-wait': ['10s', '5m', '1h', 'forever'],
  address: ['192.0.2.1:1', '192.0.2.2:2', '192.0.2.3:3', '[2001:db8::1]:0'],
  trackers: [
    '192.0.2.1:1,192.0.2.2:1',
    '192.0.2.1:2,192.0.2.2:2',
    '192.0.2.1:3, 192.0.2.2:3',
    '[::1]:4,[2001:db8::2]:4',
  ],
  identity: ['/a', '/b', '~/c', 'd'],
  swarm: ['open', 'closed', 'auto', 'open'],
  'state-dir': ['/a', '/b', '~/c', 'd'],
  log: ['/a.log', '/b.log', '~/c.log', 'd.log'],
  'log-level': ['trace', 'debug', 'warn', 'error'],
  'log-format': ['text', 'json', 'text', 'json'],
  'upload-limit': ['1K', '2M', '3G', '4096'],
  'download-limit': ['1K', '1.5MiB', '3G', 'off'],
  'download-dir': ['/a', '/b', '~/c', '.'],
  socket: ['/a.sock', '/b.sock', '~/c.sock', 'd.sock'],
  http: ['127.0.0.1:8080', '[::1]:8081', 'unix:~/c.sock', 'localhost:0'],
  metrics: ['127.0.0.1:9464', '0.0.0.0:9464', '[::]:9464', '192.0.2.1:0'],
  color: ['always', 'never', 'auto', 'always'],
  'seed-time': ['1m', '2h', '3d', '1h30m'],
  advertise: ['192.0.2.7:7000', '7001', ':7002', '[2001:db8::7]:7003'],
  'peer-threads': ['1', '2', '4', '16'],
  'disk-reserve': ['100M', 'off', '2G', '0'],
  'on-complete': ['/a', '/b', '~/c', 'off'],
  'on-error': ['/a', '/b', '~/c', 'd'],
  'hook-timeout': ['1s', '2m', '3h', '90'],
  'watch-dir': ['/a', '/b', '~/c', 'off'],
  'watch-dest': ['/a', '/b', '~/c', 'd'],
  'seed-ratio': ['1', '1.5', '20', 'off'],
  'limit-schedule': [
    'Mon-Fri 08:00-18:00 up=10M',
    'daily 22:00-06:00 up=off down=1M',
    'Sat,Sun 00:00-24:00 down=5M; daily 08:00-09:00 up=1K',
    'off',
  ],
  'active-downloads': ['1', '2', '4', '32'],
  'keep-days': ['7', '30', '365', 'off'],
  'keep-versions': ['1', '3', '10', 'off'],
  'disk-budget': ['500M', '20G', '2T', 'off'],
  'stats-interval': ['1s', '500ms', '3m', '100'],
};

function file(path: string, entries: Readonly<Record<string, unknown>>): ConfigFile {
  const list = Object.entries(entries).map(([key, value], at) => ({ key, value, line: at + 1 }));
  return { path, directory: path.slice(0, path.lastIndexOf('/')), entries: list };
}

function resolved(sources: Partial<Sources>): Settings {
  return resolveSettings({ flags: {}, env: {}, files: [], ...sources }, places);
}

function refusal(sources: Partial<Sources>): string {
  try {
    resolved(sources);
  } catch (error) {
    assert.ok(error instanceof MiniTorrentError && error.code === 'INVALID_ARGUMENTS', String(error));
    return error.message;
  }
  return assert.fail('it was taken');
}

test('flag before environment before the config files in their order before the default, for every setting', () => {
  const given = fc.record({ flag: fc.boolean(), env: fc.boolean(), user: fc.boolean(), system: fc.boolean() });
  fc.assert(
    fc.property(fc.constantFrom(...SETTING_NAMES), given, (name, { flag, env, user, system }) => {
      const [first, second, third, fourth] = WORDS[name];
      const settings = resolved({
        flags: flag ? { [name]: first } : {},
        env: env ? { [variableOf(name)]: second } : {},
        files: [file(USER, user ? { [name]: third } : {}), file(SYSTEM, system ? { [name]: fourth } : {})],
      });
      const { kind, fallback } = settingOf(name);
      const order = [
        [flag, `--${name}`, kind.read(first, base)],
        [env, variableOf(name), kind.read(second, base)],
        [user, `${USER} line 1`, kind.read(third, { ...base, directory: '/home/ada/.config/mtorrent' })],
        [system, `${SYSTEM} line 1`, kind.read(fourth, { ...base, directory: '/etc/xdg/mtorrent' })],
        [true, 'default', fallback(places)],
      ] as const;
      const [, from, value] = order.find(([isGiven]) => isGiven) ?? assert.fail();
      assert.deepEqual(settings.values[name], value);
      assert.equal(originText(name, settings.origins[name]), from);
      for (const other of SETTING_NAMES) if (other !== name) assert.equal(settings.origins[other].kind, 'default');
    }),
  );
});

test('what a value is shown as means the same value', () => {
  for (const name of SETTING_NAMES) {
    const { kind } = settingOf(name);
    for (const word of WORDS[name]) {
      const value = kind.read(word, base);
      assert.notEqual(value, undefined, `${name} ${word}`);
      assert.deepEqual(kind.read(kind.show(value), base), value, `${name} ${word}`);
    }
  }
  const { kind: rate } = SETTINGS['upload-limit'];
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 1024 ** 4 }), (value) => rate.read(rate.show(value), base) === value),
  );
  const { kind: time } = SETTINGS['seed-time'];
  fc.assert(fc.property(fc.integer({ min: 0, max: 366 * 86_400_000 }), (ms) => time.read(time.show(ms), base) === ms));
});

test('paths start from home, from the config file that names them, or from the current directory', () => {
  const cases: readonly (readonly [Partial<Sources>, string])[] = [
    [{ flags: { 'state-dir': 'x/../y' } }, '/desk/y'],
    [{ env: { MTORRENT_STATE_DIR: 'x' } }, '/desk/x'],
    [{ files: [file(USER, { 'state-dir': 'x' })] }, '/home/ada/.config/mtorrent/x'],
    [{ files: [file(SYSTEM, { 'state-dir': '../x' })] }, '/etc/xdg/x'],
    [{ files: [file(SYSTEM, { 'state-dir': '~/x' })] }, '/home/ada/x'],
    [{ flags: { 'state-dir': '~' } }, '/home/ada'],
    [{ flags: { 'state-dir': '~bob/x' } }, '/desk/~bob/x'],
    [{}, '/home/ada/.local/state/mtorrent'],
  ];
  for (const [sources, path] of cases) assert.equal(resolved(sources).values['state-dir'], path);
});

test('numbers and lists of TOML are taken where they mean something', () => {
  const { values } = resolved({
    files: [
      file(USER, {
        'upload-limit': 65536,
        'seed-time': 90,
        'stats-interval': 0.5,
        trackers: ['192.0.2.1:7001', '192.0.2.2:7001'],
      }),
    ],
  });
  assert.equal(values['upload-limit'], 65_536);
  assert.equal(values['seed-time'], 90_000);
  assert.equal(values['stats-interval'], 500);
  assert.deepEqual(values.trackers?.[1], { host: '192.0.2.2', port: 7001 });
});

test('an empty variable, and one that is nobody we know, say nothing', () => {
  const { values } = resolved({
    env: { MTORRENT_LOG_LEVEL: '', MTORRENT_JOB: 'x', MTORRENT_CONFIG: '/x', PATH: '/bin' },
  });
  assert.equal(values['log-level'], 'info');
});

test('a word that is no value is refused with where it stands and what is expected', () => {
  const cases: readonly (readonly [Partial<Sources>, string])[] = [
    [
      { flags: { 'upload-limit': 'fast' } },
      '--upload-limit: "fast" is not a rate; write bytes a second such as 500K, 10M or 1.5MiB, from 1K to 1024G, or off',
    ],
    [{ flags: { 'log-level': ['info', 'warn'] } }, '--log-level was given 2 times; give it once'],
    [{ env: { MTORRENT_COLOR: 'red' } }, 'MTORRENT_COLOR: "red" is not one of auto, always, never'],
    [
      { env: { MTORRENT_UPLOAD_LIMT: '1M' } },
      'the variable MTORRENT_UPLOAD_LIMT is not a setting; did you mean MTORRENT_UPLOAD_LIMIT?',
    ],
    [
      { files: [file(USER, { color: 'auto', 'uplaod-limit': '1M' })] },
      `${USER} line 2: there is no setting "uplaod-limit"; did you mean upload-limit?`,
    ],
    [
      { files: [file(USER, { client: { log: 'x' } })] },
      `${USER} line 1: there is no setting "client"; mtorrent config show lists them all`,
    ],
    [
      { files: [file(USER, { 'seed-time': true })] },
      `${USER} line 1: seed-time = true is not a time; write 90s, 30m, 2h or 1d`,
    ],
    [
      { files: [file(USER, { 'stats-interval': '0s' })] },
      `${USER} line 1: stats-interval = "0s" is not a time of at least 0.1 s; write 500ms, 10s or 1m`,
    ],
    [{ files: [file(USER, { 'state-dir': '' })] }, `${USER} line 1: state-dir = "" is not a path`],
    [{ files: [file('/\u001b[2J', { log: 7 })] }, '/\\u{1b}[2J line 1: log = 7 is not a path'],
  ];
  for (const [sources, sentence] of cases) assert.equal(refusal(sources), sentence);
  for (const trackers of ['192.0.2.1:1', 5])
    assert.match(refusal({ files: [file(USER, { trackers })] }), /is not two different addresses/);
  for (const trackers of ['a,b', '192.0.2.1:1,192.0.2.1:2,x'])
    assert.match(
      refusal({ files: [file(USER, { trackers })] }),
      /"[ax]" is no address: it names no port; write ip:port/,
    );
  assert.match(
    refusal({ flags: { address: '[fe80::1%eth0]:1' } }),
    /"\[fe80::1%eth0\]:1" is not an address: an address with a zone, .* one machine alone; write ip:port/,
  );
  assert.match(refusal({ flags: { advertise: '192.0.2.1:0' } }), /is not an address that others can dial: a port is/);
  for (const address of ['ho st:1', '192.0.2.1', 7]) assert.match(refusal({ flags: { address } }), /is not an address/);
});

test('a mistake counts also where another word overrules it', () => {
  const sources = { flags: { 'log-level': 'info' }, files: [file(SYSTEM, { 'log-level': 'loud' })] };
  assert.match(refusal(sources), /log-level = "loud" is not one of trace/);
});

test('the levels that a flag offers are those of the log', () => {
  assert.deepEqual(LOG_LEVEL_CHOICES, LOG_LEVELS);
  assert.deepEqual(settingFlags('log-level')['log-level'].choices, LOG_LEVELS);
});

test('a card is good for as long as a tracker signs without being told, and for a day to ninety when it is', () => {
  assert.equal(resolved({}).values['card-life'], CARD_LIFE_S * 1_000);
  for (const life of ['23h', '91d', 'forever', '0'])
    assert.match(refusal({ flags: { 'card-life': life } }), /is not a time from 1d to 90d/);
});

test('every setting says what it is in one line, and what counts without it', () => {
  for (const name of SETTING_NAMES) {
    const { description, fallbackText, kind } = settingOf(name);
    assert.match(description, /^\S[^\n]{5,80}$/, name);
    assert.ok(fallbackText !== '' && kind.expects !== '', name);
    assert.match(name, /^[a-z]+(-[a-z]+)*$/);
  }
});
