// Where HTTP is served. What can read and change a client is served to this machine alone, by a loopback address or a
// Unix socket; numbers may be served anywhere. Pure.

import { isLoopback } from '../../foundation/base/hosts.js';
import { type Address, formatAddress, parseAddress } from '../../foundation/torrent/address.js';
import { absolutePath, type Kind } from './kinds.js';

/** A port of 0 takes a free one; a path is absolute. */
export type HttpPlace = Address | { readonly path: string };

const UNIX = 'unix:';

/** `localhost` is 127.0.0.1, without asking anybody. */
function addressOf(raw: unknown): Address | undefined {
  return typeof raw === 'string' ? parseAddress(raw.replace(/^localhost:/, '127.0.0.1:'), true) : undefined;
}

export const httpPlace: Kind<HttpPlace> = {
  expects: 'a place on this machine; write 127.0.0.1:8080, [::1]:8080, or unix:<path>',
  read: (raw, base) => {
    if (typeof raw === 'string' && raw.startsWith(UNIX) && raw.length > UNIX.length && !raw.includes('\0'))
      return { path: absolutePath(raw.slice(UNIX.length), base) };
    const address = addressOf(raw);
    return address !== undefined && isLoopback(address.host) ? address : undefined;
  },
  whyNot: (raw) => {
    const address = addressOf(raw);
    if (address === undefined) return undefined;
    const port = address.port === 0 ? 8080 : address.port;
    return `the page and the API are served to this machine only; serve them at 127.0.0.1:${port}, and on the machine with the browser run: ssh -L ${port}:127.0.0.1:${port} <this machine>`;
  },
  show: (place) => ('path' in place ? `${UNIX}${place.path}` : formatAddress(place)),
  offers: ['127.0.0.1:8080'],
};

export const metricsPlace: Kind<Address> = {
  expects: 'an address to listen on; write ip:port, such as 0.0.0.0:9464',
  read: addressOf,
  show: formatAddress,
  offers: ['127.0.0.1:9464', '0.0.0.0:9464'],
};
