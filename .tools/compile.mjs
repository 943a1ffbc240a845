// Lays V8's code cache beside each bundle, so that a program reads compiled code instead of compiling it
// (docs/decisions/020): runs `mtorrent demo` and a client with a page once and keeps what their processes leave. A cache
// is good for one version of V8. Without it a program only starts more slowly, so a failure here is reported and nothing
// else.

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Small, and all that a client and a tracker do: it uses loopback and a temporary directory. */
const DEMO = ['demo', '--size', '4MiB', '--seeders', '2'];
/** Serves a page until it has read the next command, and asks no tracker. Without its state directory. */
const PAGE = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', 'log', '--http', '127.0.0.1:0', '--state-dir'];
/** What only a program with a page loads. */
const PAGE_BUNDLE = 'fastify';
const DEADLINE_MS = 60_000;

/** What was done last: the version of V8, and how it went. */
const markOf = (root) => join(root, 'dist/bundle/COMPILED.txt');

export function isCompiled(root) {
  const [mark, bundled] = [markOf(root), join(root, 'dist/bundle/LICENSES.txt')];
  if (!existsSync(mark) || statSync(mark).mtimeMs < statSync(bundled).mtimeMs) return false;
  return readFileSync(mark, 'utf8').startsWith(`V8 ${process.versions.v8}\n`);
}

export function compile(root) {
  const folder = join(root, 'dist/bundle');
  const forms = mkdtempSync(join(tmpdir(), 'mtorrent-forms-'));
  try {
    const failure = record(root, forms, DEMO) ?? recordPage(root, forms);
    if (failure !== undefined) console.error(`not compiled in advance, so programs start slower: ${failure}`);
    const sizeOf = (file) => statSync(join(forms, file)).size;
    // Of each bundle the largest form, which has most functions, is the last to be copied.
    for (const file of readdirSync(forms).sort((a, b) => sizeOf(a) - sizeOf(b)))
      copyFileSync(join(forms, file), join(folder, `${file.split('.')[0]}.compiled`));
    writeFileSync(markOf(root), `V8 ${process.versions.v8}\n${failure ?? 'recorded'}\n`);
  } finally {
    rmSync(forms, { recursive: true, force: true });
  }
}

/** The other bundles have their forms from programs that do more. */
function recordPage(root, forms) {
  const place = mkdtempSync(join(tmpdir(), 'mtorrent-page-'));
  try {
    const failure = record(root, place, [...PAGE, join(place, 'state')], place);
    for (const file of readdirSync(place).filter((name) => name.startsWith(`${PAGE_BUNDLE}.`)))
      copyFileSync(join(place, file), join(forms, file));
    return failure;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Why there are no forms; undefined when there are. */
function record(root, forms, words, cwd = root) {
  const { status, error, stderr } = spawnSync(process.execPath, [join(root, 'dist/bundle/mtorrent.cjs'), ...words], {
    cwd,
    input: 'quit\n',
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MTORRENT_'))),
      MTORRENT_CONFIG: '/dev/null',
      COMPILED_FORMS: forms,
      NODE_OPTIONS: `--require=${JSON.stringify(join(root, '.tools/record.cjs'))}`,
    },
    timeout: DEADLINE_MS,
    encoding: 'utf8',
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  if (status !== 0) return error?.message ?? stderr.trim();
  return readdirSync(forms).length === 0 ? 'no process left a form' : undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) compile(join(import.meta.dirname, '..'));
