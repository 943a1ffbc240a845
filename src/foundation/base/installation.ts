// Finds the files of this installation: the bundles of the program and its threads, and the version in package.json.
// Only this file of `src` depends on the depth of the compiled tree.

import { readFileSync } from 'node:fs';

const ROOT = new URL('../../../../', import.meta.url);

export type BundleName = 'mtorrent' | 'peer' | 'download' | 'hash' | 'store' | 'tracker';

/** The file that a process or thread starts with. */
export function bundleUrl(name: BundleName): URL {
  return new URL(`dist/bundle/${name}.cjs`, ROOT);
}

/** The folder of the page that a browser is served; it ends with a slash. */
export function pageUrl(): URL {
  return new URL('dist/bundle/page/', ROOT);
}

let version: string | undefined;

/** Read from package.json when it is asked for the first time. */
export function programVersion(): string {
  version ??= (JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { readonly version: string }).version;
  return version;
}
