// `retrack`: every name that names one tracker names another from now on, and its announcements move at once. Which of
// the .mtorrent files on disk follow, the disk job finds out; asked again, it tries those that did not. Invariant: no
// pair becomes one address twice. Pure.

import {
  type Address,
  formatAddress,
  parseNamedAddress,
  sameAddress,
  whyNoAddress,
} from '../../foundation/torrent/address.js';
import { whyUndialable } from '../../foundation/torrent/tracker-pair.js';
import { bad, refuse, saved } from '../answers/answers.js';
import type { ClientEffect, ClientInput, OwnMetainfo } from '../effects.js';
import { type ClientCommand, RETRACK_FAILURES_MAX } from '../messages.js';
import type { FileTable } from './file-table.js';
import { namesOf, namesTracker, retracked as renamedEntry } from './names.js';
import type { Entry } from './record.js';
import { renamed } from './renaming.js';

type Retrack = Extract<ClientCommand, { readonly kind: 'retrack' }>;

export function retrack(files: FileTable, command: Retrack): readonly ClientEffect[] {
  const { ask, isTrial } = command;
  const [from, to] = [parseNamedAddress(command.from), parseNamedAddress(command.to)];
  if (from === undefined || to === undefined || sameAddress(from, to)) {
    const wrong = [command.from, command.to].map(whyNoAddress).find((why) => why !== undefined);
    const sentence = `${command.from} and ${command.to} are not two addresses${wrong === undefined ? '' : `: ${wrong}`}; write each as ip:port`;
    return [refuse(ask, 'INVALID_ARGUMENTS', sentence)];
  }
  const undialable = whyUndialable(to);
  if (undialable !== undefined) return [refuse(ask, 'INVALID_ARGUMENTS', undialable)];
  const named = files.all().filter(({ entry }) => names(entry, from));
  // A .mtorrent that could not be rewritten when its file moved names the old tracker still.
  const before = isTrial ? [] : files.all().filter(({ entry }) => names(entry, to) && !names(entry, from));
  if (named.length === 0 && before.length === 0) return [unknown(ask, from)];
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
  const metainfo = [...moves, ...before].flatMap(({ entry }) => metainfoOf(entry));
  const effects = moves.flatMap(({ record, entry }) => renamed(files, record, entry));
  const moved = moves.map(({ entry }) => entry.swarm);
  return [
    ...notices,
    ...effects,
    ...(moves.length === 0 ? [] : [saved(files)]),
    { kind: 'replaceTracker', ask, named: named.length, moved, from, to, metainfo },
  ];
}

/** The .mtorrent files that could be rewritten have been. */
export function retracked(input: Extract<ClientInput, { readonly kind: 'trackerReplaced' }>): readonly ClientEffect[] {
  const { ask, files, from, named } = input;
  const failures = input.failures.slice(0, RETRACK_FAILURES_MAX);
  if (named === 0 && files === 0 && failures.length === 0) return [unknown(ask, from)];
  return [{ kind: 'tell', event: { kind: 'retracked', ask, files, failures } }];
}

function names(entry: Entry, tracker: Address): boolean {
  return namesOf(entry).some(({ trackers }) => namesTracker(trackers, tracker));
}

function metainfoOf(entry: Entry): readonly OwnMetainfo[] {
  const paths = new Set(namesOf(entry).map(({ mtorrentPath }) => mtorrentPath));
  return [...paths].map((path) => ({ path, swarm: entry.swarm }));
}

function unknown(ask: number, tracker: Address): ClientEffect {
  const sentence = `no file here names the tracker ${formatAddress(tracker)}; show trackers lists those in use`;
  return refuse(ask, 'FILE_NOT_FOUND', sentence);
}
