// The state of a client whose machine has another address than before: its default directory is named after the
// address, so it is looked for under the former one. Changes nothing on the disk.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../../foundation/base/errors.js';
import { isLoopback, isWildcard } from '../../../foundation/base/hosts.js';
import { hostsHere } from '../../../foundation/base/interfaces.js';
import { canonicalHost, formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { Settings } from '../../settings/resolve.js';
import { stateNameOf } from '../client-config.js';

export interface FoundState {
  readonly stateDir: string;
  /** For people; undefined: it is where it is looked for first. */
  readonly note: string | undefined;
}

/** @param stateDir where it would be; kept when there is one, or when no other fits. */
export async function findState({ values }: Settings, stateDir: string): Promise<FoundState> {
  const { address } = values;
  const root = values['state-dir'];
  const asNamed = { stateDir, note: undefined };
  if (address === undefined || address.port === 0 || stateDir !== join(root, stateNameOf(address))) return asNamed;
  if (await isThere(stateDir)) return asNamed;
  const former = await formerStates(root, address.port);
  const [only, ...more] = former;
  if (only === undefined) return asNamed;
  const where = printable(only.directory);
  if (more.length > 0) {
    const all = former.map(({ directory }) => printable(directory)).join(', ');
    const note = `this client begins with an empty list of files; others of this port, at addresses that this machine no longer has, are in ${all}: name one with --state-dir`;
    return { stateDir, note };
  }
  const note = `${formatAddress({ host: only.host, port: address.port })} is no longer an address of this machine, so the files known there are those of this client: its state is in ${where}`;
  return { stateDir: only.directory, note };
}

interface FormerState {
  readonly host: string;
  readonly directory: string;
}

/** Those of the same port at hosts that this machine no longer has. */
async function formerStates(root: string, port: number): Promise<readonly FormerState[]> {
  const here = hostsHere();
  if (here === undefined) return [];
  const names = await readdir(root).catch((error: unknown) => {
    if (errnoOf(error) === undefined) throw error;
    return [];
  });
  const states: FormerState[] = [];
  for (const name of names) {
    const [, text = '', portText] = /^([0-9a-f.-]+)_(\d+)$/.exec(name) ?? [];
    const host = canonicalHost(text.replaceAll('-', ':'));
    if (host === undefined || Number(portText) !== port) continue;
    if (here.includes(host) || isLoopback(host) || isWildcard(host)) continue;
    const directory = join(root, name);
    if (await isThere(join(directory, 'library.json'))) states.push({ host, directory });
  }
  return states;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === undefined) throw error;
      return false;
    },
  );
}
