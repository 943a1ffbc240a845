// A folder with everything that a folder may hold, and what a folder on the disk is, to compare two of them.

import { createHash, randomFillSync } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of the large file: it begins at a piece of its own. */
export const LARGE_BYTES = 5_000_000;

/** Odd names, empty files and folders, executables, links that stay inside, small files and a large one. */
export function makeTree(root: string, largeBytes = LARGE_BYTES): string {
  const write = (path: string, bytes: string | Uint8Array, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes, { mode });
  };
  write('README.md', 'read me\n');
  write('-dash', 'leading dash\n');
  write('with space/two  blanks.txt', 'blanks\n');
  write(`with space/it's "quoted" -> @here.txt`, 'quoted\n');
  write('ünïcode/日本語.txt', 'utf-8\n');
  write('empty', '');
  write('.hidden', 'hidden\n');
  write('tools/run.sh', '#!/bin/sh\necho hi\n', 0o755);
  for (let at = 0; at < 40; at += 1) write(`small/file-${at}.json`, `{"at":${at},"text":"${'x'.repeat(at * 97)}"}\n`);
  write('middle.bin', randomFillSync(new Uint8Array(1_300_000)));
  write('large.bin', randomFillSync(new Uint8Array(largeBytes)));
  mkdirSync(join(root, 'nothing/here'), { recursive: true });
  symlinkSync('../README.md', join(root, 'tools/link to readme'));
  symlinkSync('small', join(root, 'shortcut'));
  return root;
}

/** Every path below `root` with what it is, so that two folders can be compared whole. */
export function treeOf(root: string): Readonly<Record<string, string>> {
  const found: [string, string][] = [];
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    const at = join(root, path);
    const stats = lstatSync(at);
    if (stats.isSymbolicLink()) found.push([path, `link to ${readlinkSync(at)}`]);
    else if (stats.isDirectory()) found.push([path, 'directory']);
    else {
      const digest = createHash('sha1').update(readFileSync(at)).digest('hex');
      found.push([path, `${(stats.mode & 0o100) === 0 ? 'file' : 'exec'} ${digest}`]);
    }
  }
  return Object.fromEntries(found);
}
