// Whether the process of a command takes part in a closed swarm, and as whom: found out before anything is dialed or
// listened on. An open one says so in one line.

import { recall } from '../../client/administration/recalled.js';
import { command } from '../../foundation/base/shell-line.js';
import { Credentials } from '../../foundation/identity/credentials.js';
import type { SecretKey } from '../../foundation/identity/keys.js';
import { type Address, sameAddress } from '../../foundation/torrent/address.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { isInUse } from '../../transfer/storage/lock/lock.js';
import { type HomeIdentity, homeIdentity } from '../home/home-identity.js';
import type { TrackerPair } from '../home/pair.js';
import { loadAny, type OwnIdentity, type Part, rootKeyPath } from '../identity/identity-directory.js';
import { keyAtOnce } from '../identity/key-file.js';
import { joinedDirectory, modeOfSettings, ownMode } from '../identity/own-identity.js';
import type { Settings } from '../settings/resolve.js';
import { clientConfigOf, memberStateBase } from './client-config.js';

export interface Membership {
  /** Undefined: the process is open. */
  readonly credentials: Credentials | undefined;
  /** Of a tracker: the root of its swarm, where that lies beside its key. */
  readonly openRoot: (() => SecretKey | undefined) | undefined;
  /** What is to be said of an open one; undefined of a closed one. */
  readonly remark: string | undefined;
}

export const OPEN: Membership = { credentials: undefined, openRoot: undefined, remark: undefined };

/** Rejects with MiniTorrentError: NOT_ADMITTED where a closed swarm is wanted and there is no identity for it, … */
export async function membershipOf(settings: Settings, part: Part): Promise<Membership> {
  const mode = await ownMode(settings, part);
  if (mode.kind === 'open') return { ...OPEN, remark: mode.remark };
  const { identity } = mode;
  const openRoot = (): SecretKey | undefined => {
    const root = keyAtOnce(rootKeyPath(identity.directory));
    const isOurs = root !== undefined && Buffer.compare(root.publicKey, identity.root) === 0;
    return isOurs ? root : undefined;
  };
  if (part === 'tracker') return { ...OPEN, credentials: new Credentials(identity), openRoot };
  return { ...OPEN, credentials: await credentialsOf(identity, settings) };
}

/**
 * Of a client that uses these trackers: this machine's own identity, or that of this user's own pair where it is one.
 * @param membership that of the settings.
 */
export async function membershipAt(
  trackers: readonly Address[],
  membership: Membership,
  settings: Settings,
): Promise<Membership> {
  if (membership.credentials !== undefined || settings.values.swarm === 'open') return membership;
  const home = await runningHome(clientConfigOf(settings).homeDirectory);
  const isHome = trackers.every((each) => home?.client.trackers.some((own) => sameAddress(own, each)) === true);
  return home === undefined || !isHome ? membership : ofPair(home, settings);
}

/** Of a client on the pair that its command found or started. @param membership that of the settings. */
export async function membershipOn(
  pair: Pick<TrackerPair, 'identity' | 'isNamed' | 'trackers'>,
  membership: Membership,
  settings: Settings,
): Promise<Membership> {
  if (pair.isNamed) return membershipAt(pair.trackers, membership, settings);
  if (membership.credentials !== undefined || settings.values.swarm === 'open') return membership;
  return pair.identity === undefined ? { ...membership, remark: OPEN_HOME } : ofPair(pair.identity, settings);
}

const OPEN_HOME = `open: whoever reaches this port may take part; ${command('swarm', 'init', '--home')} closes it`;

/** While nothing of it runs, others may be at its addresses. */
async function runningHome(directory: string): Promise<HomeIdentity | undefined> {
  const home = await homeIdentity(directory);
  return home !== undefined && (await isInUse(directory)) ? home : undefined;
}

async function ofPair({ client }: HomeIdentity, settings: Settings): Promise<Membership> {
  return { ...OPEN, credentials: await credentialsOf(client, settings) };
}

/** With what this user's clients have learned: the newest card, and who is shut out. */
export async function credentialsOf(identity: OwnIdentity, settings: Settings): Promise<Credentials> {
  const credentials = new Credentials(identity);
  // Without a home directory there is no state in it.
  if (joinedDirectory(settings) === undefined) return credentials;
  await recall(memberStateBase(settings), credentials);
  return credentials;
}

/** To trackers; undefined: in the clear. Loads TLS only when it is used. */
export async function passageOf(credentials: Credentials | undefined): Promise<Passage | undefined> {
  if (credentials === undefined) return undefined;
  const { trackerPassage } = await import('../../client/administration/guest-passage.js');
  return trackerPassage(credentials);
}

/** How a command reaches a tracker that it asks as a guest; as client or as tracker. */
export async function guestPassage(tracker: Address, settings: Settings): Promise<Passage | undefined> {
  const mode = await modeOfSettings(settings);
  if (mode.kind === 'closed') return passageOf(await credentialsOf(await loadAny(mode.directory), settings));
  return passageOf((await membershipAt([tracker], OPEN, settings)).credentials);
}
