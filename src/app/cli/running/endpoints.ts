// What a command that runs a client serves over HTTP: the page with its API, and numbers, each where its setting says.
// Nothing of it is loaded where neither is set.

import { join } from 'node:path';
import { makeDirectory } from '../../../foundation/base/directories.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { serviceLines } from '../../../foundation/base/journal.js';
import type { Credentials } from '../../../foundation/identity/credentials.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { RunningTracker } from '../../../tracking/tracker/start.js';
import type { Endpoint } from '../../http/endpoint.js';
import type { LocalClient } from '../../library/start-client.js';
import type { Settings } from '../../settings/resolve.js';

/** The endpoints of a client that may start again behind them. */
export interface ClientEndpoints {
  /** Answers for this client from now on. */
  serve(local: Pick<LocalClient, 'client'> & Partial<Pick<LocalClient, 'linkWith'>>): void;
  /** The client ends, and another one follows. */
  suspend(): void;
  /** A line for each endpoint: where it is, and how it is opened. */
  readonly remarks: readonly string[];
  /** A link to the page; undefined where there is none. */
  link(): string | undefined;
  close(): Promise<void>;
}

const NONE: ClientEndpoints = {
  serve: () => undefined,
  suspend: () => undefined,
  remarks: [],
  link: () => undefined,
  close: async () => undefined,
};

/**
 * Rejects with PORT_IN_USE, ADDRESS_UNUSABLE, PERMISSION_DENIED, … @param stateDir the client's own. @param tell gets
 * what a person should know.
 */
export async function openEndpoints(
  settings: Settings,
  stateDir: () => string,
  tell: (sentence: string) => void,
): Promise<ClientEndpoints> {
  const { http, metrics } = settings.values;
  if (http === undefined && metrics === undefined) return NONE;
  try {
    return await openBoth(settings, stateDir(), tell);
  } catch (error) {
    const isAsked = [settings.origins.http, settings.origins.metrics].some(({ kind }) => kind === 'flag');
    if (!(error instanceof MiniTorrentError) || error.code !== 'PORT_IN_USE' || isAsked) throw error;
    // Every client of this machine reads the same config file; the first one serves.
    return { ...NONE, remarks: [`HTTP is not served: ${error.message}`] };
  }
}

async function openBoth(
  { values }: Settings,
  directory: string,
  tell: (sentence: string) => void,
): Promise<ClientEndpoints> {
  const { http, metrics } = values;
  const [{ openEndpoint, openMetrics }, { ServedClient }] = await Promise.all([
    import('../../http/endpoint.js'),
    import('../../http/served-client.js'),
  ]);
  await makeDirectory(directory, '--state-dir');
  const service = new ServedClient({ downloadDir: values['download-dir'], dropDir: join(directory, 'dropped') });
  const opened: Endpoint[] = [];
  const close = async (): Promise<void> => void (await Promise.all(opened.map((each) => each.close())));
  try {
    const tokenPath = join(directory, 'http-token');
    const page = http === undefined ? undefined : await openEndpoint({ place: http, service, tokenPath, tell });
    if (page !== undefined) opened.push(page);
    if (metrics !== undefined) opened.push(await openMetrics(metrics, service, tell));
    const hasToken = http !== undefined && !('path' in http);
    return {
      serve: (local) => {
        service.serve(local.client);
        if (page !== undefined) local.linkWith?.(() => page.link());
      },
      suspend: () => service.serve(undefined),
      remarks: [
        ...opened.map(({ name }) => `HTTP is served at ${name}`),
        ...(hasToken ? [`the token for scripts is in ${tokenPath}`] : []),
      ],
      link: () => (hasToken ? page?.link() : undefined),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Serves a tracker; answers what closes that. Its token lies beside its list. Rejects as `openEndpoints` does.
 * @param credentials of a closed swarm, with which it asks itself for the list.
 */
export async function openTrackerEndpoints(
  { values }: Settings,
  tracker: RunningTracker & { readonly partner: Address },
  credentials: Credentials | undefined,
  seederListPath: string,
): Promise<() => Promise<void>> {
  const { http, metrics } = values;
  if (http === undefined && metrics === undefined) return async () => undefined;
  const [{ openEndpoint, openMetrics }, { ServedTracker }] = await Promise.all([
    import('../../http/endpoint.js'),
    import('../../http/served-tracker.js'),
  ]);
  const tell = (sentence: string): void => void process.stderr.write(serviceLines(printable(sentence), 'notice'));
  const service = new ServedTracker({
    statistics: () => tracker.statistics(),
    list: async (text) => {
      const { listFiles } = await import('../../../tracking/tracker/listing.js');
      const { passageOf } = await import('../../library/invitations.js');
      return listFiles([tracker.address, tracker.partner], text, passageOf(credentials));
    },
    seeders: async (swarm) => {
      const { seedersOf } = await import('../../../tracking/tracker/listing.js');
      const { passageOf } = await import('../../library/invitations.js');
      return seedersOf(tracker.address, swarm, passageOf(credentials));
    },
  });
  const opened: Endpoint[] = [];
  const close = async (): Promise<void> => void (await Promise.all(opened.map((each) => each.close())));
  try {
    const tokenPath = `${seederListPath}.http-token`;
    const page = http === undefined ? undefined : await openEndpoint({ place: http, service, tokenPath, tell });
    if (page !== undefined) opened.push(page);
    if (page !== undefined) service.linkWith(() => page.link());
    if (metrics !== undefined) opened.push(await openMetrics(metrics, service, tell));
    for (const { name } of opened) tell(`HTTP is served at ${name}`);
    if (page !== undefined && http !== undefined && !('path' in http)) {
      tell(`the token for scripts is in ${tokenPath}`);
      tell(`its page, once and within a minute: ${page.link()}`);
    }
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}
