// Why a link led to nothing: what was asked, what came of it, what to do next. Pure.

import { formatAddress } from '../../foundation/torrent/address.js';
import type { Link } from '../../foundation/torrent/link.js';
import { printable } from '../../foundation/torrent/names.js';
import type { ListSources } from './list-sources.js';
import type { AssemblyEffect, TrackerState } from './messages.js';

type Failed = Extract<AssemblyEffect, { readonly kind: 'failed' }>;

/** No tracker gave the piece hashes: the fault that says most about the link comes first. */
export function whyNoHashes(trackers: readonly TrackerState[]): Failed {
  const faults = trackers.map(({ fault }) => fault);
  const each = reasonsOf(trackers);
  if (faults.includes('liar'))
    return failed('VERIFICATION_FAILED', `no tracker of the link has piece hashes that belong to it (${each})`, REPORT);
  if (faults.includes('unlisted'))
    return failed('NOT_LISTED', `no tracker of the link knows what it names (${each})`, NEW_LINK);
  if (faults.includes('old'))
    return failed('WRONG_VERSION', `no tracker of the link gives piece hashes (${each})`, UPGRADE);
  return failed('NO_TRACKER', `no tracker of the link answers (${each})`, 'check the network, and that they run');
}

export function whyNoList(link: Link, sources: ListSources, trackers: readonly TrackerState[]): Failed {
  const name = printable(link.name);
  if (sources.count === 0) {
    const what = `nobody who has the list of ${name} is online (${reasonsOf(trackers) || 'its trackers name no peer'})`;
    return failed(
      'UNFINISHED',
      what,
      'try again when a client that shares it runs, or ask its sender for the .mtorrent',
    );
  }
  const code = sources.hasLiars ? 'VERIFICATION_FAILED' : 'UNFINISHED';
  const asked = sources.count === 1 ? 'the one peer' : `${sources.count} peers`;
  const what = `${asked} that share ${name} did not give its list (${sources.reasons.join('; ')})`;
  return failed(code, what, 'try again later, or ask its sender for the .mtorrent');
}

/** The piece hashes are right, and the rest of the link does not fit them. */
export function wrongLink(link: Link): Failed {
  const what = `the link is damaged: the name ${printable(link.name)}, the size or another part of it was changed`;
  return failed('VERIFICATION_FAILED', what, NEW_LINK);
}

const NEW_LINK = 'ask its sender for a new link';
const REPORT = 'ask its sender for the .mtorrent, and the owner of the trackers what is wrong with them';
const UPGRADE = 'upgrade the trackers, or ask its sender for the .mtorrent';

function reasonsOf(trackers: readonly TrackerState[]): string {
  return trackers
    .filter(({ reason }) => reason !== '')
    .map(({ address, reason }) => `${formatAddress(address)}: ${reason}`)
    .join('; ');
}

function failed(code: Failed['code'], what: string, remedy: string): Failed {
  return { kind: 'failed', code, sentence: `${what}; ${remedy}` };
}
