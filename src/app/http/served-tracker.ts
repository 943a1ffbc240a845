// What an endpoint serves of a tracker: how it and its partner are, what is shared, and its numbers. It is ready when
// its list is as complete as that of its partner.

import { programVersion } from '../../foundation/base/installation.js';
import { type SwarmKey, swarmKey } from '../../foundation/torrent/ids.js';
import type { ListedFile, Seeders } from '../library/views.js';
import { answerShape } from './answers.js';
import { READY_BEHIND_CHANGES_MAX } from './limits.js';
import { counter, exposition, gauge, type Metric, processMetrics } from './metrics.js';
import type { Operation } from './operations.js';
import { answerOf, COUNT, listOf, objectOf, TEXT } from './schemas.js';
import type { Served } from './served.js';

export interface TrackerSource {
  /** As `tracker-status --json` prints it. */
  statistics(): Readonly<Record<string, unknown>>;
  /** Rejects with NO_TRACKER where nothing is listed to anybody. */
  list(text: string): Promise<readonly ListedFile[]>;
  /** Rejects with NO_TRACKER. */
  seeders(swarm: SwarmKey): Promise<Seeders>;
}

/** What the partner's part of the statistics says, as far as it is looked at; a shared store may say less. */
interface Partner {
  readonly following?: boolean;
  readonly followedBy?: boolean;
  readonly behindChanges?: number | null;
  readonly lagChanges?: number | null;
  readonly lagMs?: number | null;
  readonly digestEqual?: boolean | null;
  readonly isReady?: boolean;
  readonly isAlone?: boolean;
}

export class ServedTracker implements Served {
  readonly title = 'Mini-Torrent tracker';
  readonly operations: readonly Operation[];
  readonly #source: TrackerSource;
  #link: () => string = () => '';

  constructor(source: TrackerSource) {
    this.#source = source;
    this.operations = [this.#about(), this.#status(), this.#list(), this.#seeders(), this.#web()];
  }

  linkWith(link: () => string): void {
    this.#link = link;
  }

  unready(): string | undefined {
    const { isReady, isAlone, following, behindChanges, digestEqual } = this.#partner();
    if (isReady === false) return 'this tracker is catching up with its partner';
    if (isAlone === true) return 'this list may be out of date: the partner was not heard since the start';
    if (following === true && (behindChanges ?? 0) > READY_BEHIND_CHANGES_MAX)
      return `this tracker lacks ${behindChanges} changes of its partner`;
    if (digestEqual === false) return 'the lists of this tracker and its partner differ';
    return undefined;
  }

  async metrics(): Promise<string> {
    const all = this.#source.statistics();
    const cpu = process.cpuUsage();
    return exposition([
      ...processMetrics(
        {
          uptimeSeconds: (numberOf(all, 'uptimeMs') ?? 0) / 1_000,
          rssBytes: numberOf(all, 'rssBytes') ?? 0,
          cpuUserSeconds: cpu.user / 1e6,
          cpuSystemSeconds: cpu.system / 1e6,
        },
        Date.now() / 1_000,
        programVersion(),
      ),
      gauge(
        'mtorrent_tracker_ready',
        'Its list is as complete as that of its partner',
        this.unready() === undefined ? 1 : 0,
      ),
      ...ownMetrics(all),
      ...partnerMetrics(this.#partner()),
    ]);
  }

  #partner(): Partner {
    const { partner } = this.#source.statistics();
    return typeof partner === 'object' && partner !== null ? partner : {};
  }

  #about(): Operation {
    return {
      name: 'about',
      method: 'GET',
      summary: 'which tracker this is',
      input: objectOf({}),
      answer: answerOf({ program: { const: 'tracker' }, version: TEXT, address: TEXT, pid: COUNT }),
      perform: async () => {
        const { own } = this.#source.statistics();
        return { schema: 1, program: 'tracker', version: programVersion(), address: String(own), pid: process.pid };
      },
    };
  }

  #status(): Operation {
    return {
      name: 'stats',
      method: 'GET',
      summary: 'how this tracker and its partner are, as tracker-status --json prints it',
      input: objectOf({}),
      answer: answerOf({
        ready: { type: 'boolean' },
        unready: TEXT,
        stats: { type: 'object', additionalProperties: true },
      }),
      perform: async () => {
        const why = this.unready();
        return { schema: 1, ready: why === undefined, unready: why ?? '', stats: this.#source.statistics() };
      },
    };
  }

  #list(): Operation {
    const shape = answerShape('GET', 'list');
    return {
      name: 'list',
      method: 'GET',
      summary: 'what is shared, with a text in its name',
      input: objectOf({ text: { type: 'string', maxLength: 255 } }, []),
      answer: shape.schema,
      perform: async ({ text = '' }) => shape.json(await this.#source.list(String(text))),
    };
  }

