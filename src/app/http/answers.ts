// What the answer to each verb is as JSON, and its schema: the same objects that `--json` prints. A verb of the table
// without a row here stops the endpoint from starting. Pure.

import { FILE_STATES, SEVERITIES, TRACKER_STATES } from '../../client/messages.js';
import { assert } from '../../foundation/base/assert.js';
import type { InvitationView } from '../library/invitations.js';
import { BOUNDS, MEMBER_ROLES, type SwarmReport } from '../library/swarm-report.js';
import type {
  ClientStats,
  FileView,
  FindingView,
  ListedFile,
  PeerView,
  PieceMap,
  Relocation,
  Retracking,
  TrackerView,
  Verification,
} from '../library/views.js';
import { mapRow } from '../verbs/map-lines.js';
import { reportRow } from '../verbs/report-lines.js';
import { retentionRow } from '../verbs/retention.js';
import { AMOUNT, answerOf, COUNT, listOf, type ObjectSchema, objectOf, oneOf, TEXT, YES_NO } from './schemas.js';

export interface AnswerShape {
  readonly schema: ObjectSchema;
  readonly json: (answer: unknown) => object;
}

function shape<T>(properties: Parameters<typeof answerOf>[0], json: (answer: T) => object): AnswerShape {
  return { schema: answerOf(properties), json: (answer) => ({ schema: 1, ...json(answer as T) }) };
}

const FILE = objectOf({
  name: TEXT,
  state: oneOf(FILE_STATES),
  path: TEXT,
  mtorrentPath: TEXT,
  size: COUNT,
  have: COUNT,
  pieces: COUNT,
  rate: AMOUNT,
  peers: COUNT,
  received: COUNT,
  receivedBefore: COUNT,
  wasted: COUNT,
  wastedBefore: COUNT,
  sent: COUNT,
  problem: TEXT,
  seeders: COUNT,
  zeros: COUNT,
  files: COUNT,
  changed: COUNT,
  reused: COUNT,
  filesDone: COUNT,
});
const FILES = shape({ files: listOf(FILE) }, (files: readonly FileView[]) => ({ files }));
const DETAIL = shape({ detail: TEXT }, (detail: string) => ({ detail }));
const LIMITS = shape({ up: COUNT, down: COUNT }, ({ up, down }: { up: number; down: number }) => ({ up, down }));
const PLACEMENT = {
  systemCores: COUNT,
  cores: AMOUNT,
  cpuQuota: AMOUNT,
  memoryLimitBytes: COUNT,
  peerThreads: COUNT,
  isForced: YES_NO,
  acceptors: COUNT,
  hashThreads: COUNT,
  slabBytes: COUNT,
};
/** Absent where there is no limit. */
const UNLIMITED_LACK: readonly string[] = ['cpuQuota', 'memoryLimitBytes'];
const DELAYS = { loopDelayP50Ms: AMOUNT, loopDelayP99Ms: AMOUNT, loopDelayMaxMs: AMOUNT };
const STATS = answerOf({
  ...DELAYS,
  pid: COUNT,
  uptimeSeconds: AMOUNT,
  rssBytes: COUNT,
  rssPeakBytes: COUNT,
  cpuUserSeconds: AMOUNT,
  cpuSystemSeconds: AMOUNT,
  lostLogLines: COUNT,
  placement: objectOf(
    PLACEMENT,
    Object.keys(PLACEMENT).filter((name) => !UNLIMITED_LACK.includes(name)),
  ),
  threads: { type: 'object', additionalProperties: objectOf(DELAYS) },
  payloadSlots: objectOf({ all: COUNT, used: COUNT }),
});

const PEER_ALWAYS = {
  direction: oneOf(['from', 'to', 'silent']),
  address: TEXT,
  bytes: COUNT,
  rate: AMOUNT,
  pieces: COUNT,
  problem: TEXT,
};
/** `member`: in a closed swarm. */
const PEER_ROW = { ...PEER_ALWAYS, member: objectOf({ name: TEXT, key: TEXT }) };
const PEER = objectOf(PEER_ROW, Object.keys(PEER_ALWAYS));
const LISTED = objectOf({
  name: TEXT,
  size: COUNT,
  files: COUNT,
  seeders: COUNT,
  complete: COUNT,
  swarm: TEXT,
  link: TEXT,
});

const MAYBE_AMOUNT = { type: ['number', 'null'] };
const REPORT_ROW = objectOf({
  address: TEXT,
  role: oneOf(MEMBER_ROLES),
  isListed: YES_NO,
  tookMs: AMOUNT,
  received: COUNT,
  wasted: COUNT,
  sent: COUNT,
  copies: AMOUNT,
  downRate: COUNT,
  upRate: COUNT,
});

