// Decides what a report from an upload or a tracker means for its file. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import { unreachable } from '../../foundation/base/assert.js';
import { familyOf } from '../../foundation/base/hosts.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import type { PairEvent } from '../../tracking/announce/messages.js';
import { bad } from '../answers/answers.js';
import type { TrackerNotices } from '../answers/tracker-notices.js';
import type { ClientEffect, ClientInput } from '../effects.js';
import { announce, summarize } from './advance.js';
import type { FileTable } from './file-table.js';
import type { Recovery } from './recovery.js';

export function uploadNews(
  files: FileTable,
  event: Extract<ClientInput, { kind: 'serve' }>['event'],
  recovery: Recovery,
  nowMs: number,
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
      return summarize(record, nowMs);
    case 'serveFailed': {
      // A `.part` that has just been renamed is no longer found under its old name: not an error.
      const { path, folder } = record.entry;
      const isOurs = event.path === path || (folder !== undefined && event.path.startsWith(`${path}/`));
      return isOurs ? recovery.serveFailed(files, record, event, nowMs) : NO_EFFECTS;
    }
    default:
      return unreachable(event);
  }
}

/** @param trackers the pair that reports. */
export function trackerNews(
  files: FileTable,
  notices: TrackerNotices,
  trackers: string,
  event: PairEvent,
  nowMs: number,
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
      return notices.hear(trackers, event, nowMs);
    case 'registered': {
      notices.registered(trackers);
      // Two peers that start at the same moment may each miss the other in their first list. Whichever is registered
      // later finds the other one now, and dials it.
      const record = files.ofSwarm(event.swarm);
      if (record === undefined || record.phase.at !== 'downloading') return NO_EFFECTS;
      return announce(record, { kind: 'findSeeders', swarm: event.swarm });
    }
    case 'reach':
      return notices.reach(
        event,
        files.all().some(({ phase }) => phase.at === 'seeding'),
      );
    case 'advertiseIgnored':
    case 'addressShared':
    case 'identityCopied':
      return notices.beside(event);
    case 'identityShared': {
      const where = formatAddress(event.tracker);
      if (event.other !== undefined)
        return [
          bad(
            `a client at ${formatAddress(event.other)} has the identity of this one, as after copying a state directory or a machine; this client has taken an identity of its own`,
          ),
        ];
      return [
        bad(
          `tracker ${where} repeatedly knows messages that this client did not send: another client uses the same client id, perhaps from a copied state directory. This client continues under a new id`,
        ),
      ];
    }
    case 'identityBurnt': {
      const where = formatAddress(event.tracker);
      return [
        bad(
          `tracker ${where} knows of a start of this client that never happened: somebody else has used its client id. It continues under a new id and registers its files again`,
        ),
      ];
    }
    case 'listedElsewhere':
      return [bad(otherFamily(event.tracker, event.upload))];
    case 'left':
    case 'withdrawn':
    case 'epochRaised':
    case 'reachChecked':
      return NO_EFFECTS;
    default:
      return unreachable(event);
  }
}

function otherFamily(tracker: Address, upload: Address): string {
  const [here, there] = [familyOf(upload.host), familyOf(tracker.host)];
  const every = formatAddress({ host: '::', port: upload.port });
  return `this client listens at ${formatAddress(upload)}, an ${here} address, and its tracker ${formatAddress(tracker)} is an ${there} one, which lists it where it does not listen: nobody who uses that tracker can fetch from it; start it with an ${there} address of this machine, or with ${every} for both`;
}
