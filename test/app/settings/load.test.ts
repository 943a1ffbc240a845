// Config files on a real disk: which are read, which are refused, and what is said of one that is broken.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CONFIG_BYTES_MAX } from '../../../src/app/settings/limits.js';
import { loadSettings, type SettingSources } from '../../../src/app/settings/load.js';
import { lacksPlace } from '../../support/needs.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

interface Stage extends SettingSources {
  readonly config: string;
  write(text: string, mode?: number): Promise<void>;
}

async function stage(t: TestContext): Promise<Stage> {
  const home = temporaryDirectory(t);
  const config = join(home, '.config', 'mtorrent', 'config.toml');
  await mkdir(join(home, '.config', 'mtorrent'), { recursive: true });
  const write = async (text: string, mode = 0o644): Promise<void> => {
    await writeFile(config, text);
    await chmod(config, mode);
  };
  // No file of the machine's own counts.
  return { env: { XDG_CONFIG_DIRS: join(home, 'system') }, home: { path: home }, directory: home, config, write };
}

test('a config file is found in its place, with the lines of its keys', async (t) => {
  const at = await stage(t);
  await at.write(
    '# mine\n"upload-limit" = "2M"\n\ntrackers = [\n "192.0.2.1:7001",\n "192.0.2.2:7001" ]\nstate-dir = "state"\n',
  );
  const { values, origins } = await loadSettings({}, {}, at);
  assert.equal(values['upload-limit'], 2 * 1024 * 1024);
  assert.deepEqual(origins['upload-limit'], { kind: 'file', path: at.config, line: 2 });
  assert.deepEqual(origins.trackers, { kind: 'file', path: at.config, line: 4 });
  assert.equal(values['state-dir'], join(at.directory, '.config/mtorrent/state'));
  assert.deepEqual(origins.log, { kind: 'default' });
});

test('without a file there are defaults; a file that was named must be there', async (t) => {
  const at = await stage(t);
  assert.equal((await loadSettings({}, {}, at)).values['log-level'], 'info');
  await assert.rejects(loadSettings({ config: 'none.toml' }, {}, at), {
    code: 'FILE_NOT_FOUND',
    message: `${at.directory}/none.toml does not exist; check the path`,
  });
  await assert.rejects(loadSettings({ config: ['a', 'b'] }, {}, at), { code: 'INVALID_ARGUMENTS' });
  await assert.rejects(loadSettings({ config: '' }, {}, at), { code: 'INVALID_ARGUMENTS' });
});

test('/dev/null is a config file without settings', async (t) => {
  const at = await stage(t);
  await at.write('log-level = "debug"');
  const env = { ...at.env, MTORRENT_CONFIG: '/dev/null' };
  assert.equal((await loadSettings({}, {}, { ...at, env })).values['log-level'], 'info');
  assert.equal((await loadSettings({ config: at.config }, {}, { ...at, env })).values['log-level'], 'debug');
});

test('a file that everybody may write is refused, one of the group is not', async (t) => {
  const at = await stage(t);
  await at.write('log-level = "debug"', 0o666);
  await assert.rejects(loadSettings({}, {}, at), {
    code: 'PERMISSION_DENIED',
    message: `${at.config} is writable by everybody, so its settings are not used; run chmod o-w on it`,
  });
  await chmod(at.config, 0o664);
  assert.equal((await loadSettings({}, {}, at)).values['log-level'], 'debug');
});

test('a broken file is named with the line, and what is wrong in one sentence', async (t) => {
  const at = await stage(t);
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'log-level = "info"\nupload-limit = \n',
      / line 2 is not valid TOML: [^\n]+; write lines such as upload-limit = "10M"$/,
    ],
    ['log-level = info\n', / line 1 is not valid TOML/],
    ['color = "auto"\ncolor = "never"\n', / line 2 is not valid TOML/],
    ['\n__proto__ = 1\n', / is not valid TOML/],
    ['x = [[[[[[[[[[[1]]]]]]]]]]]', / is not valid TOML/],
    ['\n\n[limits]\nupload = "1M"\n', / line 3: there is no setting "limits"/],
    ['limits.upload = "1M"\n', / line 1: there is no setting "limits"/],
    ['upload-limit = 99999999999999999999999999\n', /upload-limit|TOML/],
    ['upload-limit = 2026-11-25\n', / line 1: upload-limit = .* is not a rate/],
    ['log-level = "deb\u0000ug"\n', / line 1/],
  ];
  for (const [text, sentence] of cases) {
    await at.write(text);
    await assert.rejects(loadSettings({}, {}, at), (error: Error & { code: string }) => {
      assert.equal(error.code, 'INVALID_ARGUMENTS', error.message);
      assert.ok(error.message.startsWith(at.config), error.message);
      assert.match(error.message, sentence);
      return true;
    });
  }
});

test('what is no file, or too long to be one of settings, is not read', async (t) => {
  const at = await stage(t);
  await at.write('#'.repeat(CONFIG_BYTES_MAX + 1));
  await assert.rejects(loadSettings({}, {}, at), { code: 'INVALID_ARGUMENTS', message: /is it the right file/ });
  await assert.rejects(loadSettings({ config: at.directory }, {}, at), { code: 'NOT_A_FILE' });
});

test('a pipe without a writer is refused, not waited for', async (t) => {
  const at = await stage(t);
  const pipe = join(at.directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(loadSettings({ config: pipe }, {}, at), { code: 'NOT_A_FILE' });
});

test('a directory that this user may not enter holds no settings; a file that it may not read is named', async (t) => {
  if (process.getuid?.() === 0) {
    lacksPlace(t, 'root may enter and read everything');
    return;
  }
  const at = await stage(t);
  await at.write('log-level = "debug"', 0o000);
  await assert.rejects(loadSettings({}, {}, at), {
    code: 'PERMISSION_DENIED',
    message: /config\.toml may not be opened/,
  });
  const closed = join(at.directory, '.config', 'mtorrent');
  await chmod(closed, 0o000);
  try {
    assert.equal((await loadSettings({}, {}, at)).values['log-level'], 'info');
  } finally {
    await chmod(closed, 0o755);
  }
});
