// `node .tools/nodes.mjs 22 24 26`: the quick tests and a few end-to-end ones on other versions of Node, each a plain
// binary from the npm registry that is kept in node_modules/.cache. Compiles in advance for each version, as a build on
// it does. Exit code 1 when a test fails or a version cannot be had.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isQuick, run, runTests, testFiles } from './test.mjs';

/** What is not quick and leans on the runtime: processes, threads, sockets, and code that is compiled in advance. */
const ON_EACH = ['e2e/compiled', 'e2e/console', 'e2e/shared-port', 'app/library/library'];
/** The same code decides there: what only computes, or reads the sources, is played on one version. */
const ON_ONE = /^(sim|fuzz|tidy|mutants)\b/;
const isWanted = (path) => (isQuick(path) && !ON_ONE.test(path)) || ON_EACH.some((name) => path === `${name}.test.js`);

/** The path of its binary. */
function nodeOf(major) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join('node_modules/.cache/nodes', major);
  const binary = join(process.cwd(), folder, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const words = ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
  const code = run('npm', [...words, `${name}@${major}`]);
  if (code !== 0 || !existsSync(binary)) throw new Error(`npm could not install ${name}@${major}`);
  return binary;
}

const failed = [];
try {
  for (const major of process.argv.slice(2)) {
    const node = nodeOf(major);
    const startMs = performance.now();
    const code = run(node, ['.tools/ready.mjs']) || runTests(testFiles(isWanted), 'quick', node);
    console.log(
      `Node ${major}: ${code === 0 ? 'passed' : 'FAILED'}, ${Math.round((performance.now() - startMs) / 1_000)} s`,
    );
    if (code !== 0) failed.push(major);
  }
} finally {
  run(process.execPath, ['.tools/ready.mjs']);
}
if (failed.length > 0) {
  console.error(`failed on Node ${failed.join(', ')}`);
  process.exitCode = 1;
}
