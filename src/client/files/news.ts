// What uploads and trackers report, and what follows for the file it is about. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import { unreachable } from '../../foundation/base/assert.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import type { AnnounceEvent } from '../../tracking/announce/messages.js';
import { bad } from '../answers/answers.js';
import type { TrackerNotices } from '../answers/tracker-notices.js';
import type { ClientEffect, ClientInput } from '../effects.js';
import { announce } from './advance.js';
import type { FileTable } from './file-table.js';
import { serveFailed } from './recovery.js';

export function uploadNews(
  files: FileTable,
  event: Extract<ClientInput, { kind: 'serve' }>['event'],
): readonly ClientEffect[] {
  const record = files.get(event.file);
  if (record === undefined) return NO_EFFECTS;
  switch (event.kind) {
    case 'peerJoined':
      if (record.phase.at !== 'downloading') return NO_EFFECTS;
      return [
        { kind: 'peersFound', file: record.file, peers: [{ host: event.host, port: event.port }], incoming: true },
      ];
    case 'uploaded':
      record.transfer.sent += event.bytes;
      return NO_EFFECTS;
    case 'serveFailed': {
      // A `.part` that has just got its final name is no longer found under the old one: nothing is wrong.
      return event.path === record.entry.path ? serveFailed(files, record, event.errno) : NO_EFFECTS;
    }
    default:
      return unreachable(event);
  }
}

/** @param trackers the pair that it comes from. */
export function trackerNews(
  files: FileTable,
  notices: TrackerNotices,
  trackers: string,
  event: AnnounceEvent,
): readonly ClientEffect[] {
  switch (event.kind) {
    case 'seedersFound': {
      const record = files.ofSwarm(event.swarm);
      if (record === undefined || record.phase.at !== 'downloading') return NO_EFFECTS;
      const peers = event.seeders.map(({ host, port }) => ({ host, port }));
      return [{ kind: 'peersFound', file: record.file, peers, incoming: false }];
    }
    case 'refused': {
      const name = files.ofSwarm(event.swarm)?.entry.name ?? event.swarm;
      return notices.refused(trackers, event, name);
    }
    case 'trackerUp':
    case 'trackerDown':
    case 'allTrackersDown':
    case 'trackersBack':
      return notices.hear(trackers, event);
    case 'registered': {
      notices.registered(trackers);
      // A list that was asked for before we were on it may lack whoever began in the same moment, and theirs us. Of two, the one that
      // is registered later hears of the other now, and dials it.
      const record = files.ofSwarm(event.swarm);
      if (record === undefined || record.phase.at !== 'downloading') return NO_EFFECTS;
      return [announce(record, { kind: 'findSeeders', swarm: event.swarm })];
    }
    case 'identityShared': {
      const where = formatAddress(event.tracker);
      return [
        bad(
          `tracker ${where} again and again knows words of this client that it did not say: another client has the same client id, perhaps from a copied state directory. This one goes on under a new id`,
        ),
      ];
    }
    case 'identityBurnt': {
      const where = formatAddress(event.tracker);
      return [
        bad(
          `tracker ${where} knows this client by a start that never was: somebody else has used its client id. It goes on under a new id, and lists its files again`,
        ),
      ];
    }
    case 'left':
    case 'withdrawn':
    case 'epochRaised':
      return NO_EFFECTS;
    default:
      return unreachable(event);
  }
}
