// The identity with which a command asks the trackers of a closed swarm: renewed when its card is old, so that a
// machine that was off for long is served like any other.

import { Questions } from '../../../client/administration/questions.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command, shellLine } from '../../../foundation/base/shell-line.js';
import type { Credentials } from '../../../foundation/identity/credentials.js';
import { printable } from '../../../foundation/torrent/names.js';
import { homeIdentityDirectory } from '../../home/home-identity.js';
import { identityFilesIn, loadIdentity, type OwnIdentity, type Part } from '../../identity/identity-directory.js';
import { identityDirectory, joinedDirectory, modeOfSettings } from '../../identity/own-identity.js';
import type { Settings } from '../../settings/resolve.js';
import { clientConfigOf } from '../client-config.js';
import { credentialsOf } from '../membership.js';

export interface Asking {
  readonly identity: OwnIdentity;
  readonly credentials: Credentials;
  readonly questions: Questions;
}

/** Of this machine's client. Rejects with NOT_ADMITTED where there is none. */
export async function administrator(settings: Settings): Promise<Asking> {
  const identity = withTrackersNow(await ownIdentity(settings, 'client'), settings);
  const credentials = await credentialsOf(identity, settings);
  return { identity, credentials, questions: new Questions(credentials, identity.trackers) };
}

/**
 * With the trackers that are set, if any: an identity keeps those that its swarm had when it was made, and trackers
 * move. An invitation that is made with it leads to them as well. The swarm of this user's consoles has its own pair,
 * whatever is set.
 */
export function withTrackersNow(identity: OwnIdentity, settings: Settings): OwnIdentity {
  const { trackers } = settings.values;
  const isHome = identity.directory === homeIdentityDirectory(clientConfigOf(settings).homeDirectory);
  return trackers === undefined || isHome ? identity : { ...identity, trackers };
}

/** Rejects with NOT_ADMITTED where this machine belongs to no closed swarm. */
async function ownIdentity(settings: Settings, part: Part): Promise<OwnIdentity> {
  return loadIdentity(await swarmDirectory(settings), part);
}

/** The directory in which an identity lies. */
export async function swarmDirectory(settings: Settings): Promise<string> {
  const mode = await modeOfSettings(settings);
  if (mode.kind === 'closed') return mode.directory;
  const place = printable(identityDirectory(settings) ?? 'a home directory that does not exist');
  const sentence = `this machine belongs to no closed swarm (there is no identity in ${place}); join one with ${command('join')}, or make one with ${command('swarm', 'init')}${await homeHint(settings)}`;
  throw new MiniTorrentError('NOT_ADMITTED', sentence);
}

async function homeHint(settings: Settings): Promise<string> {
  // Without a home directory there is no swarm of consoles in it.
  if (joinedDirectory(settings) === undefined) return '';
  const home = homeIdentityDirectory(clientConfigOf(settings).homeDirectory);
  if ((await identityFilesIn(home)).length === 0) return '';
  return `; about the swarm of your consoles ask with: ${shellLine('--identity', home)}`;
}
