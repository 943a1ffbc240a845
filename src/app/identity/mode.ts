// Decides whether a process is open or belongs to a closed swarm: from its settings and from what lies in its identity
// directory, before its first byte. Nothing that somebody else says can change it. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { command } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';

export interface ModeFacts {
  /** The setting `swarm`, and where it was set, for a sentence. */
  readonly swarm: 'auto' | 'open' | 'closed';
  readonly swarmOrigin: string;
  /** Undefined without a home directory that it could be in. */
  readonly directory: string | undefined;
  /** Who named the directory, for a sentence; undefined: it is the default one. */
  readonly namedBy: string | undefined;
  /** Any file of an identity lies in the directory. */
  readonly isThere: boolean;
}

export type Mode =
  | { readonly kind: 'closed'; readonly directory: string }
  /** `remark`: what is said of it on stderr. */
  | { readonly kind: 'open'; readonly remark: string };

/** Throws MiniTorrentError, NOT_ADMITTED. */
export function modeOf({ swarm, swarmOrigin, directory, namedBy, isThere }: ModeFacts): Mode {
  const place = printable(directory ?? 'the home directory, which does not exist');
  // An unmounted secret must not open a swarm.
  if (namedBy !== undefined && !isThere) {
    const sentence = `there is no identity in ${place}, which ${namedBy} names; mount or restore it, or join with: ${command('join', '--identity', directory ?? '')}`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  if (swarm === 'open')
    return { kind: 'open', remark: `open, as ${swarmOrigin} says: whoever reaches this port may take part` };
  if (isThere && directory !== undefined) return { kind: 'closed', directory };
  if (swarm === 'closed') {
    const sentence = `swarm = "closed" is set (${swarmOrigin}) and there is no identity in ${place}; join with: ${command('join')}`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  return {
    kind: 'open',
    remark: `open: whoever reaches this port may take part; ${command('swarm', 'init')} closes it`,
  };
}
