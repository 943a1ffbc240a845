// The files of the page, read once: a request names one of them or nothing, so no path of a request reaches the disk.

import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { errnoOf } from '../../foundation/base/errors.js';
import { pageUrl } from '../../foundation/base/installation.js';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

/** By path, such as `/app.js`; `/` is index.html, `/favicon.ico` the icon. None where the page was not built. */
export async function pageFiles(folder = pageUrl()): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const name of await namesIn(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const file = { type, bytes: await readFile(new URL(name, folder)) };
    files.set(`/${name}`, file);
    if (name === 'index.html') files.set('/', file);
    // Browsers ask for it beside what names no icon, such as the OpenAPI document.
    if (name === 'icon.svg') files.set('/favicon.ico', file);
  }
  return files;
}

async function namesIn(folder: URL): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
