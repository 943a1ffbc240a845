#!/usr/bin/env node
// The program: runs one command and turns its outcome into an exit code. Every error a user can cause ends here as one
// sentence on stderr and its own code; anything else is our bug, shown whole, with exit code 70.

import { exitCodeOf, MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import { commandLine } from './commands.js';

async function main(): Promise<number> {
  try {
    return await commandLine(process.argv.slice(2));
  } catch (error) {
    if (error instanceof MiniTorrentError) {
      process.stderr.write(`${error.code}: ${printable(error.message)}\n`);
      return exitCodeOf(error.code);
    }
    process.stderr.write(
      `this is a bug in mtorrent, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return exitCodeOf('INTERNAL');
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // What lives on without a reader listens itself, and decides how it ends.
  if (process.stdout.listenerCount('error') > 1) return;
  // The reader has gone (`| head -1`): nobody is left to tell.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
// Explanations that nobody reads any more are lost, and nothing else: a closed terminal must not stop a graceful end.
process.stderr.on('error', () => undefined);
void main().then((exitCode) => {
  process.exitCode = exitCode;
});
