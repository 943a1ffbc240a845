// What the settings mean for a client and its trackers, resolved once: every command that runs or looks for one reads
// it here.

import { join } from 'node:path';
import type { LogStyle, LogTarget } from '../../foundation/base/log.js';
import { type Address, sameAddress } from '../../foundation/torrent/address.js';
import type { NameRule } from '../../foundation/torrent/metainfo.js';
import { printable } from '../../foundation/torrent/names.js';
import type { PairConfig } from '../home/pair.js';
import type { ClientConfig } from '../library/start-client.js';
import type { Settings } from '../settings/resolve.js';
import { optimizeLater } from './tiering.js';

export interface CommandConfig {
  /** How a client runs, whichever command starts it. */
  readonly client: ClientConfig;
  readonly log: LogStyle;
  /** The log file of `daemon`. */
  readonly logTarget: LogTarget;
  /** The trackers that are set, or this user's own. */
  readonly pair: Omit<PairConfig, 'onTrouble'>;
  /** State directory of the one client that `client` or `daemon` runs. */
  readonly stateDir: string;
  /** What clients keep whose user named nothing: the pair, the first console, the daemon. */
  readonly homeDirectory: string;
  /** Below it lie the state directories of one-shot clients. */
  readonly stateRoot: string;
  /** Which host names of trackers a stranger's .mtorrent may name. */
  readonly mayName: NameRule;
}

/** Reading a path of it throws INVALID_ARGUMENTS when it would lie in a home directory that does not exist. */
export function clientConfigOf(settings: Settings): CommandConfig {
  const { values } = settings;
  const homeDirectory = (): string => join(values['state-dir'], 'home');
  const log = logStyleOf(settings);
  return {
    client: {
      upload: values.address,
      advertise: values.advertise,
      rates: { up: values['upload-limit'], down: values['download-limit'] },
      peerThreads: values['peer-threads'],
      diskReserve: values['disk-reserve'],
      downloadsAtOnce: values['active-downloads'],
      allowHostNames: values['allow-host-names'],
      requireSignature: values['require-signature'],
      signs: values.sign,
      get swarmDir() {
        return memberStateBase(settings);
      },
      onWarm: optimizeLater,
      onWait: (sentence) => void process.stderr.write(`${printable(sentence)}\n`),
    },
    log,
    get logTarget() {
      return { ...log, path: values.log };
    },
    pair: {
      trackers: values.trackers,
      get directory() {
        return homeDirectory();
      },
      host: values.address?.host,
      log,
      swarm: values.swarm,
    },
    get stateDir() {
      return stateDirectory(settings);
    },
    get homeDirectory() {
      return homeDirectory();
    },
    get stateRoot() {
      return values['state-dir'];
    },
    mayName: (tracker) =>
      values['allow-host-names'] || values.trackers?.some((named) => sameAddress(named, tracker)) === true,
  };
}

/** Where all clients of this user keep what the trackers of closed swarms told them. */
export function memberStateBase({ values }: Settings): string {
  return join(values['state-dir'], 'swarm');
}

export function logStyleOf({ values }: Settings): LogStyle {
  return { level: values['log-level'], format: values['log-format'] };
}

/**
 * Clients of one machine with no directory of their own are kept apart by address; without an address it is the user's.
 */
function stateDirectory({ values, origins }: Settings): string {
  const { address, trackers } = values;
  const isNamed = origins['state-dir'].kind !== 'default';
  if (trackers !== undefined && isNamed) return values['state-dir'];
  if (trackers === undefined || address === undefined) return join(values['state-dir'], 'home', 'client');
  return join(values['state-dir'], stateNameOf(address));
}

export function stateNameOf({ host, port }: Address): string {
  return `${host.replaceAll(/[:/]/g, '-')}_${port}`;
}

/**
 * Milliseconds that a service waits for its address. One that systemd itself has started cannot ask anybody, so it
 * waits as long as it takes.
 */
export function addressWaitOf({ values, origins }: Settings, env: NodeJS.ProcessEnv = process.env): number {
  const isService = env['SYSTEMD_EXEC_PID'] === String(process.pid);
  return origins['address-wait'].kind === 'default' && isService ? Number.POSITIVE_INFINITY : values['address-wait'];
}
