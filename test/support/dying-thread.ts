// Loaded into a program under test with `--import`: a thread of it throws, outside of everything that could catch it,
// when a file with its name appears in the directory that MTORRENT_TEST_DEATHS names, or before it works when it is
// there already. The file goes with the thread.

import { existsSync, unlinkSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const LOOK_MS = 5;

const directory = process.env['MTORRENT_TEST_DEATHS'];
const name = (workerData as { readonly name?: string } | null)?.name;
if (directory !== undefined && name !== undefined && !isMainThread) {
  const path = `${directory}/${name}`;
  const look = (): void => {
    if (!existsSync(path)) return;
    unlinkSync(path);
    throw new Error('the test wants this thread dead');
  };
  look();
  setInterval(look, LOOK_MS).unref();
}
