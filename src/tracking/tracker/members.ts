// What the members of a swarm told its trackers that they did for it, asked as a guest. Each tracker knows those that
// talk to it, so all are asked, and who spoke to two counts once.

import { toHex } from '../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import { printable } from '../../foundation/torrent/names.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { Guest } from './guest.js';
import { REPORT_MEMBERS_MAX } from './limits.js';
import { TRACKER_FEATURES, type TrackerReply } from './messages.js';

/** One client's word about itself: payload bytes of its run, milliseconds before now, rates in bytes a second. */
export interface Member {
  /** Names it among its peers, in hex. */
  readonly peer: string;
  /** Chosen by a stranger: numeric where a tracker of ours says so. */
  readonly address: string;
  /** It is in the swarm now. */
  readonly isListed: boolean;
  /** When it said so. */
  readonly saidMs: number;
  readonly wanted: number;
  readonly received: number;
  readonly wasted: number;
  readonly sent: number;
  /** Undefined: it was whole there when its run began. */
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
  readonly downRate: number;
  readonly upRate: number;
}

export interface Gathered {
  readonly members: readonly Member[];
  /** Members that are known, of whom `members` are the first. */
  readonly known: number;
  /** Clients that are listed now, whether they told anything or not. */
  readonly listed: number;
  /** The trackers that were asked. `problem`: why one told nothing; '' when it answered. */
  readonly trackers: readonly { readonly address: string; readonly problem: string }[];
}

type Page = Extract<TrackerReply, { readonly kind: 'summaries' }>;
type Answer = Omit<Gathered, 'trackers'>;

/** NO_TRACKER when none tells anything. @param passage how bytes travel; in the clear when absent. */
export async function askMembers(trackers: TrackerList, swarm: SwarmKey, passage?: Passage): Promise<Gathered> {
  const told = await Promise.all(trackers.map((tracker) => askOne(tracker, swarm, passage)));
  const answers = told.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  if (answers.length === 0)
    throw new MiniTorrentError(
      'NO_TRACKER',
      `${told.length === 2 ? 'neither' : 'no'} tracker tells of this swarm: ${told.map(({ problem }) => problem).join('; ')}; check that they run, and their addresses`,
    );
  return {
    ...merged(answers),
    trackers: told.map(({ problem }, at) => ({ address: formatAddress(trackers[at] ?? trackers[0]), problem })),
  };
}

async function askOne(
  tracker: Address,
  swarm: SwarmKey,
  passage: Passage | undefined,
): Promise<{ readonly answer?: Answer; readonly problem: string }> {
  const guest = new Guest(tracker, passage);
  try {
    return { answer: await pagesOf(guest, swarm), problem: '' };
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    return { problem: error.message };
  } finally {
    guest.hangUp();
  }
}

async function pagesOf(guest: Guest, swarm: SwarmKey): Promise<Answer> {
  const features = await guest.greeted();
  if (!features.has(TRACKER_FEATURES.reports)) throw guest.failure('runs an earlier release, which keeps no reports');
  const members = new Map<string, Member>();
  for (let from = 0; ; ) {
    const { rows, total, listed } = await guest.ask({ kind: 'summaries', swarm: keyBytes(swarm), from }, 'summaries');
    for (const member of rows.map(memberOf)) members.set(member.peer, member);
    from += rows.length;
    const isAll = rows.length === 0 || from >= total || from >= REPORT_MEMBERS_MAX;
    if (isAll) return { members: [...members.values()], known: Math.max(total, members.size), listed };
  }
}

/** The latest word of each counts. Trackers list the same clients, but keep what they were told for themselves. */
export function merged(answers: readonly Answer[]): Answer {
  const members = new Map<string, Member>();
  for (const member of answers.flatMap((answer) => answer.members)) {
    const known = members.get(member.peer);
    const latest = known === undefined || member.saidMs < known.saidMs ? member : known;
    members.set(member.peer, { ...latest, isListed: member.isListed || known?.isListed === true });
  }
  const cut = answers.map(({ known, members: some }) => known - some.length).reduce((a, b) => a + b, 0);
  const listed = Math.max(...answers.map((answer) => answer.listed));
  return { members: [...members.values()], known: members.size + cut, listed };
}

function memberOf(row: Page['rows'][number]): Member {
  const { peer, host, port, said: saidMs, started, finished, ...counts } = row;
  return {
    ...counts,
    peer: toHex(peer),
    address: printable(formatAddress({ host, port })),
    saidMs,
    startedMs: started ?? undefined,
    finishedMs: finished ?? undefined,
  };
}
