// `verify`: decides what follows when recorded pieces turn out to be wrong. A complete file is withdrawn until it is
// right; an unfinished one is stopped, its bad pieces are marked missing, and it continues. Invariant: a file with
// known bad pieces is not offered. Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import type { PieceRange } from '../../foundation/torrent/bitfield.js';
import { bad as badNews, notFound, refuse, saved } from '../answers/answers.js';
import type { ClientEffect, ClientInput, HashedAgain, Refusal } from '../effects.js';
import { VERIFIED_RANGES_MAX } from '../messages.js';
import { advance } from './advance.js';
import type { FileTable } from './file-table.js';
import { hasOtherCopy } from './names.js';
import { type FileRecord, isUnfinished, isWorkedOn } from './record.js';
import { lostSentence, stampOf } from './recovery.js';

type Hashed = Extract<HashedAgain, { kind: 'hashed' }>;

type Verification = {
  readonly ask: number;
  readonly name: string;
} /** Hashing begins when no other work on the file is in progress. */ & (
  | { readonly at: 'asked' }
  | { readonly at: 'hashing' }
  /** Bad pieces are known; its download is being stopped. */
  | { readonly at: 'judged'; readonly result: Hashed }
  | { readonly at: 'mending'; readonly result: Hashed }
);

export class Verifications {
  /** By file number. */
  readonly #open = new Map<number, Verification>();

  verify(files: FileTable, ask: number, name: string): readonly ClientEffect[] {
    const record = files.find(name);
    if (record === undefined) return [refuse(ask, 'FILE_NOT_FOUND', notFound(files, name))];
    if (this.#open.has(record.file))
      return [refuse(ask, 'INVALID_ARGUMENTS', `${record.entry.name} is being verified already; wait for its answer`)];
    this.#open.set(record.file, { at: 'asked', ask, name: record.entry.name });
    return NO_EFFECTS;
  }

  /** Known to have bad pieces: not to be offered, even if its download completes. */
  isBad(file: number): boolean {
    return this.#open.get(file)?.at === 'judged';
  }

  /** Called after each input: does what is possible now. @param isClosing nothing new is begun. */
  next(files: FileTable, isClosing: boolean): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    for (const [file, verification] of [...this.#open]) {
      const { at, ask, name } = verification;
      const record = files.get(file);
      if (record === undefined) {
        this.#open.delete(file);
        effects.push(refuse(ask, 'FILE_NOT_FOUND', `${name} was removed while it was being verified`));
      } else if (at === 'judged') effects.push(...this.#clear(files, record, verification));
      else if (at === 'asked' && !isClosing && record.phase.at !== 'checking' && !isWorkedOn(record.phase)) {
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

  /** @param have pieces that are left. */
  mended(files: FileTable, record: FileRecord, have: number): readonly ClientEffect[] {
    const effects = advance(files, record, { kind: 'mended', have }) ?? NO_EFFECTS;
    const verification = this.#ended(files, record);
    if (verification === undefined) return effects;
    const { ask, result } = verification;
    const { name } = record.entry;
    const count = countOf(result.bad);
    const sentence = `${count === 1 ? '1 piece' : `${count} pieces`} of ${name} on the disk ${count === 1 ? 'was' : 'were'} wrong and must be fetched again`;
    return [...effects, badNews(sentence), verified(record, ask, result)];
  }

  mendFailed(files: FileTable, record: FileRecord, refusal: Refusal): readonly ClientEffect[] {
    const { name } = record.entry;
    const { code } = refusal;
    const sentence = `${name} has bad pieces, which could not be recorded: ${refusal.sentence}; check that disk, then verify it again`;
    const effects = advance(files, record, { kind: 'mendFailed', code, sentence }) ?? NO_EFFECTS;
    const verification = this.#ended(files, record);
    return verification === undefined ? effects : [refuse(verification.ask, code, sentence), ...effects];
  }

  /** Ends the verification whose mending has ended. Undefined when its file was removed: `next` reports that. */
  #ended(files: FileTable, { file }: FileRecord): (Verification & { readonly at: 'mending' }) | undefined {
    const verification = this.#open.get(file);
    if (verification?.at !== 'mending' || files.get(file) === undefined) return undefined;
    this.#open.delete(file);
    return verification;
  }

  /** Bad pieces are known: the next step to get rid of them. Work in progress must report first. */
  #clear(files: FileTable, record: FileRecord, { ask, name, result }: Verification & { at: 'judged' }) {
    const { file } = record;
    if (isUnfinished(record)) {
      const effects = advance(files, record, { kind: 'badPieces', bad: result.bad }) ?? NO_EFFECTS;
      if (record.phase.at === 'mending') this.#open.set(file, { at: 'mending', ask, name, result });
      return effects;
    }
    if (record.entry.folder !== undefined) {
      // The files of these pieces are marked; the look finds out what is still shared.
      this.#open.delete(file);
      return [{ kind: 'lookAtEntries', file, entry: record.entry, entries: 1 }, verified(record, ask, result)] as const;
    }
    const count = countOf(result.bad);
    const pieces = count === 1 ? '1 bad piece' : `${count} bad pieces`;
    const sentence = lostSentence(record, `has ${pieces}`);
    const elsewhere = hasOtherCopy(record.entry);
    const effects = advance(files, record, { kind: 'rotted', sentence, judged: stampOf(result.found), elsewhere });
    if (effects === undefined) return NO_EFFECTS;
    this.#open.delete(file);
    return [...effects, saved(files), verified(record, ask, result)];
  }
}

/** A missing file that turns out to be right is shared again. */
function returned(files: FileTable, record: FileRecord, { found }: Hashed): readonly ClientEffect[] {
  const { phase, entry } = record;
  if (phase.at !== 'missing' || isUnfinished(record) || found?.size !== entry.size) return NO_EFFECTS;
  const { path } = entry;
  return advance(files, record, { kind: 'foundComplete', path, mtimeMs: found.mtimeMs, isNews: true }) ?? NO_EFFECTS;
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
