// Thread entry of a tracker that lives in another program's process. What it does is in src/tracking/tracker/hosted.

import { thisThread } from '../src/foundation/actor/thread.js';
import { runTrackerThread } from '../src/tracking/tracker/hosted/actor.js';

void runTrackerThread(thisThread());
