// Thread entry of the peer room: sockets of the swarm. Everything it does is in src/peer.

import { thisThread } from '../src/foundation/actor/thread.js';
import { runPeerThread } from '../src/transfer/peer/actor.js';

runPeerThread(thisThread());
