// Why an upload port could not be opened, in words. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { familyOf } from '../../foundation/base/hosts.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';

/** @param errno what the system answered to listening at `upload`. */
export function listenError(upload: Address, errno: string): MiniTorrentError {
  const where = formatAddress(upload);
  if (errno === 'EADDRINUSE')
    return new MiniTorrentError('PORT_IN_USE', `${where} is in use by another program; choose another upload port`);
  if (errno === 'EADDRNOTAVAIL')
    return new MiniTorrentError(
      'ADDRESS_UNUSABLE',
      `${where} is not an address of this machine; choose one that it has`,
    );
  if (errno === 'EAFNOSUPPORT')
    return new MiniTorrentError(
      'ADDRESS_UNUSABLE',
      `${where} cannot be used: this machine has no ${familyOf(upload.host) ?? 'such'} addresses; choose one that it has`,
    );
  if (errno === 'EACCES')
    return new MiniTorrentError(
      'PERMISSION_DENIED',
      `${where}: this user may not listen there; choose a port above 1023`,
    );
  return new MiniTorrentError('ADDRESS_UNUSABLE', `cannot listen on ${where} (${errno})`);
}
