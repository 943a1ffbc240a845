// The report of a swarm, for whoever has its .mtorrent: its trackers are asked, and what they were told is summed up.

import type { Credentials } from '../../foundation/identity/credentials.js';
import { ANY_NAMES, type Metainfo } from '../../foundation/torrent/metainfo.js';
import { knownWith, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { askMembers } from '../../tracking/tracker/members.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { passageOf } from './invitations.js';
import { type SwarmReport, swarmReport } from './swarm-report.js';

/**
 * Rejects as `readMetainfo` does, and with NO_TRACKER. @param known trackers that are set, or a client's own: asked as
 * well where they share a database with those of the file. @param credentials undefined: the swarm is open.
 */
export async function reportOf(
  mtorrent: string | Metainfo,
  known: TrackerList | undefined,
  credentials: Credentials | undefined,
): Promise<SwarmReport> {
  const metainfo = typeof mtorrent === 'string' ? await readMetainfo(mtorrent, ANY_NAMES) : mtorrent;
  const { name, geometry, swarm, trackers } = metainfo;
  const told = await askMembers(knownWith(trackers, known), swarm, passageOf(credentials));
  return swarmReport({ name, size: geometry.size }, told);
}
