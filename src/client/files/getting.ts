// Decides what a `get` leads to once its .mtorrent is read and its target is known: a new download, one that runs here
// already, or a file that is there and only has to be looked at. Invariant: nothing at a target is believed to be the
// file unless its pieces were hashed, or it is as this client knows it. Pure.

import type { ChosenBeside } from '../../foundation/torrent/folder/choice.js';
import { getRecorded, refuse } from '../answers/answers.js';
import type { ClientEffect, ClientInput } from '../effects.js';
import { getRefusal, makeWay, wholeRefusal } from './admission.js';
import { advance } from './advance.js';
import { recordedMs } from './completeness.js';
import { stepOf } from './file-life.js';
import type { FileTable } from './file-table.js';
import { hasOtherCopy, namesOf, succeeding } from './names.js';
import type { Entry, FileRecord } from './record.js';
import { chosenAnew, goesOn, gotAgain, sharedAgain, supersede } from './renaming.js';

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
  const { ask, entry, there, chosen, ...target } = input;
  const known = files.ofSwarm(entry.swarm);
  if (there !== undefined) {
    const copy = known === undefined ? undefined : namesOf(known.entry).find(({ path }) => path === entry.path);
    const isKnown = there.size === entry.size && copy !== undefined && there.mtimeMs === recordedMs(copy.completeness);
    if (known?.phase.at !== 'seeding' || !isKnown) return [{ kind: 'judgeTarget', ask, entry }];
    return isThere(files, ask, known, { ...entry, completeness: copy.completeness });
  }
  if (known !== undefined && goesOn(known, entry))
    return isCovered(chosen) ? gotAgain(files, ask, known, entry) : [refuseOtherChoice(ask, entry)];
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
  const { ask, mtimeMs, have, chosen } = input;
  const entry: Entry = { ...input.entry, completeness: { kind: 'complete', mtimeMs } };
  const known = files.ofSwarm(entry.swarm);
  if (known !== undefined && isKept(known, entry, chosen)) return [getRecorded(ask, entry), completed(entry)];
  if (known?.phase.at === 'seeding')
    return chosen === 'same'
      ? [...supersede(files, entry), ...isThere(files, ask, known, entry)]
      : [...chosenAnew(files, known, entry), getRecorded(ask, entry), completed(entry)];
  const refusal = wholeRefusal(files, entry);
  if (refusal !== undefined) return [refuse(ask, refusal.code, refusal.sentence)];
  const superseded = supersede(files, entry);
  const replaced = makeWay(files, entry, 'gotWhole');
  const record = files.add(known === undefined ? entry : succeeding(entry, known.entry));
  const complete = { kind: 'foundComplete', path: entry.path, mtimeMs, isNews: false, have } as const;
  const found = advance(files, record, chosen === 'same' ? complete : { kind: 'chosenAnew' }) ?? [];
  return [...superseded, ...replaced, ...found, getRecorded(ask, entry), completed(entry)];
}

function isCovered(chosen: ChosenBeside): boolean {
  return chosen === 'same' || chosen === 'fewer';
}

/** What is there is right, and the record stays: it is of more of the folder, or something works on it. */
function isKept({ phase, entry: { path } }: FileRecord, fresh: Entry, chosen: ChosenBeside): boolean {
  if (phase.at !== 'seeding' && 'refusal' in stepOf(phase, { kind: 'gotWhole' })) return true;
  return (chosen === 'fewer' || chosen === 'other') && (phase.at === 'seeding' || path !== fresh.path);
}

function refuseOtherChoice(ask: number, { path }: Entry): ClientEffect {
  const sentence = `${path} is being downloaded with another choice of its files; wait until it is complete, and run the same command again`;
  return refuse(ask, 'ALREADY_EXISTS', sentence);
}

/** Every name by which it is asked for is known from then on. */
function isThere(files: FileTable, ask: number, record: FileRecord, fresh: Entry): readonly ClientEffect[] {
  return [...sharedAgain(files, ask, record, fresh, fresh.path), completed(fresh)];
}

function completed({ name, path }: Entry): ClientEffect {
  return { kind: 'tell', event: { kind: 'completed', name, path } };
}
