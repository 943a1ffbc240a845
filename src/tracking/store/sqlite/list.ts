// `mtorrent tracker-list`: what a seeder list holds, as text or JSON, also while a tracker runs on it. Changes nothing,
// and escapes names, since strangers chose them.

import { formatBytes } from '../../../foundation/base/bytes.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import { readSeederList } from './reader.js';

interface ListedSeeder {
  readonly address: string;
  readonly have: number;
}

interface ListedSwarm {
  readonly name: string;
  readonly size: number;
  readonly swarm: string;
  readonly pieces: number;
  readonly seeders: ListedSeeder[];
}

export interface ListOptions {
  readonly json: boolean;
}

/** Without a closing newline. Rejects with FILE_NOT_FOUND, STATE_DAMAGED, PERMISSION_DENIED or IO_ERROR. */
export async function listSeeders(path: string, options: ListOptions): Promise<string> {
  const swarms = gather(path);
  if (options.json) return JSON.stringify({ swarms }, undefined, 2);
  if (swarms.length === 0) return 'No file has a seeder.';
  return swarms.map(describe).join('\n');
}

function gather(path: string): ListedSwarm[] {
  const list = readSeederList(path);
  const bySwarm = new Map<string, ListedSwarm>();
  for (const [swarm, name, size, pieces] of list.swarms) {
    const key = String(swarm);
    bySwarm.set(key, { name: String(name), size: Number(size), swarm: key, pieces: Number(pieces), seeders: [] });
  }
  for (const [swarm, host, port, have] of list.seeders) {
    const address = formatAddress({ host: String(host), port: Number(port) });
    bySwarm.get(String(swarm))?.seeders.push({ address, have: Number(have) });
  }
  return [...bySwarm.values()];
}

function describe({ name, size, swarm, pieces, seeders }: ListedSwarm): string {
  const head = `${printable(name)}  ${formatBytes(size)}  ${swarm}`;
  return [head, ...seeders.map(({ address, have }) => `  ${address}  ${have}/${pieces}`)].join('\n');
}
