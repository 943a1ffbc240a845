// Thread entry of the tracker's store: the seeder list on the disk. What it does is in src/tracking/store/sqlite;
// `selection.ts` chooses it.

import { thisThread } from '../src/foundation/actor/thread.js';
import { runStoreThread } from '../src/tracking/store/sqlite/actor.js';

runStoreThread(thisThread());
