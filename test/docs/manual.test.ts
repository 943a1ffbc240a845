// The manual: it knows every command, flag and setting, and the tools that show it have nothing to say about its form.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { declaredCommands } from '../../src/app/cli/commands.js';
import { SETTING_NAMES, settingOf } from '../../src/app/settings/table.js';
import { hasTool } from '../support/needs.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const PAGES = ['docs/man/mtorrent.1', 'docs/man/mtorrent.5', 'docs/man/mtorrent-tracker.8'] as const;
const [commandsPage, formatsPage, trackersPage] = PAGES.map((path) => readFileSync(join(ROOT, path), 'utf8')) as [
  string,
  string,
  string,
];

test('every command and each of its flags is in the manual', () => {
  const page = commandsPage + trackersPage;
  for (const { words, flags } of declaredCommands()) {
    // A command of commands is described by those.
    const isAbove = declaredCommands().some((other) => other.words.startsWith(`${words} `));
    if (words !== '' && !isAbove) assert.ok(page.includes(`.It Ic ${words}`), `${words} has no entry of its own`);
    for (const { name } of flags) assert.match(page, new RegExp(`Fl Fl ${name}\\b`), `--${name} of ${words}`);
  }
});

test('every setting has an entry in mtorrent(5), with its default and its choices', () => {
  const entries = formatsPage.split(/^\.It Ic /m).slice(1);
  assert.deepEqual(entries.map((entry) => entry.split('\n')[0]).sort(), [...SETTING_NAMES].sort());
  for (const entry of entries) {
    const name = entry.split('\n')[0] as (typeof SETTING_NAMES)[number];
    const { fallbackText, kind } = settingOf(name);
    const text = entry.split(/^\.El/m)[0]?.replaceAll(/\s*\n(\.Pa )?\s*/g, ' ') ?? '';
    assert.ok(text.replaceAll(' ,', ',').includes(`Default: ${fallbackText}`), `${name}: ${text}`);
    if (kind.expects.startsWith('one of ')) for (const choice of kind.offers) assert.ok(text.includes(choice), choice);
  }
});

test('man shows each page without a warning', (t) => {
  if (!hasTool(t, 'man')) return;
  for (const page of PAGES) {
    const { status, stdout, stderr } = spawnSync('man', ['--warnings=all', '-l', page], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MANPAGER: 'cat' },
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '', page);
    assert.match(stdout, /SEE ALSO/);
  }
});

test('mandoc has no warning about any page', (t) => {
  if (!hasTool(t, 'mandoc', '-V')) return;
  for (const page of PAGES) {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', page], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(stdout, '', page);
  }
});

test('package.json names every page', () => {
  const { man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly man: readonly string[] };
  assert.deepEqual([...man].sort(), [...PAGES].sort());
});
