// Two ways to load a tracker: closed (each client keeps so many requests open, which finds the saturation) and open
// (requests leave by the clock, whatever became of the earlier ones, and their latency counts from when they were due:
// a stalled tracker is charged for every request that it kept waiting, and so is a late driver, whose lateness is shown
// beside it).

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrackerReply } from '../src/tracking/tracker/messages.js';
import type { TrackerClient } from './tracker-driver.js';

/** Milliseconds without any reply after which the open requests count as never answered. */
const DRAIN_MS = 10_000;

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly replies: number;
  readonly perSecond: number;
  readonly latency: Latency;
  /** Refusals, lost connections and requests never answered. */
  readonly errors: number;
  readonly firstError: string;
  /** How late requests left the driver; a closed load is never late. */
  readonly driverLateP99Ms: number | undefined;
}

/** Counts replies and their latencies; a request's word is when it was due. */
class Tally {
  replies = 0;
  errors = 0;
  firstError = '';
  readonly #latency: RecordableHistogram = createHistogram();

  take(reply: TrackerReply, dueMs: number): void {
    this.replies += 1;
    if (reply.kind === 'error') this.fail(reply.sentence);
    else record(this.#latency, performance.now() - dueMs);
  }

  fail(what: string): void {
    this.errors += 1;
    if (this.firstError === '') this.firstError = what;
  }

  result(seconds: number, late?: RecordableHistogram): LoadResult {
    const { replies, errors, firstError } = this;
    const latency = {
      p50Ms: percentile(this.#latency, 50),
      p99Ms: percentile(this.#latency, 99),
      maxMs: this.#latency.max / 1000,
    };
    const driverLateP99Ms = late === undefined ? undefined : percentile(late, 99);
    return { seconds, replies, perSecond: replies / seconds, latency, errors, firstError, driverLateP99Ms };
  }
}

/** Asks as `client` what must have the word `dueMs`; `at` counts the requests of this client, from 0. */
export type Ask = (client: TrackerClient, at: number, dueMs: number) => void;

/** Each client keeps `depth` requests open, for `durationMs` or until each has asked `perClient` times. */
export async function closedLoad(
  fleet: readonly TrackerClient[],
  depth: number,
  end: { readonly perClient: number } | { readonly durationMs: number },
  ask: Ask,
): Promise<LoadResult> {
  const tally = new Tally();
  const startedMs = performance.now();
  const perClient = 'perClient' in end ? end.perClient : Number.POSITIVE_INFINITY;
  const endMs = 'durationMs' in end ? startedMs + end.durationMs : Number.POSITIVE_INFINITY;
  const asked = new Map<TrackerClient, number>();
  const next = (client: TrackerClient): void => {
    const nowMs = performance.now();
    const at = asked.get(client) ?? 0;
    if (at >= perClient || nowMs >= endMs) return;
    asked.set(client, at + 1);
    ask(client, at, nowMs);
  };
  listen(fleet, tally, next);
  for (const client of fleet) {
    for (let open = 0; open < depth; open += 1) next(client);
    client.flush();
  }
  if ('durationMs' in end) await sleep(end.durationMs);
  await drain(fleet, tally);
  return tally.result((performance.now() - startedMs) / 1000);
}

/** `perSecond` requests, spread over the fleet in turn, for `end` milliseconds or until `end` says so. */
export async function openLoad(
  fleet: readonly TrackerClient[],
  perSecond: number,
  end: number | (() => boolean),
  ask: Ask,
): Promise<LoadResult> {
  const tally = new Tally();
  const late = createHistogram();
  listen(fleet, tally, () => undefined);
  const startedMs = performance.now();
  const stepMs = 1000 / perSecond;
  const isOver = typeof end === 'number' ? () => performance.now() - startedMs >= end : end;
  let turn = 0;
  while (!isOver()) {
    const nowMs = performance.now();
    for (let dueMs = startedMs + turn * stepMs; dueMs <= nowMs; dueMs = startedMs + turn * stepMs) {
      const client = fleet[turn % fleet.length] as TrackerClient;
      ask(client, Math.floor(turn / fleet.length), dueMs);
      client.flush();
      record(late, performance.now() - dueMs);
      turn += 1;
    }
    await sleep(1);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await drain(fleet, tally);
  return { ...tally.result(seconds, late), perSecond: turn / seconds };
}

function listen(fleet: readonly TrackerClient[], tally: Tally, onReply: (client: TrackerClient) => void): void {
  for (const client of fleet) {
    client.onReply = (reply, dueMs) => {
      tally.take(reply, dueMs);
      onReply(client);
    };
    client.onLost = (reason) => tally.fail(`a connection was lost: ${reason}`);
  }
}

/** Waits for the last replies; when none has come for DRAIN_MS, what is open is an error each. */
async function drain(fleet: readonly TrackerClient[], tally: Tally): Promise<void> {
  const open = (): number => fleet.reduce((sum, client) => sum + client.openCount, 0);
  let seen = tally.replies;
  let endMs = performance.now() + DRAIN_MS;
  while (open() > 0 && performance.now() < endMs) {
    await sleep(5);
    if (tally.replies > seen) endMs = performance.now() + DRAIN_MS;
    seen = tally.replies;
  }
  const unanswered = open();
  if (unanswered === 0) return;
  tally.fail(`${unanswered} requests were not answered`);
  tally.errors += unanswered - 1;
}

/** Microseconds inside: a histogram holds whole numbers from 1. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1000)));
}

function percentile(histogram: RecordableHistogram, rank: number): number {
  return histogram.count === 0 ? Number.NaN : histogram.percentile(rank) / 1000;
}
