// The end of this process while a call to a disk may hang. Node waits for such calls, and for threads that make them,
// in `process.exit` as well; only a signal ends them.

import { HUNG_END_MS } from './limits.js';

const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = { 129: 'SIGHUP', 130: 'SIGINT' };
let left = 0;
let onNoneLeft = (): void => undefined;

/**
 * A thread, or a part of this process with threads, has not ended when it was told to.
 * @param ended settles if it does.
 */
export function leftBehind(ended: Promise<unknown>): void {
  left += 1;
  const gone = (): void => {
    left -= 1;
    if (left === 0) onNoneLeft();
  };
  ended.then(gone, gone);
}

/**
 * To be called when everything of this process has ended. Where a call or a thread hangs, the process says so and ends
 * by the signal that its exit code stands for, or by SIGTERM.
 */
export function endThoughDiskHangs(exitCode: number): void {
  const end = (): void => {
    if (!isHung()) return;
    process.stderr.write('a disk does not answer; this process ends without it\n');
    dieBy(SIGNALS[exitCode] ?? 'SIGTERM');
    // Whoever started this process had it ignore that signal.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), HUNG_END_MS);
  };
  const timer = setTimeout(end, HUNG_END_MS);
  onNoneLeft = () => timer.unref();
  // What hangs in another thread keeps no loop alive, and Node would wait for it before the timer rings.
  if (left === 0) timer.unref();
}

/**
 * Ends this process now, whatever hangs: what listens to its exit is called, then it dies by the signal as if nobody
 * had caught it. A shell shows the same number as for the exit code.
 */
export function endAtOnce(signal: NodeJS.Signals, exitCode: number): void {
  process.once('exit', () => {
    // Node does so in an exit that this one does not reach.
    if (process.stdin.isRaw) process.stdin.setRawMode(false);
    dieBy(signal);
  });
  // Where this process was told to ignore the signal, it exits as usual.
  process.exit(exitCode);
}

function dieBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** Something of this process waits for a disk, or is held by one. */
export function isHung(): boolean {
  return left > 0 || process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
}
