// `retrack`: every name that names one tracker names another from now on, and its announcements move at once. Which of
// the .mtorrent files on disk follow, the disk job finds out. Invariant: no pair becomes one address twice. Pure.

import { isWildcard } from '../../foundation/base/hosts.js';
import { parseNamedAddress, sameAddress } from '../../foundation/torrent/address.js';
import { wildcardSentence } from '../../foundation/torrent/tracker-pair.js';
import { bad, refuse, saved } from '../answers/answers.js';
import type { ClientEffect, ClientInput, OwnMetainfo } from '../effects.js';
import { type ClientCommand, RETRACK_FAILURES_MAX } from '../messages.js';
import type { FileTable } from './file-table.js';
import { namesOf, namesTracker, retracked as renamedEntry } from './names.js';
import { renamed } from './renaming.js';

type Retrack = Extract<ClientCommand, { readonly kind: 'retrack' }>;

export function retrack(files: FileTable, command: Retrack): readonly ClientEffect[] {
  const { ask, isTrial } = command;
  const [from, to] = [parseNamedAddress(command.from), parseNamedAddress(command.to)];
  if (from === undefined || to === undefined || sameAddress(from, to)) {
    const sentence = `${command.from} and ${command.to} are not two addresses; write each as ip:port`;
    return [refuse(ask, 'INVALID_ARGUMENTS', sentence)];
  }
  if (isWildcard(to.host)) return [refuse(ask, 'INVALID_ARGUMENTS', wildcardSentence(to))];
  const named = files.all().filter(({ entry }) => namesOf(entry).some(({ trackers }) => namesTracker(trackers, from)));
  if (named.length === 0) {
    const sentence = `no file here names the tracker ${command.from}; show trackers lists those in use`;
    return [refuse(ask, 'FILE_NOT_FOUND', sentence)];
  }
  const moves = named.flatMap((record) => {
    const entry = renamedEntry(record.entry, from, to);
    return entry === undefined ? [] : [{ record, entry }];
  });
  const left = named.length - moves.length;
  const notices =
    left === 0
      ? []
      : [bad(`${left} of ${named.length} files name ${command.to} as their other tracker; they keep both`)];
  if (isTrial)
    return [...notices, { kind: 'tell', event: { kind: 'retracked', ask, files: moves.length, failures: [] } }];
  const metainfo: readonly OwnMetainfo[] = moves.flatMap(({ entry }) =>
    [...new Set(namesOf(entry).map(({ mtorrentPath }) => mtorrentPath))].map((path) => ({ path, swarm: entry.swarm })),
  );
  const effects = moves.flatMap(({ record, entry }) => renamed(files, record, entry));
  return [
    ...notices,
    ...effects,
    saved(files),
    { kind: 'replaceTracker', ask, files: moves.length, from, to, metainfo },
  ];
}

/** The .mtorrent files that could be rewritten have been. */
export function retracked(input: Extract<ClientInput, { readonly kind: 'trackerReplaced' }>): readonly ClientEffect[] {
  const { ask, files } = input;
  const failures = input.failures.slice(0, RETRACK_FAILURES_MAX);
  return [{ kind: 'tell', event: { kind: 'retracked', ask, files, failures } }];
}
