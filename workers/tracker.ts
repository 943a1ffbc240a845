// Thread entry of a tracker that lives in another program's process. Everything it does is in src/tracker.

import { thisThread } from '../src/foundation/actor/thread.js';
import { runTrackerThread } from '../src/tracking/tracker/actor.js';

void runTrackerThread(thisThread());
