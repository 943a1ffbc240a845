// One tracker on one seeder list. On Linux the lock is a name in the kernel made of the file's real path
// (`base/abstract-lock.ts`), and who is refused asks it for the holder's pid. Elsewhere SQLite's own locks keep the file whole and
// the port keeps the second tracker out.

import { realpathSync } from 'node:fs';
import net from 'node:net';
import { basename, dirname, join } from 'node:path';
import { holdName, isHeld, lockName, type NameLock } from '../base/abstract-lock.js';
import { deferred, within } from '../base/deferred.js';
import { errnoOf, fileError, MiniTorrentError } from '../base/errors.js';

/** Milliseconds that the holder gets to say its pid. */
const PID_DEADLINE_MS = 500;
/** Bytes of its answer. */
const PID_BYTES_MAX = 16;

/** Rejects with ALREADY_RUNNING, naming the pid of the tracker that holds the list. */
export async function lockList(path: string): Promise<NameLock> {
  if (process.platform !== 'linux') return { release: async () => undefined };
  const name = lockName('mtorrent-list', realPath(path));
  try {
    return await holdName(name, `${process.pid}`);
  } catch (error) {
    if (!isHeld(error)) throw fileError(error, path);
    const pid = await holderOf(name);
    const who = pid === undefined ? 'another process' : `process ${pid}`;
    throw new MiniTorrentError(
      'ALREADY_RUNNING',
      `a tracker (${who}) uses ${path} already; end it or name another file`,
      error,
    );
  }
}

/** Two names of one file are one lock. The file may not exist yet; its directory must. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw fileError(error, dirname(path));
  }
}

async function holderOf(name: string): Promise<number | undefined> {
  const answer = deferred<string>();
  let text = '';
  const socket = net.connect({ path: name });
  socket.on('data', (bytes) => {
    text = (text + bytes.toString('latin1')).slice(0, PID_BYTES_MAX);
  });
  // It may end between our two looks; then its pid is of no use either.
  socket.on('error', () => answer.resolve(''));
  socket.on('close', () => answer.resolve(text));
  const pid = Number.parseInt(await within(answer.promise, PID_DEADLINE_MS, () => ''), 10);
  socket.destroy();
  return Number.isSafeInteger(pid) ? pid : undefined;
}
