// Runs a tracker as one thread of a program that needs a pair beside its real work. A tracker that fails ends its
// thread with the reason; its supervisor decides what follows.

import { openLink } from '../../../foundation/actor/link.js';
import type { ThreadSelf } from '../../../foundation/actor/thread.js';
import { assert } from '../../../foundation/base/assert.js';
import { fitting } from '../../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { Credentials } from '../../../foundation/identity/credentials.js';
import { parseAddress } from '../../../foundation/torrent/address.js';
import { SENTENCE_BYTES_MAX } from '../../../foundation/wire/limits.js';
import { type RunningTracker, startTracker } from '../start.js';
import { type HostedEvent, type HostedSettings, hostedCommands, hostedEvents, hostedSettings } from './messages.js';

export async function runTrackerThread(self: ThreadSelf): Promise<void> {
  const settings = hostedSettings.decode(self.settings);
  const [port] = self.ports;
  const [own, partner] = [parseAddress(settings.own), parseAddress(settings.partner)];
  const { log } = self;
  assert(
    port !== undefined && own !== undefined && partner !== undefined && log !== undefined,
    'a tracker is born with what it needs',
  );
  const link = openLink<HostedEvent, never>({
    port,
    sends: hostedEvents,
    receives: hostedCommands,
    handle: () => undefined,
    onCrash: (error) => self.crash(error),
  });
  let tracker: RunningTracker | undefined;
  self.onStop(async () => tracker?.stop('its program ends'));
  try {
    const { listenHost, seederListPath } = settings;
    tracker = await startTracker({
      own,
      partner,
      listenHost,
      seederListPath,
      log,
      credentials: credentialsIn(settings),
    });
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    link.tell({ kind: 'startFailed', code: error.code, sentence: fitting(error.message, SENTENCE_BYTES_MAX) });
    return;
  }
  void tracker.failed.then((error) => setImmediate(() => self.crash(error)));
  self.ready();
}

function credentialsIn({ identity }: HostedSettings): Credentials | undefined {
  if (identity === null) return undefined;
  const { swarm, root, seed, card } = identity;
  return Credentials.ofMessage({ swarm, root, seed, card });
}
