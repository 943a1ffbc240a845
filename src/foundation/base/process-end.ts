// The end of this process while a call to a disk hangs. Node waits for such calls, and for threads that make them, in
// `process.exit` as well; only a signal ends them.

import { HUNG_END_MS } from './limits.js';

const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = { 129: 'SIGHUP', 130: 'SIGINT' };
let left = 0;

/** A thread, or a part of this process with threads, has not ended when it was told to, and will not. */
export function leftBehind(): void {
  left += 1;
}

/**
 * To be called when everything of this process has ended. Where a call or a thread hangs, the process says so and ends
 * by the signal that its exit code stands for, or by SIGTERM.
 */
export function endThoughDiskHangs(exitCode: number): void {
  const end = (): void => {
    if (!isHung()) return;
    process.stderr.write('a disk does not answer; this process ends without it\n');
    const signal = SIGNALS[exitCode] ?? 'SIGTERM';
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Whoever started this process had it ignore that signal.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), HUNG_END_MS);
  };
  setTimeout(end, HUNG_END_MS).unref();
}

function isHung(): boolean {
  return left > 0 || process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
}
