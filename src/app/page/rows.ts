// The answers of the API that the page reads. Sizes are bytes, rates bytes a second. Pure.

/** What fits beside the picture of who sends to whom. */
const CALLED_LETTERS_MAX = 20;

export interface AboutRow {
  readonly program: 'client' | 'tracker';
  readonly version: string;
  readonly address: string;
  readonly downloadDir?: string;
}

export type FileState =
  | 'checking'
  | 'waiting'
  | 'downloading'
  | 'finishing'
  | 'paused'
  | 'seeding'
  | 'failed'
  | 'missing'
  | 'hashing';

export interface FileRow {
  readonly name: string;
  readonly state: FileState;
  readonly path: string;
  readonly mtorrentPath: string;
  readonly size: number;
  readonly have: number;
  readonly pieces: number;
  readonly rate: number;
  readonly peers: number;
  readonly received: number;
  readonly wasted: number;
  readonly sent: number;
  readonly problem: string;
  readonly seeders: number;
  readonly files: number;
  readonly filesDone: number;
  readonly reused: number;
}

export interface PeerRow {
  readonly address: string;
  readonly bytes: number;
  readonly rate: number;
  readonly pieces: number;
  /** In a closed swarm, whose it is; two members may have one name, and no two one key. */
  readonly member?: { readonly name: string; readonly key: string };
}

/** How a peer is called on a picture: by its member where that is known. */
export function calledBy({ address, member }: PeerRow): string {
  if (member === undefined) return address;
  return member.name.length <= CALLED_LETTERS_MAX ? member.name : `${member.name.slice(0, CALLED_LETTERS_MAX - 1)}…`;
}

/** The same in words, which tell two members of one name apart. */
export function describedBy({ address, member }: PeerRow): string {
  return member === undefined ? address : `${member.name} (${member.key}) at ${address}`;
}

/** Bytes and bits in base64. `asked`: [cell, place in `peers`]. */
export interface MapRow {
  readonly name: string;
  readonly pieces: number;
  readonly cells: number;
  readonly isLive: boolean;
  readonly own: string;
  readonly copies: string;
  readonly peers: readonly (PeerRow & { readonly has: string })[];
  readonly asked: readonly (readonly [number, number])[];
  readonly storing: readonly number[];
  readonly fetchers: readonly PeerRow[];
}

/** The rows of an answer; one that is as it was before is the same object. */
export function keptRows<R extends { readonly mtorrentPath: string }>(
  before: readonly R[],
  rows: readonly R[],
): readonly R[] {
  const known = new Map(before.map((row) => [row.mtorrentPath, row]));
  return rows.map((row) => {
    const same = known.get(row.mtorrentPath);
    return same !== undefined && isSame(same, row) ? same : row;
  });
}

function isSame(a: object, b: object): boolean {
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([name, value], at) => {
      const [otherName, other] = right[at] ?? [];
      return name === otherName && value === other;
    })
  );
}

export interface TrackerRow {
  readonly address: string;
  readonly state: 'talking' | 'standby' | 'away';
  readonly reason: string;
}

export interface FindingRow {
  readonly severity: 'fine' | 'note' | 'bad';
  readonly subject: string;
  readonly found: string;
  readonly remedy: string;
}

/** Times in milliseconds, from the begin of the last wave of downloads. */
export interface ReportRow {
  readonly members: number;
  readonly finished: number;
  readonly running: number;
  readonly makespanMs: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly received: number;
  readonly wasted: number;
  readonly copies: number;
  readonly unexplained: number;
  readonly silent: number;
  readonly bound: { readonly distance: number; readonly by: 'in' | 'out' | 'all' } | null;
  readonly rows: readonly {
    readonly address: string;
    readonly role: 'source' | 'done' | 'running' | 'left';
    readonly tookMs: number;
    readonly copies: number;
    readonly wasted: number;
  }[];
}

export interface LimitsRow {
  readonly up: number;
  readonly down: number;
}

/** Every piece is there. */
export function isWhole({ state, have, pieces }: FileRow): boolean {
  return state === 'seeding' || ((state === 'missing' || state === 'checking') && have === pieces);
}

/** What the buttons of a file do now. */
export function mayPause({ state }: FileRow): boolean {
  return state === 'downloading' || state === 'waiting';
}

/** Others may begin before it, or after. */
export function mayQueue({ state }: FileRow): boolean {
  return state === 'waiting';
}

/** It is about to be one of those that may be paused or resumed. */
export function mayNotYet(file: FileRow): boolean {
  return file.state === 'finishing' || (file.state === 'checking' && !isWhole(file));
}

export function mayResume({ state }: FileRow): boolean {
  return state === 'paused' || state === 'failed';
}