  #seeders(): Operation {
    const seeder = objectOf({ address: TEXT, have: COUNT });
    return {
      name: 'seeders',
      method: 'GET',
      summary: 'who has how many pieces of a file, as this tracker knows it; some of them when there are very many',
      input: objectOf({ swarm: { type: 'string', pattern: '^[0-9a-f]{40}$' } }),
      answer: answerOf({ total: COUNT, seeders: listOf(seeder) }),
      perform: async ({ swarm }) => {
        const { total, rows } = await this.#source.seeders(swarmKey(Buffer.from(String(swarm), 'hex')));
        return { schema: 1, total, seeders: rows };
      },
    };
  }

  #web(): Operation {
    const shape = answerShape('POST', 'web');
    return {
      name: 'web',
      method: 'POST',
      summary: 'a link to its page in a browser, good once',
      input: objectOf({}),
      answer: shape.schema,
      perform: async () => shape.json(this.#link()),
    };
  }
}

function ownMetrics(all: Readonly<Record<string, unknown>>): readonly Metric[] {
  const of = (name: string): number | undefined => numberOf(all, name);
  const seconds = (name: string): number | undefined => scaled(of(name));
  return [
    gauge('mtorrent_tracker_swarms', 'Files that are known', of('swarms')),
    gauge('mtorrent_tracker_live_entries', 'Seeders, each of one file', of('liveEntries')),
    gauge('mtorrent_tracker_connections', 'Clients that are connected', of('connections')),
    counter('mtorrent_tracker_requests_total', 'Requests of clients, of every sort', of('requests')),
    counter('mtorrent_tracker_announces_total', 'Requests that share a file or announce it', of('announces')),
    counter('mtorrent_tracker_summaries_total', 'Requests that say what was sent and received', of('summaries')),
    counter('mtorrent_tracker_pings_total', 'Requests that keep all files of a client listed', of('pings')),
    counter('mtorrent_tracker_refused_connections_total', 'Connections that found no room', of('refusedConnections')),
    ...handshakeMetrics(all),
    counter('mtorrent_tracker_expired_clients_total', 'Clients whose lease ran out', of('expiredClients')),
    counter('mtorrent_tracker_freezes_total', 'Times that this process stood still', of('freezes')),
    counter('mtorrent_tracker_store_commits_total', 'Groups of changes that were committed', of('storeCommits')),
    counter(
      'mtorrent_tracker_store_failures_total',
      'Groups of changes that could not be committed',
      of('storeFailures'),
    ),
    gauge('mtorrent_tracker_store_last_commit_seconds', 'How long the last commit took', seconds('storeLastMs')),
    gauge('mtorrent_tracker_store_backlog', 'Changes that wait for the disk', of('storeBacklog')),
    gauge('mtorrent_tracker_store_log_bytes', 'Size of the write-ahead log', of('logBytes')),
    counter('mtorrent_log_lines_lost_total', 'Lines that could not be written to the log', of('lostLogLines')),
  ];
}

/** Of a closed swarm's tracker. */
function handshakeMetrics({ handshakes }: Readonly<Record<string, unknown>>): readonly Metric[] {
  const of = (name: string): number | undefined =>
    typeof handshakes === 'object' && handshakes !== null ? numberOf({ ...handshakes }, name) : undefined;
  return [
    counter('mtorrent_tracker_handshakes_begun_total', 'TLS handshakes that began', of('begun')),
    counter('mtorrent_tracker_handshakes_finished_total', 'TLS handshakes that ended well', of('finished')),
    counter(
      'mtorrent_tracker_handshakes_for_nobody_total',
      'TLS handshakes whose other side hung up before its hello was answered',
      of('forNobody'),
    ),
  ];
}

function partnerMetrics(partner: Partner): readonly Metric[] {
  const { following, followedBy, behindChanges, lagChanges, lagMs, digestEqual } = partner;
  const flag = (value: boolean | null | undefined): number | undefined =>
    value === null || value === undefined ? undefined : Number(value);
  return [
    gauge('mtorrent_tracker_partner_connected', 'Whether changes flow from and to the partner', [
      { labels: { direction: 'from' }, value: flag(following) },
      { labels: { direction: 'to' }, value: flag(followedBy) },
    ]),
    gauge(
      'mtorrent_tracker_partner_behind_changes',
      'Changes of the partner that are not here',
      behindChanges ?? undefined,
    ),
    gauge('mtorrent_tracker_partner_lag_changes', 'Changes that the partner lacks', lagChanges ?? undefined),
    gauge('mtorrent_tracker_partner_lag_seconds', 'For how long it has lacked them', scaled(lagMs ?? undefined)),
    gauge('mtorrent_tracker_partner_lists_equal', 'Whether both lists are the same', flag(digestEqual)),
  ];
}

function numberOf(all: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = all[name];
  return typeof value === 'number' ? value : undefined;
}

function scaled(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
