// The address that others are to dial, as its owner wrote it: a host name or an interface stands for what it means at
// each connection to a tracker, so that one configuration does for many machines and a name may move.

import type { Advertised } from '../../client/options.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { familyOf } from '../../foundation/base/hosts.js';
import { formatListenAddress } from '../../foundation/torrent/listen-address.js';
import { hostToAdvertise } from './own-address.js';

/** @param notice gets a sentence when a name stands for nothing, once until it does. */
export function advertisedAt({ host, port }: Advertised, notice: (sentence: string) => void): Advertised {
  if (host === undefined || familyOf(host) !== undefined) return { host, port };
  let [numeric, isTold]: [string | undefined, boolean] = [undefined, false];
  return {
    port,
    get host() {
      return numeric;
    },
    lookUp: async () => {
      try {
        numeric = await hostToAdvertise(host);
        isTold = false;
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) throw error;
        const until = numeric === undefined ? 'trackers list the address that they see' : `others are told ${numeric}`;
        if (!isTold)
          notice(`--advertise ${formatListenAddress({ host, port })}: ${error.message}; until then ${until}`);
        isTold = true;
      }
      return numeric !== undefined;
    },
  };
}
