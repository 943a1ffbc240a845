// Thread entry of the peer room: sockets of the swarm. Everything it does is in src/peer.

import { thisThread } from '../src/actor/thread.js';
import { runPeerThread } from '../src/peer/actor.js';

runPeerThread(thisThread());
