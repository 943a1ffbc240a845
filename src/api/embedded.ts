// A client of this process, with its line. What it says is heard from its first word on.

import { MiniTorrentError } from '../base/errors.js';
import type { Client, ClientOptions } from '../client/actor.js';
import type { ClientEvent } from '../client/messages.js';
import { startClient } from '../client/start.js';
import { formatAddress } from '../torrent/address.js';
import { SwarmClient } from './swarm-client.js';

export interface EmbeddedClient {
  readonly swarm: SwarmClient;
  readonly client: Client;
}

/** Rejects as `startClient` does. */
export async function startEmbedded(options: Omit<ClientOptions, 'onEvent'>): Promise<EmbeddedClient> {
  const early: ClientEvent[] = [];
  let deliver = (event: ClientEvent): void => void early.push(event);
  const client = await startClient({ ...options, onEvent: (event) => deliver(event) });
  const [first, second] = options.trackers;
  const swarm = new SwarmClient({
    facts: {
      address: formatAddress(client.upload),
      trackers: [formatAddress(first), formatAddress(second)],
      pid: process.pid,
    },
    tell: (command) => client.tell(command),
  });
  // After the caller could listen.
  setImmediate(() => {
    deliver = (event) => swarm.onEvent(event);
    for (const event of early.splice(0)) swarm.onEvent(event);
  });
  void client.ended.then(() => swarm.lineEnded(new MiniTorrentError('CANCELLED', 'the client has ended')));
  return { swarm, client };
}
