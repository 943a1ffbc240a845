// The numbers of a client: how many files are in which state, what moves, which trackers respond, and how its threads
// are doing.

import { FILE_STATES, TRACKER_STATES } from '../../client/messages.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { ClientStats, FileView } from '../library/views.js';
import { counter, Growing, gauge, type Metric, type MetricValue, processMetrics } from './metrics.js';

export class ClientMetrics {
  readonly #received = new Growing();
  readonly #sent = new Growing();
  readonly #wasted = new Growing();

  /** @param nowS seconds since 1970. */
  async of(client: SwarmClient, eventStreams: number, nowS: number, version: string): Promise<readonly Metric[]> {
    const [files, stats, trackers, limits] = await Promise.all([
      client.files(),
      client.stats(),
      client.trackers(),
      client.limits(),
    ]);
    const sum = (of: (file: FileView) => number): number => files.reduce((total, file) => total + of(file), 0);
    return [
      ...processMetrics(stats, nowS, version),
      gauge('mtorrent_files', 'Files by state', countBy(FILE_STATES, files)),
      counter(
        'mtorrent_received_bytes_total',
        'Payload received',
        this.#received.take(sum(({ received, receivedBefore }) => received - receivedBefore)),
      ),
      counter('mtorrent_sent_bytes_total', 'Payload sent', this.#sent.take(sum(({ sent }) => sent))),
      counter(
        'mtorrent_wasted_bytes_total',
        'Payload received that was not needed or was wrong',
        this.#wasted.take(sum(({ wasted, wastedBefore }) => wasted - wastedBefore)),
      ),
      gauge(
        'mtorrent_receive_bytes_per_second',
        'Payload coming in',
        sum(({ rate }) => rate),
      ),
      gauge(
        'mtorrent_source_peers',
        'Connections that pieces are fetched over',
        sum(({ peers }) => peers),
      ),
      gauge(
        'mtorrent_files_with_problem',
        'Files that say what is wrong',
        sum(({ problem }) => (problem === '' ? 0 : 1)),
      ),
      gauge('mtorrent_limit_bytes_per_second', 'Rate limit; 0: none', [
        { labels: { direction: 'up' }, value: limits.up },
        { labels: { direction: 'down' }, value: limits.down },
      ]),
      gauge('mtorrent_trackers', 'Trackers by state', countBy(TRACKER_STATES, trackers)),
      gauge('mtorrent_http_event_streams', 'Event streams that are open', eventStreams),
      ...threadMetrics(stats),
    ];
  }
}

function threadMetrics(stats: ClientStats): readonly Metric[] {
  const { payloadSlots, lostLogLines, threads } = stats;
  const delays = Object.entries({ main: stats, ...threads });
  const delay = (of: (thread: ClientStats['threads'][string]) => number): readonly MetricValue[] =>
    delays.map(([thread, each]) => ({ labels: { thread }, value: of(each) / 1_000 }));
  return [
    gauge(
      'mtorrent_event_loop_delay_p50_seconds',
      'Median delay of a thread since the last look',
      delay((each) => each.loopDelayP50Ms),
    ),
    gauge(
      'mtorrent_event_loop_delay_p99_seconds',
      'Delay that one in a hundred exceeds',
      delay((each) => each.loopDelayP99Ms),
    ),
    gauge('mtorrent_payload_slots', 'Slots of a piece for what arrives', [
      { labels: { state: 'used' }, value: payloadSlots.used },
      { labels: { state: 'free' }, value: payloadSlots.all - payloadSlots.used },
    ]),
    counter('mtorrent_log_lines_lost_total', 'Lines that could not be written to the log', lostLogLines),
  ];
}

function countBy<S extends string>(
  states: readonly S[],
  all: readonly { readonly state: S }[],
): readonly MetricValue[] {
  return states.map((state) => ({ labels: { state }, value: all.filter((each) => each.state === state).length }));
}
