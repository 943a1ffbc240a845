// Starts a tracker on a thread of this program and reports how it ends, as a child for a supervisor. Decides nothing
// about restarts.

import { openLink } from '../../../foundation/actor/link.js';
import type { Child } from '../../../foundation/actor/supervisor.js';
import { MessageChannel, startThread } from '../../../foundation/actor/thread.js';
import { deferred } from '../../../foundation/base/deferred.js';
import { isErrorCode } from '../../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { bundleUrl } from '../../../foundation/base/installation.js';
import type { LogTarget } from '../../../foundation/base/log.js';
import type { Identity } from '../../../foundation/identity/credentials.js';
import { type Address, formatAddress } from '../../../foundation/torrent/address.js';
import { type HostedEvent, type HostedSettings, hostedCommands, hostedEvents, hostedSettings } from './messages.js';

const ENTRY = bundleUrl('tracker');

export type HostedOptions = Omit<HostedSettings, 'kind' | 'own' | 'partner' | 'identity'> & {
  /** Names the thread: 'tracker-1'. */
  readonly name: string;
  readonly own: Address;
  readonly partner: Address;
  readonly log: LogTarget;
  /** Of a tracker of a closed swarm; undefined: in the clear. */
  readonly identity: Identity | undefined;
};

/** Rejects with MiniTorrentError as `startTracker` does; nothing runs then. */
export async function startHosted({ name, own, partner, log, identity, ...files }: HostedOptions): Promise<Child> {
  const { port1, port2 } = new MessageChannel();
  const addresses = { own: formatAddress(own), partner: formatAddress(partner) };
  const known = { ...addresses, ...files, identity: identity === undefined ? null : fieldsOf(identity) };
  const settings = new Uint8Array(hostedSettings.encode({ kind: 'tracker', ...known }));
  const thread = startThread({ name, entry: ENTRY, log, settings, shared: [], ports: [port2] });
  const refused = deferred<never>();
  // Seen through the race below; after it nobody is refused any more.
  refused.promise.catch(() => undefined);
  openLink<never, HostedEvent>({
    port: port1,
    sends: hostedCommands,
    receives: hostedEvents,
    handle: (event) => {
      refused.reject(new MiniTorrentError(isErrorCode(event.code) ? event.code : 'INTERNAL', event.sentence));
    },
    onCrash: (error) => refused.reject(error),
  });
  void thread.ended.then(() => port1.close());
  try {
    await Promise.race([thread.ready, refused.promise]);
  } catch (error) {
    await thread.stop();
    throw error;
  }
  return thread;
}

function fieldsOf({ swarm, root, secret, card }: Identity): NonNullable<HostedSettings['identity']> {
  return { swarm, root, seed: secret.exportSeed(), card };
}
