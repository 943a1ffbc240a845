// A terminal that was closed under us. Node aborts at its end when it cannot set such a terminal back (its ResetStdio takes
// EPERM only, and a closed one answers EIO), so we let go of it before: its descriptors become /dev/null.

import fs from 'node:fs';

const STANDARD_STREAMS = [0, 1, 2];

/** To be called last: whoever opens a file at the same moment on another thread would take the place. */
export function letGoOfTerminal(): void {
  for (const fd of STANDARD_STREAMS) {
    if (!fs.fstatSync(fd).isCharacterDevice()) continue;
    fs.closeSync(fd);
    // The lowest free number: this one.
    fs.openSync('/dev/null', 'r+');
  }
}
