// `verify`: what a file is said to have is hashed again, and what is not right is said to be there no longer. A complete file
// is withdrawn until it is right again; an unfinished one is let go, its bad pieces become missing, and it goes on. From the
// moment that bad pieces are known nothing is served or announced of their file until they are out of its bitfield and its
// resume data. One verification a file; each is answered once. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import type { PieceRange } from '../../foundation/torrent/bitfield.js';
import { bad as badNews, notFound, refuse, saved } from '../answers/answers.js';
import type { ClientEffect, ClientInput, HashedAgain } from '../effects.js';
import { VERIFIED_RANGES_MAX } from '../messages.js';
import { basename, type FileTable } from './file-table.js';
import { type FileRecord, isUnfinished, type Phase } from './record.js';
import { rightAgain, rot } from './recovery.js';
import { isLeaving } from './removals.js';
import { seed, withdraw } from './sharing.js';

type Hashed = Extract<HashedAgain, { kind: 'hashed' }>;

type Verification = {
  readonly ask: number;
  readonly name: string;
} /** Begins when the file is in no passing phase. */ & (
  | { readonly at: 'asked' }
  | { readonly at: 'hashing' }
  /** Bad pieces are known; its download is let go. */
  | { readonly at: 'judged'; readonly result: Hashed }
  | { readonly at: 'mending'; readonly result: Hashed }
);

/** Will be another one by itself, soon. */
const PASSING: readonly Phase['at'][] = ['checking', 'opening', 'stopping', 'mending'];

export class Verifications {
  /** By file number. */
  readonly #open = new Map<number, Verification>();

  verify(files: FileTable, ask: number, name: string): readonly ClientEffect[] {
    const record = files.find(name);
    if (record === undefined) return [refuse(ask, 'FILE_NOT_FOUND', notFound(name))];
    if (this.#open.has(record.file))
      return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is being verified already; wait for its answer`)];
    this.#open.set(record.file, { at: 'asked', ask, name: record.entry.name });
    return NO_EFFECTS;
  }

  /** Known to be rotten: not to be offered, whatever its download says. */
  isBad(file: number): boolean {
    return this.#open.get(file)?.at === 'judged';
  }

  /** What can be done now; to be asked after each input. @param isClosing nothing new is begun. */
  next(files: FileTable, isClosing: boolean): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    for (const [file, verification] of [...this.#open]) {
      const { at, ask, name } = verification;
      const record = files.get(file);
      if (record === undefined) {
        this.#open.delete(file);
        effects.push(refuse(ask, 'FILE_NOT_FOUND', `${name} was removed while it was verified`));
      } else if (at === 'judged') effects.push(...this.#clear(files, record, verification));
      else if (at === 'asked' && !isClosing && !PASSING.includes(record.phase.at)) {
        this.#open.set(file, { at: 'hashing', ask, name });
        effects.push({ kind: 'hashAgain', file, entry: record.entry });
      }
    }
    return effects;
  }

  hashed(files: FileTable, { file, result }: Extract<ClientInput, { kind: 'hashedAgain' }>): readonly ClientEffect[] {
    const verification = this.#open.get(file);
    const record = files.get(file);
    if (verification === undefined || record === undefined) return NO_EFFECTS;
    const { ask, name } = verification;
    if (result.kind === 'hashed' && result.bad.length > 0) {
      this.#open.set(file, { at: 'judged', ask, name, result });
      return NO_EFFECTS;
    }
    this.#open.delete(file);
    if (result.kind === 'failed') return [refuse(ask, result.refusal.code, result.refusal.sentence)];
    return [...returned(files, record, result), verified(record, ask, result)];
  }

  mended(files: FileTable, { file, have }: Extract<ClientInput, { kind: 'mended' }>): readonly ClientEffect[] {
    const verification = this.#open.get(file);
    const record = files.get(file);
    if (verification?.at !== 'mending' || record === undefined) return NO_EFFECTS;
    this.#open.delete(file);
    const { ask, result } = verification;
    record.transfer.have = have;
    if (record.phase.at === 'mending') record.phase = record.phase.former;
    const { name } = record.entry;
    const count = countOf(result.bad);
    const sentence = `${count === 1 ? '1 piece' : `${count} pieces`} of ${name} on the disk ${count === 1 ? 'was' : 'were'} not right, and must be fetched again`;
    return [badNews(sentence), verified(record, ask, result)];
  }

  mendFailed(files: FileTable, input: Extract<ClientInput, { kind: 'mendFailed' }>): readonly ClientEffect[] {
    const verification = this.#open.get(input.file);
    const record = files.get(input.file);
    if (verification === undefined || record === undefined) return NO_EFFECTS;
    this.#open.delete(input.file);
    const { code, sentence } = input.refusal;
    const { name, path, mtorrentPath } = record.entry;
    const told = `${name} has bad pieces, which could not be recorded: ${sentence}; see to that disk, then: verify ${basename(mtorrentPath)}`;
    if (record.phase.at === 'mending') record.phase = { at: 'failed', code, sentence: told };
    return [
      refuse(verification.ask, code, told),
      { kind: 'tell', event: { kind: 'failed', name, path, code, sentence: told } },
    ];
  }

  /** Bad pieces are known: the next step to be rid of them. */
  #clear(files: FileTable, record: FileRecord, { ask, name, result }: Verification & { at: 'judged' }) {
    const { file, entry, phase } = record;
    // Waits for the end of what is at work on the file; what is being removed is not there in a moment.
    if (isLeaving(record) || phase.at === 'opening' || phase.at === 'checking') return NO_EFFECTS;
    if (!isUnfinished(record)) {
      this.#open.delete(file);
      return [...rot(record, countOf(result.bad), result.found), saved(files), verified(record, ask, result)];
    }
    const withdrawn = withdraw(record);
    if (phase.at === 'stopping') return withdrawn;
    if (phase.at === 'downloading') {
      record.phase = { at: 'stopping', after: 'keep' };
      return [...withdrawn, { kind: 'stopDownload', file } as const];
    }
    this.#open.set(file, { at: 'mending', ask, name, result });
    // What waits, or is paused, is opened again, and so served again; what failed stays as it is until it is resumed.
    const isOver = phase.at === 'failed' || phase.at === 'missing';
    record.phase = { at: 'mending', former: isOver ? phase : { at: 'waiting' } };
    return [...withdrawn, { kind: 'mend', file, entry, bad: result.bad } as const];
  }
}

/** A file that was missing, and is right, is shared again. */
function returned(files: FileTable, record: FileRecord, { found }: Hashed): readonly ClientEffect[] {
  const { phase, entry } = record;
  if (phase.at !== 'missing' || isUnfinished(record) || found?.size !== entry.size) return NO_EFFECTS;
  record.entry = { ...entry, mtimeMs: found.mtimeMs };
  return [...rightAgain(record), ...seed(record), saved(files)];
}

function verified({ entry, geometry }: FileRecord, ask: number, { claimed, bad }: Hashed): ClientEffect {
  return {
    kind: 'tell',
    event: {
      kind: 'verified',
      ask,
      name: entry.name,
      good: claimed - countOf(bad),
      pieces: geometry.pieceCount,
      bad: bad.slice(0, VERIFIED_RANGES_MAX),
      more: bad.length > VERIFIED_RANGES_MAX,
    },
  };
}

function countOf(ranges: readonly PieceRange[]): number {
  return ranges.reduce((sum, [, count]) => sum + count, 0);
}
