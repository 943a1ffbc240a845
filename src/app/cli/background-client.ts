// The client of this user that runs in the background, for commands that use it when it is there and do without it otherwise.

import { SOCKET_PATH_BYTES_MAX } from '../../foundation/base/limits.js';
import { attachToClient } from '../attach/connection.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';

/** Undefined when none runs. To be closed. Rejects as `attachToClient` does: one that is there and cannot be spoken to is told. */
export async function backgroundClient({ values: { socket } }: Settings): Promise<SwarmClient | undefined> {
  // Nobody can listen at a path that is too long for a socket.
  return Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX ? undefined : attachToClient(socket);
}
