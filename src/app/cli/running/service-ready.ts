// Tells systemd that a service is ready, where it waits for that (Type=notify). Whatever goes wrong is said and stops
// nothing: the service works.

import { spawn } from 'node:child_process';
import { deferred, within } from '../../../foundation/base/deferred.js';
import { serviceLines } from '../../../foundation/base/journal.js';
import { printable } from '../../../foundation/torrent/names.js';
import { NOTIFY_DEADLINE_MS } from '../limits.js';

/** @param status one line that `systemctl status` shows. */
export async function tellReady(status: string): Promise<void> {
  const { NOTIFY_SOCKET } = process.env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return;
  const ended = deferred<string | undefined>();
  const child = spawn('systemd-notify', ['--ready', `--status=${printable(status)}`], { stdio: 'ignore' });
  child.on('error', (error) => ended.resolve(error.message));
  child.on('exit', (code, signal) => ended.resolve(code === 0 ? undefined : `it ended with ${signal ?? code}`));
  const failure = await within(ended.promise, NOTIFY_DEADLINE_MS, () => {
    child.kill('SIGKILL');
    return 'it did not end in time';
  });
  if (failure === undefined) return;
  const sentence = `systemd could not be told that this service is ready, by systemd-notify: ${failure}; use Type=exec`;
  process.stderr.write(serviceLines(sentence, 'warning'));
}
