// Thread entry of a tracker that lives in another program's process. Everything it does is in src/tracker.

import { thisThread } from '../src/actor/thread.js';
import { runTrackerThread } from '../src/tracker/actor.js';

void runTrackerThread(thisThread());
