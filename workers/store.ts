// Thread entry of the tracker's store: the seeder list on the disk. Everything it does is in src/tracker.

import { thisThread } from '../src/foundation/actor/thread.js';
import { runStoreThread } from '../src/tracking/store/sqlite/actor.js';

runStoreThread(thisThread());
