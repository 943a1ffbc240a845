// Finds the identity that a process of these settings takes part with: none in an open swarm, else the one in the
// directory that is set, or the one that MTORRENT_JOIN_FILE made in the state directory.

import { join } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { originText, type Settings } from '../settings/resolve.js';
import { identityFilesIn, loadIdentity, type OwnIdentity, type Part } from './identity-directory.js';
import { type Mode, modeOf } from './mode.js';

export type OwnMode =
  | { readonly kind: 'closed'; readonly identity: OwnIdentity }
  | Extract<Mode, { readonly kind: 'open' }>;

/** Rejects with MiniTorrentError: NOT_ADMITTED where a closed swarm is wanted and cannot be taken part in, … */
export async function ownMode(settings: Settings, part: Part): Promise<OwnMode> {
  const mode = await modeOfSettings(settings);
  if (mode.kind === 'open') return mode;
  return { kind: 'closed', identity: await loadIdentity(mode.directory, part) };
}

/** Rejects with MiniTorrentError: NOT_ADMITTED, PERMISSION_DENIED for a directory that cannot be read. */
export async function modeOfSettings(settings: Settings): Promise<Mode> {
  const { values, origins } = settings;
  const isNamed = origins.identity.kind !== 'default';
  const named = identityDirectory(settings);
  const joined = joinedDirectory(settings);
  const isThere = (await isIdentityIn(named)) || (!isNamed && (await isIdentityIn(joined)));
  const directory = isThere && !(await isIdentityIn(named)) ? joined : named;
  return modeOf({
    swarm: values.swarm,
    swarmOrigin: originText('swarm', origins.swarm),
    directory,
    namedBy: isNamed ? originText('identity', origins.identity) : undefined,
    isThere,
  });
}

/** Undefined without a home directory that the default one could be in. */
export function identityDirectory({ values, origins }: Settings): string | undefined {
  try {
    return values.identity;
  } catch (error) {
    if (error instanceof MiniTorrentError && origins.identity.kind === 'default') return undefined;
    throw error;
  }
}

/** Where a process that found no identity keeps the one that it joined with by itself. */
export function joinedDirectory({ values, origins }: Settings): string | undefined {
  try {
    return join(values['state-dir'], 'identity');
  } catch (error) {
    if (error instanceof MiniTorrentError && origins['state-dir'].kind === 'default') return undefined;
    throw error;
  }
}

async function isIdentityIn(directory: string | undefined): Promise<boolean> {
  return directory !== undefined && (await identityFilesIn(directory)).length > 0;
}
