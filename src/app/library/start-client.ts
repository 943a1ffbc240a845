// Starts a client in this process and shares it among its users: this process is the first, and others may attach. An
// address that nobody named is found out here. Events that arrive before the caller can listen are held back until
// then.

import { randomInt } from 'node:crypto';
import type { ClientEvent } from '../../client/messages.js';
import type { Client } from '../../client/options.js';
import { type StartOptions, startClient as startActor } from '../../client/start.js';
import { shortageOf } from '../../foundation/actor/thread-shortage.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogTarget } from '../../foundation/base/log.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { advertisedAt } from './advertised.js';
import { UPLOAD_PORT } from './limits.js';
import { numericHost, ownHost } from './own-address.js';
import { Subscribers, type Subscription } from './subscribers.js';
import { type ClientFacts, SwarmClient } from './swarm-client.js';

/** What one client has for itself. */
export type ClientPlace = Pick<
  StartOptions,
  'trackers' | 'trackersListen' | 'stateDir' | 'socket' | 'log' | 'readMetainfo' | 'otherShares' | 'credentials'
>;

/** How a client runs, whoever starts it. */
export interface ClientConfig
  extends Omit<StartOptions, keyof ClientPlace | 'upload' | 'findHost' | 'seed' | 'onEvent'> {
  /**
   * Where peers reach the client, as its owner wrote it. Undefined: this machine's address as the trackers see it, with
   * UPLOAD_PORT or a free port.
   */
  readonly upload: Address | undefined;
}

/** A client of this process. */
export interface LocalClient {
  /** This process as a user. */
  readonly client: SwarmClient;
  readonly facts: ClientFacts;
  readonly log: LogTarget;
  /** Adds a user. `hear` gets notifications, and the answers to what the subscription sends. */
  join(hear: (event: ClientEvent) => void): Subscription;
  /** Tells every user what this process did or found beside the client, such as a program that it ran. */
  notify(level: 'good' | 'bad', sentence: string): void;
  /** Answers whoever asks for a link to the page. @param link throws MiniTorrentError when there is none. */
  linkWith(link: () => string): void;
  /** The log file was moved away: opens a new one. */
  logMoved(): void;
  /**
   * Settles when everything is down: with undefined after `quit`, or with the error that nothing could recover from.
   */
  readonly ended: Promise<unknown>;
}

/**
 * Rejects with MiniTorrentError: STATE_DAMAGED, ALREADY_RUNNING, PORT_IN_USE, ADDRESS_UNUSABLE, PERMISSION_DENIED, …
 */
export async function startClient(config: ClientConfig, place: ClientPlace): Promise<LocalClient> {
  const { upload } = config;
  if (upload !== undefined) return startAtNamed(upload, config, place);
  const findHost = (): Promise<string> => ownHost(place.trackers);
  const host = await findHost();
  try {
    return await startAt({ host, port: UPLOAD_PORT }, config, place, findHost);
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'PORT_IN_USE') throw error;
    return startAt({ host, port: 0 }, config, place, findHost);
  }
}

/** An interface, a network or a host name may stand for another address later; a numeric one is what it is. */
async function startAtNamed({ host, port }: Address, config: ClientConfig, place: ClientPlace): Promise<LocalClient> {
  const numeric = await numericHost(host);
  if (numeric === host) return startAt({ host, port }, config, place);
  const findHost = (): Promise<string> =>
    numericHost(host).catch((error: unknown) => {
      if (error instanceof MiniTorrentError) return numeric;
      throw error;
    });
  return startAt({ host: numeric, port }, config, place, findHost);
}

async function startAt(
  upload: Address,
  config: ClientConfig,
  place: ClientPlace,
  findHost?: () => Promise<string>,
): Promise<LocalClient> {
  const early: ClientEvent[] = [];
  let deliver = (event: ClientEvent): void => void early.push(event);
  const seed = randomInt(0, 2 ** 32);
  const notice = (sentence: string): void => deliver({ kind: 'notice', level: 'bad', sentence });
  const advertise = config.advertise && advertisedAt(config.advertise, notice);
  const onEvent = (event: ClientEvent): void => deliver(event);
  const actor = await startActor({ ...config, ...place, advertise, upload, findHost, seed, onEvent });
  let link: (() => string) | undefined;
  const subscribers: Subscribers = new Subscribers((command) => {
    if (command.kind === 'web' && link !== undefined) subscribers.deliver(linkAnswer(command.ask, link));
    else actor.tell(command);
  });
  const [first, second, ...more] = place.trackers;
  const facts: ClientFacts = {
    address: formatAddress(actor.upload),
    trackers: [formatAddress(first), formatAddress(second), ...more.map(formatAddress)],
    pid: process.pid,
  };
  const own = subscribers.join((event) => client.onEvent(event));
  let closed: Promise<void> | undefined;
  const client: SwarmClient = new SwarmClient({
    facts,
    tell: (command) => own.tell(command),
    close: () => {
      closed ??= close(client, actor);
      return closed;
    },
  });
  client.actAs(async () => {
    // A pair that is being started is not asked before it listens.
    await place.trackersListen;
    return place.credentials;
  });
  // The caller can listen by then.
  setImmediate(() => {
    deliver = (event) => subscribers.deliver(event);
    for (const event of early.splice(0)) subscribers.deliver(event);
  });
  void actor.ended.then((error) => client.disconnected(endOf(error)));
  return {
    client,
    facts,
    log: place.log,
    join: (hear) => subscribers.join(hear),
    notify: (level, sentence) => deliver({ kind: 'notice', level, sentence }),
    linkWith: (make) => {
      link = make;
    },
    logMoved: () => actor.logMoved(),
    ended: actor.ended,
  };
}

function linkAnswer(ask: number, link: () => string): ClientEvent {
  try {
    return { kind: 'accepted', ask, detail: link() };
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    return { kind: 'refused', ask, code: error.code, sentence: error.message };
  }
}

async function close(client: SwarmClient, actor: Client): Promise<void> {
  // Refused when it is closing, or has ended, already.
  await client.quit().catch(() => undefined);
  const error = await actor.ended;
  if (error !== undefined) throw endOf(error);
}

function endOf(error: unknown): MiniTorrentError {
  if (error === undefined) return new MiniTorrentError('CANCELLED', 'the client has ended');
  const shortage = shortageOf(error);
  if (shortage !== undefined) return shortage;
  const why = error instanceof Error ? error.message : String(error);
  return new MiniTorrentError('INTERNAL', `the client cannot continue: ${why}; see its log file`, error);
}
