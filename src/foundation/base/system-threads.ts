// Gives this process more of the system's threads for disks and names than libuv's four, since a disk that hangs keeps
// some of them for ever. To be imported before anything else: they are counted when the first of them is needed.

import { SYSTEM_THREADS } from './limits.js';

process.env['UV_THREADPOOL_SIZE'] ??= String(SYSTEM_THREADS);
