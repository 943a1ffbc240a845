// Makes dist/bundle: the program and each thread in one CommonJS file of its own with the packages that they use,
// because a process that loads hundreds of small modules starts slowly (docs/decisions/018). The licences of those
// packages come along. `bundle(root)` works on any copy of the project.

import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ENTRIES = {
  mtorrent: 'src/app/cli/main.ts',
  download: 'workers/download.ts',
  hash: 'workers/hash.ts',
  peer: 'workers/peer.ts',
  store: 'workers/store.ts',
  tracker: 'workers/tracker.ts',
  fastify: 'src/app/http/fastify.ts',
  prometheus: 'src/app/http/prometheus.ts',
  pg: 'src/tracking/store/postgres/pg.ts',
};
/** Doors to packages that few processes use: each is a bundle of its own, read when it is imported. */
const LATE_DOORS = ['fastify', 'prometheus', 'pg'];
/** They look for files of their own: a thread's entry, native libraries. */
const LEFT_OUT = ['piscina', 'libsql', 'msgpackr-extract'];
/**
 * For the code in it, `import.meta.url` is that of a compiled module in a room, so that what is found from there is
 * found.
 */
const MODULE_URL = `const moduleUrl = require('node:url').pathToFileURL(require('node:path').join(__dirname, '../src/foundation/base/module.js')).href;`;

/**
 * Compiles expressions over all of Unicode when it is loaded, which takes as long as all other modules; most programs
 * never call it.
 */
const lateStringWidth = {
  name: 'string-width, when it is called first',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^string-width$/ }, async ({ path, resolveDir, importer, kind, namespace, pluginData }) => {
      if (namespace === 'late' || pluginData === 'real') return undefined;
      const real = await resolve(path, { resolveDir, importer, kind, pluginData: 'real' });
      return { path: real.path, namespace: 'late' };
    });
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      resolveDir: dirname(path),
      contents: `let real; module.exports = (...words) => (real ??= require(${JSON.stringify(path)}).default)(...words);`,
    }));
  },
};

/** A door of LATE_DOORS becomes a `require` of its bundle, where it is imported. */
const lateDoors = {
  name: 'doors to packages, in bundles of their own',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`/(${LATE_DOORS.join('|')})\\.js$`) }, ({ path, kind }) =>
      kind === 'dynamic-import' && path.startsWith('.')
        ? { path: basename(path, '.js'), namespace: 'late-door' }
        : undefined,
    );
    onResolve({ filter: /^\.\/\w+\.cjs$/, namespace: 'late-door' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace: 'late-door' }, ({ path }) => ({
      contents: `module.exports = require('./${path}.cjs');`,
    }));
  },
};

export async function bundle(root) {
  const folder = join(root, 'dist/bundle');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    external: LEFT_OUT,
    define: {
      'import.meta.url': 'moduleUrl',
      // Msgpackr's own switch: no thread loads its native library, which is for long texts; ours are names and
      // sentences.
      'process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED': '"true"',
    },
    banner: { js: MODULE_URL },
    // V8 keeps the text of a bundle in the heap of every thread that runs it. Names stay, and lines, for stacks in logs.
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'none',
    metafile: true,
    write: false,
    plugins: [lateStringWidth, lateDoors],
    logLevel: 'warning',
  });
  for (const { path, text } of outputFiles) writeBundle(folder, basename(path, '.cjs'), text);
  const page = await bundlePage(root, join(folder, 'page'));
  copyFileSync(join(root, '.tools/load.cjs'), join(folder, 'load.cjs'));
  chmodSync(join(folder, 'mtorrent.cjs'), 0o755);
  // Last: who finds it finds all the others.
  writeFileSync(
    join(folder, 'LICENSES.txt'),
    licences(
      root,
      [...Object.keys(metafile.inputs), ...page].filter((path) => !/^late(-door)?:/.test(path)),
    ),
  );
}

/** What a browser is served: one script, one style sheet, and the files that are as they are. @returns all inputs. */
async function bundlePage(root, folder) {
  const source = join(root, 'src/app/page');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { app: 'src/app/page/main.tsx' },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    tsconfig: join(source, 'tsconfig.json'),
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'icon.svg']) copyFileSync(join(source, name), join(folder, name));
  return Object.keys(metafile.inputs);
}

function writeBundle(folder, name, text) {
  const path = (end) => join(folder, `${name}${end}.cjs`);
  // Comments and texts for people have characters beyond ASCII; with them a bundle would need two bytes a character.
  const ascii = text.replace(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const [first, ...rest] = ascii.split('\n');
  const isProgram = first.startsWith('#!');
  writeFileSync(path('.code'), isProgram ? `\n${rest.join('\n')}` : ascii);
  writeFileSync(path(''), `${isProgram ? `${first}\n` : ''}require('./load.cjs')('${name}', require, module);\n`);
}

/** Of every package that one of `inputs` belongs to. */
function licences(root, inputs) {
  const names = inputs.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[0]);
  const packages = [...new Set(names.filter((name) => name !== undefined))].sort();
  return packages.map((path) => licence(join(root, path))).join('\n');
}

function licence(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? unwritten(name, license) : readFileSync(join(path, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text}\n`;
}

/** The terms of a package that names its licence and has no file of it. */
function unwritten(name, license) {
  if (license !== 'MIT') throw new Error(`${name} has no licence to go with it`);
  return `Its package.json says that it is licensed under the terms of the MIT license.\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle(join(import.meta.dirname, '..'));
