// Decides what a `get` leads to once its .mtorrent is read and its target is known: a new download, one that runs here
// already, or a file that is there and only has to be looked at. Invariant: nothing at a target is believed to be the
// file unless its pieces were hashed, or it is as this client knows it. Pure.

import { getRecorded, refuse } from '../answers/answers.js';
import type { ClientEffect, ClientInput } from '../effects.js';
import { getRefusal, makeWay, wholeRefusal } from './admission.js';
import { advance } from './advance.js';
import { recordedMs } from './completeness.js';
import type { FileTable } from './file-table.js';
import { hasOtherCopy, namesOf, succeeding } from './names.js';
import type { Entry, FileRecord } from './record.js';
import { goesOn, gotAgain, sharedAgain, supersede } from './renaming.js';

type Input<K extends ClientInput['kind']> = Extract<ClientInput, { readonly kind: K }>;

/** @param reserve as of `getRefusal`. */
export function getGoesOn(
  files: FileTable,
  input: Input<'getPrepared' | 'targetJudged'>,
  reserve: number | undefined,
): readonly ClientEffect[] {
  return input.kind === 'getPrepared' ? getPrepared(files, input, reserve) : targetJudged(files, input);
}

function getPrepared(
  files: FileTable,
  input: Input<'getPrepared'>,
  reserve: number | undefined,
): readonly ClientEffect[] {
  const { ask, entry, there, ...target } = input;
  const known = files.ofSwarm(entry.swarm);
  if (there !== undefined) {
    const copy = known === undefined ? undefined : namesOf(known.entry).find(({ path }) => path === entry.path);
    const isKnown = there.size === entry.size && copy !== undefined && there.mtimeMs === recordedMs(copy.completeness);
    if (known?.phase.at !== 'seeding' || !isKnown) return [{ kind: 'judgeTarget', ask, entry }];
    return isThere(files, ask, known, { ...entry, completeness: copy.completeness });
  }
  if (known !== undefined && goesOn(known, entry)) return gotAgain(files, ask, known, entry);
  const lost = known?.entry.path === entry.path ? lose(files, known) : [];
  const refusal = getRefusal(files, entry, target, reserve);
  if (refusal !== undefined) return [...lost, refuse(ask, refusal.code, refusal.sentence)];
  const replaced = makeWay(files, entry, 'gotAgain');
  const record = files.add(known === undefined ? entry : succeeding(entry, known.entry));
  files.liesOn(record, target.device, target.zeros);
  record.transfer.have = target.zeros.pieces;
  const begun = advance(files, record, { kind: 'accepted' }) ?? [];
  return [...lost, ...replaced, ...begun, getRecorded(ask, entry)];
}

/** A shared file whose path is free: it was deleted or moved, and no look has noticed it yet. */
function lose(files: FileTable, record: FileRecord): readonly ClientEffect[] {
  const { entry } = record;
  const sentence = `${entry.path} is gone; it is downloaded again`;
  const elsewhere = hasOtherCopy(entry);
  return advance(files, record, { kind: 'lost', sentence, returns: 'never', isNews: true, elsewhere }) ?? [];
}

/** The target holds every byte. */
function targetJudged(files: FileTable, input: Input<'targetJudged'>): readonly ClientEffect[] {
  const { ask, mtimeMs, have } = input;
  const entry: Entry = { ...input.entry, completeness: { kind: 'complete', mtimeMs } };
  const known = files.ofSwarm(entry.swarm);
  if (known?.phase.at === 'seeding') return [...supersede(files, entry), ...isThere(files, ask, known, entry)];
  const refusal = wholeRefusal(files, entry);
  if (refusal !== undefined) return [refuse(ask, refusal.code, refusal.sentence)];
  const superseded = supersede(files, entry);
  const replaced = makeWay(files, entry, 'gotWhole');
  const record = files.add(known === undefined ? entry : succeeding(entry, known.entry));
  const found = advance(files, record, { kind: 'foundComplete', path: entry.path, mtimeMs, isNews: false, have }) ?? [];
  return [...superseded, ...replaced, ...found, getRecorded(ask, entry), completed(entry)];
}

/** Every name by which it is asked for is known from then on. */
function isThere(files: FileTable, ask: number, record: FileRecord, fresh: Entry): readonly ClientEffect[] {
  return [...sharedAgain(files, ask, record, fresh, fresh.path), completed(fresh)];
}

function completed({ name, path }: Entry): ClientEffect {
  return { kind: 'tell', event: { kind: 'completed', name, path } };
}
