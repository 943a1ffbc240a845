// A client of this process, with a line for everybody who uses it: this process, and whoever attaches from elsewhere. What
// it says is heard from its first word on.

import type { Client, ClientOptions } from '../../client/actor.js';
import type { ClientEvent } from '../../client/messages.js';
import { startClient } from '../../client/start.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { type ClientFacts, SwarmClient } from './swarm-client.js';
import { type SharedLine, Users } from './users.js';

export interface EmbeddedClient {
  /** This process as a user. */
  readonly swarm: SwarmClient;
  readonly client: Client;
  readonly facts: ClientFacts;
  /** A further user. `hear` gets what happens, and the answers to what is told on this line. */
  join(hear: (event: ClientEvent) => void): SharedLine;
}

/** Rejects as `startClient` does. */
export async function startEmbedded(options: Omit<ClientOptions, 'onEvent'>): Promise<EmbeddedClient> {
  const early: ClientEvent[] = [];
  let deliver = (event: ClientEvent): void => void early.push(event);
  const client = await startClient({ ...options, onEvent: (event) => deliver(event) });
  const users = new Users(client);
  const [first, second] = options.trackers;
  let closed: Promise<void> | undefined;
  const facts: ClientFacts = {
    address: formatAddress(client.upload),
    trackers: [formatAddress(first), formatAddress(second)],
    pid: process.pid,
  };
  const join = (hear: (event: ClientEvent) => void): SharedLine => users.join(hear);
  const own = join((event) => swarm.onEvent(event));
  const swarm: SwarmClient = new SwarmClient({
    facts,
    tell: (command) => own.tell(command),
    close: () => {
      closed ??= close(swarm, client);
      return closed;
    },
  });
  // After the caller could listen.
  setImmediate(() => {
    deliver = (event) => users.deliver(event);
    for (const event of early.splice(0)) users.deliver(event);
  });
  void client.ended.then((error) => swarm.lineEnded(endOf(error)));
  return { swarm, client, facts, join };
}

async function close(swarm: SwarmClient, client: Client): Promise<void> {
  // Refused when it is closing, or has ended, already.
  await swarm.quit().catch(() => undefined);
  const error = await client.ended;
  if (error !== undefined) throw endOf(error);
}

function endOf(error: unknown): MiniTorrentError {
  if (error === undefined) return new MiniTorrentError('CANCELLED', 'the client has ended');
  const why = error instanceof Error ? error.message : String(error);
  return new MiniTorrentError('INTERNAL', `the client cannot go on: ${why}; see its log file`, error);
}
