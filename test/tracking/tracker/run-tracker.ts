// A tracker as a process of its own, for tests that kill it: own, partner, seeder list, log, and options as JSON.

import { exitCodeOf } from '../../../src/foundation/base/error-codes.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { parseAddress } from '../../../src/foundation/torrent/address.js';
import { runTracker } from '../../../src/tracking/tracker/main.js';

const [own = '', partner = '', seederListPath = '', logPath = '', more = '{}'] = process.argv.slice(2);
const addresses = [parseAddress(own, true), parseAddress(partner, true)];
if (addresses[0] === undefined || addresses[1] === undefined) throw new Error(`not addresses: ${own} ${partner}`);
try {
  const log = { path: logPath, level: 'info' } as const;
  const options = { own: addresses[0], partner: addresses[1], seederListPath, log, ...JSON.parse(more) };
  process.exitCode = await runTracker(options);
} catch (error) {
  if (!(error instanceof MiniTorrentError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = exitCodeOf(error.code);
}
