// What the tests of a client in the background share: one as a process, consoles attached to it, and its commands.

import assert from 'node:assert/strict';
import { ConsoleProcess, type Outcome, ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { deferred } from '../../src/foundation/base/deferred.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';

export class DaemonProcess extends ProgramProcess {
  readonly #listening = deferred<string>();

  constructor(swarm: Swarm, options: readonly string[], trackers = swarm.trackers) {
    super('daemon', daemonWords(swarm, options, 'daemon.state', trackers), swarm.directory);
    this.onLine = (line) => this.#listening.resolve(line);
  }

  /** The line that says where. */
  listening(): Promise<string> {
    return this.expect(this.#listening, 'DAEMON LISTENING line');
  }
}

export function socketOf(swarm: Swarm): string {
  return swarm.path('run/client.sock');
}

export function daemonWords(
  swarm: Swarm,
  options: readonly string[] = [],
  state = 'daemon.state',
  trackers = swarm.trackers,
): readonly string[] {
  const [first = '', second = ''] = trackers.map(formatAddress);
  const places = ['--socket', socketOf(swarm), '--state-dir', swarm.path(state), '--log', 'daemon.log'];
  return ['daemon', '127.0.0.1:0', first, second, ...places, ...options];
}

/** Ready; ends with the swarm. */
export async function startDaemon(
  swarm: Swarm,
  options: readonly string[] = [],
  trackers = swarm.trackers,
): Promise<DaemonProcess> {
  const daemon = swarm.adopt(new DaemonProcess(swarm, options, trackers));
  assert.match(await daemon.listening(), /^DAEMON LISTENING 127\.0\.0\.1:\d+ \//);
  return daemon;
}

/** A console at a pipe; ends with the swarm. */
export function attach(swarm: Swarm, name = 'console'): ConsoleProcess {
  return swarm.adopt(new ConsoleProcess(name, ['attach', '--socket', socketOf(swarm)], swarm.directory));
}

/** One command on the daemon, to its end. */
export function onDaemon(swarm: Swarm, ...words: readonly string[]): Promise<Outcome> {
  return runProgram([...words, '--socket', socketOf(swarm)], swarm.directory);
}
