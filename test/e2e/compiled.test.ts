// The forms that V8 compiled the bundles to: every process and thread starts from its own, and where there is none that
// it can use it starts all the same.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { lacksTool } from '../support/needs.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ROOT = new URL('../../..', import.meta.url).pathname;
const DEADLINE_MS = 60_000;
/** Says of each script with a compiled form whether V8 refused it. */
const SPY = `
const { appendFileSync } = require('node:fs');
const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    const form = options?.cachedData === undefined ? 'none' : this.cachedDataRejected ? 'refused' : 'used';
    appendFileSync(process.env.FORMS_SEEN, require('node:path').basename(options?.filename ?? '') + ' ' + form + '\\n');
  }
};`;

/** Runs a program of its own bundles; answers what it made of their forms. */
function formsOf(root: string, words: readonly string[], directory: string): readonly string[] {
  const [spy, seen] = [join(directory, 'spy.cjs'), join(directory, 'seen')];
  writeFileSync(spy, SPY);
  writeFileSync(seen, '');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--require', spy, join(root, 'dist/bundle/mtorrent.cjs'), ...words],
    {
      cwd: directory,
      env: { ...process.env, FORMS_SEEN: seen, MTORRENT_CONFIG: '/dev/null' },
      encoding: 'utf8',
      input: '',
      timeout: DEADLINE_MS,
    },
  );
  assert.equal(status, 0, stderr);
  return readFileSync(seen, 'utf8').trim().split('\n').sort();
}

test('a client starts its threads, as itself, from the forms that the build made', (t) => {
  if (!existsSync(join(ROOT, 'dist/bundle/mtorrent.compiled'))) {
    lacksTool(t, `the compiled form (${readFileSync(join(ROOT, 'dist/bundle/COMPILED.txt'), 'utf8').trim()})`);
    return;
  }
  const words = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'log', '--state-dir', 'state'];
  assert.deepEqual(formsOf(ROOT, words, temporaryDirectory(t)), [
    'download.code.cjs used',
    'mtorrent.code.cjs used',
    'peer.code.cjs used',
  ]);
  const withPage = formsOf(ROOT, [...words, '--http', '127.0.0.1:0'], temporaryDirectory(t));
  assert.ok(withPage.includes('fastify.code.cjs used'), withPage.join(', '));
});

test('without a form, or with one that is cut or of another V8, a program starts all the same', (t) => {
  const root = temporaryDirectory(t);
  cpSync(join(ROOT, 'dist/bundle'), join(root, 'dist/bundle'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  const form = join(root, 'dist/bundle/mtorrent.compiled');
  const forms = (): readonly string[] => formsOf(root, ['--version'], temporaryDirectory(t));
  rmSync(form, { force: true });
  assert.deepEqual(forms(), ['mtorrent.code.cjs none']);
  writeFileSync(form, '');
  assert.deepEqual(forms(), ['mtorrent.code.cjs refused']);
  if (!existsSync(join(ROOT, 'dist/bundle/mtorrent.compiled'))) return;
  const whole = readFileSync(join(ROOT, 'dist/bundle/mtorrent.compiled'));
  writeFileSync(form, whole);
  assert.deepEqual(forms(), ['mtorrent.code.cjs used']);
  truncateSync(form, whole.length - 1_000);
  assert.deepEqual(forms(), ['mtorrent.code.cjs refused']);
  // Its second word is a digest of V8's version.
  whole.writeUInt8(whole.readUInt8(4) ^ 1, 4);
  writeFileSync(form, whole);
  assert.deepEqual(forms(), ['mtorrent.code.cjs refused']);
});
