#!/usr/bin/env node
// The program: runs one command and turns its outcome into an exit code. An error that a user can cause ends as one
// sentence on stderr with its own exit code; anything else is a bug of ours, printed in full, with exit code 70.

import '../../foundation/base/system-threads.js';
import { setImmediate } from 'node:timers/promises';
import { exitCodeOf } from '../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { journalPrefix } from '../../foundation/base/journal.js';
import { endThoughDiskHangs } from '../../foundation/base/process-end.js';
import { exitUnread } from '../../foundation/base/signals.js';
import { directoryGone } from '../../foundation/base/surroundings.js';
import { printable } from '../../foundation/torrent/names.js';
import { commandLine } from './commands.js';
import { endOfOutput, lostOutput } from './lost-output.js';
import { tellFailure } from './one-shot/failed-event.js';

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  try {
    const exitCode = await commandLine(words);
    // The stream reports the failure of its last write a moment later.
    await setImmediate();
    const lost = lostOutput();
    if (exitCode === 0 && lost !== undefined) throw lost;
    return exitCode;
  } catch (thrown) {
    const error = directoryGone(thrown) ?? thrown;
    if (error instanceof MiniTorrentError) {
      await tellFailure(error, words);
      process.stderr.write(`${journalPrefix('error')}${error.code}: ${printable(error.message)}\n`);
      return exitCodeOf(error.code);
    }
    process.stderr.write(
      `${journalPrefix('error')}this is a bug in mtorrent, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return exitCodeOf('INTERNAL');
  }
}

process.stdout.on('error', (error) => {
  // A command that outlives its reader has its own listener.
  if (process.stdout.listenerCount('error') > 1) return;
  // The reader (`| head -1`) or the terminal is gone.
  if (endOfOutput(error) !== 'failed') process.exit(0);
});
// A closed terminal must not stop a graceful end: explanations that nobody can read are lost.
process.stderr.on('error', () => undefined);
void main().then((exitCode) => {
  process.exitCode = exitCode;
  exitUnread();
  endThoughDiskHangs(exitCode);
});
