// The lines of a folder in a `.mtorrent`: `folder: <entries>`, one line an entry, `folder: end`. Reads them one at a
// time and writes them; a line that breaks a rule is refused with what was expected there. Pure.

import { present } from '../../base/assert.js';
import { PIECE_SIZE } from '../../base/limits.js';
import { printable } from '../names.js';
import { type FolderEntry, type FolderList, FolderListBuilder } from './folder-list.js';
import { FOLDER_ENTRIES_MAX, FOLDER_LIST_BYTES_MAX } from './limits.js';
import { conflictIn, hardFaultOf, targetFaultOf } from './paths.js';

/** The key of the first and the last line of a list. A reader that knows none refuses the second as a repetition. */
export const FOLDER_KEY = 'folder';
const END = `${FOLDER_KEY}: end`;

/** What is wrong with a line. */
export interface EntryFault {
  readonly code: 'INVALID_MTORRENT' | 'UNSAFE_NAME';
  /** A phrase that follows the number of the line: 'should be …'. */
  readonly complaint: string;
  /** Of the entry that it is about, when that is not the line that was read. */
  readonly entry?: number;
}

const COUNT = /^folder: (0|[1-9]\d{0,6})$/;
const FILE = /^(file|exec): (0|[1-9]\d{0,15})(?:@(0|[1-9]\d{0,11}))?(?:#([0-9a-f]{16}))? (.+)$/s;
const PAD = /^pad: ([1-9]\d{0,5})$/;
const DIRECTORY = /^dir: (.+)$/s;
const LINK = /^link: ([1-9]\d{0,3}) (.+)$/s;
/** Kinds stand in this order; those that have bytes are one rank. */
const RANKS = { file: 0, exec: 0, pad: 0, dir: 1, link: 2 } as const;
const NONE = { size: 0, target: '', digest: undefined, seconds: undefined };

export class FolderReader {
  readonly #count: number;
  /** Bytes of the piece space. */
  readonly #size: number;
  readonly #builder: FolderListBuilder;
  #list: FolderList | undefined;
  #bytes = 0;
  #rank = 0;
  #isAfterPad = false;

  /** The reader of a list whose first line is `line`, or what is wrong with that. */
  static begin(line: string, size: number): FolderReader | EntryFault {
    const count = Number(COUNT.exec(line)?.[1] ?? Number.NaN);
    if (count <= FOLDER_ENTRIES_MAX) return new FolderReader(count, size);
    return invalid(`should be 'folder: ' and at most ${FOLDER_ENTRIES_MAX} entries, but is ${quoted(line)}`);
  }

  private constructor(count: number, size: number) {
    this.#count = count;
    this.#size = size;
    this.#builder = new FolderListBuilder(count);
  }

  /** Whether its last line was read. */
  get isEnded(): boolean {
    return this.#list !== undefined;
  }

  /** What must follow, as a phrase. */
  get expected(): string {
    const { count } = this.#builder;
    return count < this.#count ? `an entry (${count} of ${this.#count} were there)` : `'${END}'`;
  }

  /** Takes the next line, without its line feed. Answers what is wrong with it, if anything. */
  push(line: string): EntryFault | undefined {
    this.#bytes += Buffer.byteLength(line) + 1;
    if (this.#bytes > FOLDER_LIST_BYTES_MAX) {
      return invalid(`should not be there: a list has at most ${FOLDER_LIST_BYTES_MAX} bytes`);
    }
    const isComplete = this.#builder.count === this.#count;
    if (isComplete !== (line === END)) return invalid(`should be ${this.expected}, but is ${quoted(line)}`);
    return isComplete ? this.#end() : this.#entry(line);
  }

  /** Once it is ended. */
  list(): FolderList {
    return present(this.#list, 'a list is taken when it has ended');
  }

  #entry(line: string): EntryFault | undefined {
    const entry = entryOf(line);
    if (entry === undefined) {
      return invalid(`should be a file, exec, pad, dir or link of the folder, but is ${quoted(line)}`);
    }
    const fault = this.#orderFault(entry) ?? nameFault(entry);
    if (fault !== undefined) return fault;
    if (entry.size > this.#size - this.#builder.size) {
      return invalid(`should have at most ${this.#size - this.#builder.size} bytes, all that line 4 leaves for it`);
    }
    this.#rank = RANKS[entry.kind];
    this.#isAfterPad = entry.kind === 'pad';
    this.#builder.push(entry);
    return undefined;
  }

  #orderFault({ kind, size }: FolderEntry): EntryFault | undefined {
    if (RANKS[kind] < this.#rank) return invalid(`should stand further up: files come first, then dir, then link`);
    // Pads without bytes between them could make a folder of nothing as large as anybody likes.
    if (!this.#isAfterPad || RANKS[kind] > 0 || (kind !== 'pad' && size > 0)) return undefined;
    return invalid('should be a file with bytes, since a pad stands before it');
  }

  #end(): EntryFault | undefined {
    const missing = this.#size - this.#builder.size;
    if (missing > 0) return invalid(`ends a folder that has ${missing} bytes less than line 4 says`);
    const list = this.#builder.build();
    const conflict = conflictIn(list);
    if (conflict !== undefined) {
      const { path, complaint, index } = conflict;
      return { ...unsafe(path, complaint), entry: index };
    }
    this.#list = list;
    return undefined;
  }
}

function entryOf(line: string): FolderEntry | undefined {
  const file = FILE.exec(line);
  if (file !== null) {
    const [, kind, size, seconds, digest, path = ''] = file;
    return {
      kind: kind === 'exec' ? 'exec' : 'file',
      size: Number(size),
      path,
      target: '',
      digest: digest === undefined ? undefined : BigInt(`0x${digest}`),
      seconds: seconds === undefined ? undefined : Number(seconds),
    };
  }
  const [, pad] = PAD.exec(line) ?? [];
  if (pad !== undefined) {
    return Number(pad) < PIECE_SIZE ? { ...NONE, kind: 'pad', path: '', size: Number(pad) } : undefined;
  }
  const [, directory] = DIRECTORY.exec(line) ?? [];
  return directory === undefined ? linkOf(line) : { ...NONE, kind: 'dir', path: directory };
}

/** The number of bytes says where the target ends, so both it and the path may have spaces. */
function linkOf(line: string): FolderEntry | undefined {
  const [, length, rest] = LINK.exec(line) ?? [];
  if (rest === undefined) return undefined;
  const bytes = Buffer.from(rest);
  const end = Number(length);
  const [target, path] = [bytes.toString('utf8', 0, end), bytes.toString('utf8', end + 1)];
  return path !== '' && `${target} ${path}` === rest ? { ...NONE, kind: 'link', path, target } : undefined;
}

function nameFault({ kind, path, target }: FolderEntry): EntryFault | undefined {
  if (kind === 'pad') return undefined;
  const fault = hardFaultOf(path) ?? (kind === 'link' ? targetFaultOf(target, path) : undefined);
  return fault === undefined ? undefined : unsafe(path, fault);
}

function unsafe(path: string, fault: string): EntryFault {
  return { code: 'UNSAFE_NAME', complaint: `names ${quoted(path)}, which is not safe to make: ${fault}` };
}

function invalid(complaint: string): EntryFault {
  return { code: 'INVALID_MTORRENT', complaint };
}

function quoted(text: string): string {
  return `"${printable(text.slice(0, 80))}${text.length > 80 ? '…' : ''}"`;
}

/** The lines of a list, each with its line feed; the same list always gives the same lines. */
export function* formatFolder(list: FolderList): Generator<string> {
  yield `${FOLDER_KEY}: ${list.count}\n`;
  for (let index = 0; index < list.count; index += 1) yield `${formatEntry(list.entryOf(index))}\n`;
  yield `${END}\n`;
}

/** One line, without its line feed. */
function formatEntry({ kind, size, path, target, digest, seconds }: FolderEntry): string {
  if (kind === 'pad') return `pad: ${size}`;
  if (kind === 'dir') return `dir: ${path}`;
  if (kind === 'link') return `link: ${Buffer.byteLength(target)} ${target} ${path}`;
  const time = seconds === undefined ? '' : `@${seconds}`;
  const hint = digest === undefined ? '' : `#${digest.toString(16).padStart(16, '0')}`;
  return `${kind}: ${size}${time}${hint} ${path}`;
}
