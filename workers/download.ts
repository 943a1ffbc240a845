// Thread entry of the download room: one downloader actor a file. Everything it does is in src/download.

import { thisThread } from '../src/foundation/actor/thread.js';
import { runDownloadThread } from '../src/transfer/download/actor.js';

runDownloadThread(thisThread());
