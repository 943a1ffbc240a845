// `swarm.toml`: which swarm an identity belongs to. Its name, its root's public key, and where its trackers are. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { fromBase32, toBase32 } from '../../foundation/identity/base32.js';
import { PUBLIC_KEY_SIZE, type PublicKey, publicKey } from '../../foundation/identity/keys.js';
import { isMemberName } from '../../foundation/identity/statement.js';
import { formatAddress, parseNamedAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { type TrackerList, trackerList, whyNoTrackers } from '../../foundation/torrent/tracker-pair.js';
import { parseConfig } from '../settings/toml.js';

export interface SwarmFile {
  /** As `isMemberName` wants it; for people. */
  readonly name: string;
  readonly root: PublicKey;
  readonly trackers: TrackerList;
}

export function formatSwarmFile({ name, root, trackers }: SwarmFile): string {
  const places = trackers.map((tracker) => `"${formatAddress(tracker)}"`);
  return [
    '# The closed swarm that the keys beside this file belong to.',
    `name = "${name}"`,
    '# The public key of its root: every card is checked by it.',
    `root = "${toBase32(root)}"`,
    `trackers = [${places.join(', ')}]`,
    '',
  ].join('\n');
}

/** Unknown keys are of a later release and are left alone. Throws MiniTorrentError: STATE_DAMAGED. */
export function parseSwarmFile(text: string, path: string): SwarmFile {
  const entries = new Map(parseConfig(text, path).map(({ key, value }) => [key, value]));
  const name = entries.get('name');
  if (typeof name !== 'string' || !isMemberName(name)) throw damaged(path, 'name is no name of a swarm');
  const text32 = entries.get('root');
  const root = typeof text32 === 'string' ? fromBase32(text32) : undefined;
  if (root?.length !== PUBLIC_KEY_SIZE) throw damaged(path, 'root is no public key in base32');
  const trackers = entries.get('trackers');
  const words: readonly unknown[] = Array.isArray(trackers) ? trackers : [];
  const addresses = words.flatMap((each) => (typeof each === 'string' ? (parseNamedAddress(each) ?? []) : []));
  const list = addresses.length < words.length ? undefined : trackerList(addresses);
  if (list === undefined) throw damaged(path, 'trackers are not two addresses');
  const why = whyNoTrackers(list);
  if (why !== undefined) throw damaged(path, why);
  return { name, root: publicKey(root), trackers: list };
}

function damaged(path: string, what: string): MiniTorrentError {
  const sentence = `${printable(path)} does not say which swarm this is: ${what}; restore the file, or join again with an invitation`;
  return new MiniTorrentError('STATE_DAMAGED', sentence);
}
