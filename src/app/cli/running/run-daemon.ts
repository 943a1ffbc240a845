// `mtorrent daemon`: a client without a console, for whoever attaches to its socket. Runs in the foreground like a
// service: one line when it is ready, and a graceful end by a signal or `mtorrent stop`.

import { dirname } from 'node:path';
import { deferred } from '../../../foundation/base/deferred.js';
import { makeDirectory } from '../../../foundation/base/directories.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { type Priority, serviceLines } from '../../../foundation/base/journal.js';
import { watchSignals } from '../../../foundation/base/signals.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import { type AttachListener, openAttachListener } from '../../attach/listener.js';
import { usableSocketPath } from '../../attach/socket-path.js';
import { startPair } from '../../home/pair.js';
import { waitForAddress } from '../../library/address-wait.js';
import { type LocalClient, startClient } from '../../library/start-client.js';
import type { Settings } from '../../settings/resolve.js';
import { addressWaitOf, type CommandConfig, clientConfigOf } from '../client-config.js';
import { cannotContinue, foreignDirectory } from '../context.js';
import { type Membership, membershipOf, membershipOn } from '../membership.js';
import { prepareAutomation, type StartAutomation } from './automation.js';
import { type ClientEndpoints, openEndpoints } from './endpoints.js';
import { findState } from './moved-state.js';

/**
 * Resolves to 0 after it was told to end. Rejects with MiniTorrentError when it cannot start. @param onReady gets the
 * line that says where it listens.
 */
export async function runDaemon(settings: Settings, onReady: (line: string) => void): Promise<number> {
  const usual = clientConfigOf(settings);
  const socket = usableSocketPath(settings.values.socket);
  await makeLogDirectory(settings);
  const foreign = foreignDirectory(settings);
  if (foreign !== undefined) tell(foreign);
  const { host } = usual.pair;
  if (host !== undefined) await waitForAddress(host, { waitMs: addressWaitOf(settings), say: tell });
  const { stateDir, note } = await findState(settings, usual.stateDir);
  if (note !== undefined) tell(note);
  const automate = await prepareAutomation(settings, stateDir);
  const config = { ...usual, stateDir, automate, membership: await membershipOf(settings, 'client') };
  const listener = await openAttachListener(socket, tell);
  const signals = new Signals();
  let endpoints: ClientEndpoints | undefined;
  try {
    endpoints = await openEndpoints(settings, () => stateDir, tell);
    for (const remark of endpoints.remarks) tell(remark);
    let ready = (address: string): void => onReady(`DAEMON LISTENING ${address} ${socket}`);
    for (;;) {
      const end = await runAt({ ...config, settings, socket, listener, endpoints }, signals, ready);
      if (end.kind === 'ended') return end.error === undefined ? 0 : cannotContinue(end.error);
      tell(`this machine has the address ${end.host} now; the client and its trackers start again there`);
      ready = (address) => tell(`the client listens at ${address}`);
    }
  } finally {
    await endpoints?.close();
    // Last: whoever waits for our end sees it here.
    await listener.close();
    signals.unwatch();
  }
}

type RunEnd = { readonly kind: 'ended'; readonly error: unknown } | { readonly kind: 'moves'; readonly host: string };

interface DaemonConfig extends CommandConfig {
  readonly settings: Settings;
  readonly membership: Membership;
  readonly socket: string;
  readonly listener: AttachListener;
  readonly endpoints: ClientEndpoints;
  readonly automate: StartAutomation;
}

/** Until the client ends, or until a machine that had nothing but the loopback has an address for its own pair. */
async function runAt(config: DaemonConfig, signals: Signals, onReady: (address: string) => void): Promise<RunEnd> {
  const moves = deferred<RunEnd>();
  const onAddress = (host: string): void => moves.resolve({ kind: 'moves', host });
  const pair = await startPair({ ...config.pair, onTrouble: tell, onAddress });
  try {
    for (const note of pair.notes) tell(note);
    const { client, stateDir, logTarget, settings, socket, listener, endpoints } = config;
    const both = pair.trackers.map(formatAddress).join(' and ');
    if (pair.isOurs) tell(`no trackers are set; this process runs a pair of its own: ${both}`);
    const { credentials, remark } = await membershipOn(pair, config.membership, settings);
    const { trackers } = pair;
    const local = await startClient(client, { trackers, credentials, stateDir, socket, log: logTarget });
    if (remark !== undefined) tell(remark);
    const automation = config.automate({ ...local, credentials }, (level, sentence) => {
      tell(sentence, level === 'bad' ? 'warning' : 'info');
      local.notify(level, sentence);
    });
    signals.watch(local);
    listener.serve(local);
    endpoints.serve(local);
    onReady(local.facts.address);
    const ended = local.ended.then((error): RunEnd => ({ kind: 'ended', error }));
    try {
      const end = await Promise.race([ended, moves.promise]);
      if (end.kind === 'ended' || signals.isTold) return await ended;
      endpoints.suspend();
      listener.suspend('the client starts again at another address');
      await local.client.close();
      return end;
    } finally {
      await automation.close();
    }
  } finally {
    await pair.close();
  }
}

/** The default place of the log is made when it is missing; a place that was named must exist. */
export async function makeLogDirectory({ values, origins }: Settings): Promise<void> {
  if (origins.log.kind !== 'default') return;
  await makeDirectory(dirname(values.log), '--log');
}

function tell(sentence: string, priority: Priority = 'notice'): void {
  process.stderr.write(serviceLines(printable(sentence), priority));
}

/** Ends the client that runs at the moment, whichever that is. */
class Signals {
  #local: LocalClient | undefined;
  #watched: { unwatch(): void } | undefined;
  #isTold = false;

  /** A signal told the daemon to end. */
  get isTold(): boolean {
    return this.#isTold;
  }

  watch(local: LocalClient): void {
    this.#local = local;
    this.#watched ??= watchSignals({
      onStop: () => {
        this.#isTold = true;
        this.#quit();
      },
      onLogMoved: () => this.#local?.logMoved(),
    });
    if (this.#isTold) this.#quit();
  }

  unwatch(): void {
    this.#watched?.unwatch();
  }

  #quit(): void {
    // A client that is closing already refuses; it ends either way.
    this.#local?.client.quit().catch((error: unknown) => {
      if (!(error instanceof MiniTorrentError)) throw error;
    });
  }
}
