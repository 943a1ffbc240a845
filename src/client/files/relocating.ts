// `relocate`: a share that was moved on the disk is served and recorded where it lies now. Decides which copies are
// looked at, and what follows from the looks. Invariant: a place counts only after a job has found the share right
// there. Pure.

import { notFound, placeTaken, refuse, saved } from '../answers/answers.js';
import type { ClientEffect, ClientInput, JudgedMove, Move, Refusal } from '../effects.js';
import { type ClientCommand, RELOCATE_FAILURES_MAX } from '../messages.js';
import { advance } from './advance.js';
import type { FileTable } from './file-table.js';
import { namesOf, relocated } from './names.js';
import type { Entry, FileRecord, Name } from './record.js';
import { supersede } from './renaming.js';

type Relocate = Extract<ClientCommand, { readonly kind: 'relocate' }>;
type Judged = Extract<ClientInput, { readonly kind: 'movesJudged' }>;

export function relocate(files: FileTable, command: Relocate): readonly ClientEffect[] {
  return command.isPrefix ? relocateBelow(files, command) : relocateOne(files, command);
}

function relocateOne(files: FileTable, { ask, from: name, to }: Relocate): readonly ClientEffect[] {
  const match = files.match(name);
  if (match.kind !== 'file') return [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))];
  const { record, names } = match;
  const { entry } = record;
  const from = names.some(({ path }) => path === entry.path) ? entry.path : (names[0]?.path ?? entry.path);
  return [{ kind: 'judgeMoves', ask, isPrefix: false, moves: [moveOf(files, record, from, to)] }];
}

function relocateBelow(files: FileTable, { ask, from, to }: Relocate): readonly ClientEffect[] {
  if (from === to) return [refuse(ask, 'INVALID_ARGUMENTS', `${from} is both the old place and the new one`)];
  const moves = files.all().flatMap((record) => {
    const paths = new Set(namesOf(record.entry).map(({ path }) => path));
    return [...paths].flatMap((path) => {
      const rest = below(path, from);
      return rest === undefined ? [] : [moveOf(files, record, path, joined(to, rest))];
    });
  });
  if (moves.length > 0) return [{ kind: 'judgeMoves', ask, isPrefix: true, moves }];
  const sentence = `nothing that is shared here lies at ${from} or below it; \`show shares\` lists where shares lie`;
  return [refuse(ask, 'FILE_NOT_FOUND', sentence)];
}

function moveOf(files: FileTable, record: FileRecord, from: string, to: string): Move {
  const { file, entry } = record;
  return { file, entry, from, to, refusal: refusalOf(files, record, from, to) };
}

/** '' for the directory itself; undefined for what is not in it. */
function below(path: string, directory: string): string | undefined {
  const front = directory === '/' ? '' : directory;
  if (path === directory) return '';
  return path.startsWith(`${front}/`) ? path.slice(front.length) : undefined;
}

function joined(directory: string, rest: string): string {
  return directory === '/' && rest !== '' ? rest : directory + rest;
}

/** Why this copy cannot be relocated, whatever lies at the new place. */
function refusalOf(files: FileTable, { entry, phase }: FileRecord, from: string, to: string): Refusal | undefined {
  if (copyAt(entry, from)?.completeness.kind === 'partial') {
    const sentence = `${entry.name} is not complete yet, so it stays at ${from}; let it complete first, or remove it with --force and get it at the new place`;
    return { code: 'NOT_COMPLETE', sentence };
  }
  if (phase.at === 'leaving') return { code: 'INVALID_ARGUMENTS', sentence: `${entry.name} is being removed already` };
  const other = files
    .ofPath(to)
    .find((record) => record.entry.swarm !== entry.swarm && copyAt(record.entry, to)?.completeness.kind === 'partial');
  return other === undefined ? undefined : { code: 'ALREADY_EXISTS', sentence: placeTaken(other.entry) };
}

function copyAt(entry: Entry, at: string): Name | undefined {
  return namesOf(entry).find(({ path }) => path === at);
}

/** The looks at the new places have ended. */
export function movesJudged(files: FileTable, input: Judged, isClosing: boolean): readonly ClientEffect[] {
  const { ask, isPrefix, moves } = input;
  if (isClosing) return [refuse(ask, 'CANCELLED', 'the client is closing; nothing was relocated')];
  const effects: ClientEffect[] = [];
  const refusals: Refusal[] = [];
  for (const move of moves) {
    const done = move.found.kind === 'wrong' ? move.found.refusal : settle(files, move, move.found);
    if ('code' in done) refusals.push(done);
    else effects.push(...done);
  }
  const [first] = refusals;
  if (first !== undefined && !isPrefix) return [...effects, refuse(ask, first.code, first.sentence)];
  const failures = refusals.slice(0, RELOCATE_FAILURES_MAX).map(({ sentence }) => sentence);
  const done = moves.length - refusals.length;
  return [
    ...effects,
    saved(files),
    { kind: 'tell', event: { kind: 'relocated', ask, files: done, refused: refusals.length, failures } },
  ];
}

/** The copy was found right at its new place. Meanwhile its record may have changed. */
function settle(
  files: FileTable,
  { file, from, to }: JudgedMove,
  { mtimeMs, have }: Extract<JudgedMove['found'], { readonly kind: 'right' }>,
): readonly ClientEffect[] | Refusal {
  const record = files.get(file);
  if (record === undefined || copyAt(record.entry, from) === undefined)
    return { code: 'FILE_NOT_FOUND', sentence: `${from} is not shared any more, so it was not relocated` };
  const refusal = refusalOf(files, record, from, to);
  if (refusal !== undefined) return refusal;
  const { entry, phase } = record;
  const superseded = supersede(files, { ...entry, path: to });
  if (phase.at === 'seeding' && from !== entry.path) {
    // Another copy is served, and goes on being served.
    files.amend(record, relocated(entry, from, to, mtimeMs));
    return superseded;
  }
  const effects = advance(files, record, { kind: 'relocated', from, path: to, mtimeMs, have });
  if (effects !== undefined) return [...superseded, ...effects];
  return { code: 'INVALID_ARGUMENTS', sentence: `${entry.name} is in use just now; run the same command again` };
}