/** Method and last part of the path → the answer. */
const SHAPES: Readonly<Record<string, AnswerShape>> = {
  'GET downloads': FILES,
  'GET shares': FILES,
  'GET peers': shape({ peers: listOf(PEER) }, (peers: readonly PeerView[]) => ({ peers })),
  'GET pieces': shape(
    { name: TEXT, have: COUNT, pieces: COUNT, cells: listOf({ type: 'integer', minimum: 0, maximum: 255 }) },
    ({ name, have, pieces, cells }: PieceMap) => ({ name, have, pieces, cells: [...cells] }),
  ),
  'GET link': shape({ link: TEXT }, (link: string) => ({ link })),
  'GET trackers': shape(
    { trackers: listOf(objectOf({ address: TEXT, state: oneOf(TRACKER_STATES), reason: TEXT })) },
    (trackers: readonly TrackerView[]) => ({ trackers }),
  ),
  'GET stats': shape({ stats: STATS }, (stats: ClientStats) => ({ stats })),
  'GET list': shape({ files: listOf(LISTED) }, (files: readonly ListedFile[]) => ({ files })),
  'GET doctor': shape(
    { findings: listOf(objectOf({ severity: oneOf(SEVERITIES), subject: TEXT, found: TEXT, remedy: TEXT })) },
    (findings: readonly FindingView[]) => ({ findings }),
  ),
  'GET map': shape(
    {
      name: TEXT,
      pieces: COUNT,
      cells: COUNT,
      isLive: YES_NO,
      own: TEXT,
      copies: TEXT,
      peers: listOf(objectOf({ ...PEER_ROW, has: TEXT }, [...Object.keys(PEER_ALWAYS), 'has'])),
      asked: listOf(listOf(COUNT)),
      storing: listOf(COUNT),
      fetchers: listOf(PEER),
    },
    mapRow,
  ),
  'GET report': shape(
    {
      name: TEXT,
      size: COUNT,
      members: COUNT,
      finished: COUNT,
      running: COUNT,
      left: COUNT,
      startedMs: AMOUNT,
      makespanMs: AMOUNT,
      p50Ms: MAYBE_AMOUNT,
      p99Ms: MAYBE_AMOUNT,
      received: COUNT,
      wasted: COUNT,
      sent: COUNT,
      copies: AMOUNT,
      unexplained: COUNT,
      bound: { oneOf: [{ type: 'null' }, objectOf({ ms: AMOUNT, by: oneOf(BOUNDS), distance: AMOUNT })] },
      earlier: COUNT,
      silent: COUNT,
      beyond: COUNT,
      rows: listOf(REPORT_ROW),
      trackers: listOf(objectOf({ address: TEXT, problem: TEXT })),
    },
    (report: SwarmReport) => reportRow(report),
  ),
  'GET retention': shape(
    {
      keepDays: COUNT,
      keepVersions: COUNT,
      diskBudget: COUNT,
      downloads: listOf(objectOf({ name: TEXT, path: TEXT, size: COUNT, atMs: COUNT, goes: YES_NO, why: TEXT })),
      count: COUNT,
      going: COUNT,
      freed: COUNT,
      bytes: COUNT,
      shortfall: TEXT,
    },
    retentionRow,
  ),
  'GET wait': DETAIL,
  'GET schedule': DETAIL,
  'GET limit': LIMITS,
  'POST limit': LIMITS,
  'POST share': shape({ name: TEXT, link: TEXT }, ({ name, link }: { name: string; link: string }) => ({ name, link })),
  'POST get': shape({ path: TEXT }, ({ path }: { path: string }) => ({ path })),
  'POST remove': DETAIL,
  'POST pause': DETAIL,
  'POST resume': DETAIL,
  'POST top': DETAIL,
  'POST bottom': DETAIL,
  'POST reannounce': shape({ files: COUNT }, (files: number) => ({ files })),
  'POST retrack': shape(
    { files: COUNT, failures: listOf(TEXT), isForNewShares: YES_NO },
    ({ files, failures, isForNewShares }: Retracking) => ({ files, failures, isForNewShares }),
  ),
  // One share that is named is relocated, or refused.
  'POST relocate': shape(
    { files: COUNT, refused: COUNT, failures: listOf(TEXT) },
    (found: Relocation | undefined) => found ?? { files: 1, refused: 0, failures: [] },
  ),
  'POST verify': shape(
    { name: TEXT, good: COUNT, pieces: COUNT, bad: listOf(listOf(COUNT)), more: YES_NO },
    ({ name, good, pieces, bad, more }: Verification) => ({ name, good, pieces, bad, more }),
  ),
  'POST invite': shape(
    { words: listOf(TEXT), goodForS: { type: ['integer', 'null'] } },
    ({ words, goodForS = undefined }: InvitationView) => ({ words, goodForS: goodForS ?? null }),
  ),
  'POST web': shape({ link: TEXT }, (link: string) => ({ link })),
  'POST log': DETAIL,
};

export function answerShape(method: string, name: string): AnswerShape {
  const found = SHAPES[`${method} ${name}`];
  assert(found !== undefined, `the answer to ${method} ${name} has a shape in app/http/answers.ts`);
  return found;
}
