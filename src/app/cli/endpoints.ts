// What a command that runs a client serves over HTTP: the page with its API, and numbers, each where its setting says.
// Nothing of it is loaded where neither is set.

import { join } from 'node:path';
import { makeDirectory } from '../../foundation/base/directories.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Endpoint } from '../http/endpoint.js';
import type { LocalClient } from '../library/start-client.js';
import type { Settings } from '../settings/resolve.js';

/** The endpoints of a client that may start again behind them. */
export interface ClientEndpoints {
  /** Answers for this client from now on. */
  serve(local: Pick<LocalClient, 'client' | 'linkWith'>): void;
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
    import('../http/endpoint.js'),
    import('../http/served-client.js'),
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
        if (page !== undefined) local.linkWith(() => page.link());
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
