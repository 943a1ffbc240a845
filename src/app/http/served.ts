// What an endpoint serves, whether a client or a tracker stands behind it.

import type { EventFeed } from './event-feed.js';
import type { Operation } from './operations.js';

export interface Served {
  /** Of the API's document. */
  readonly title: string;
  readonly operations: readonly Operation[];
  /** Whether it does its work: why not; undefined when it does. */
  unready(): string | undefined;
  /** The numbers as Prometheus reads them. */
  metrics(): Promise<string>;
  readonly events?: EventFeed;
  /** Takes the bytes of a .mtorrent that a browser was given. Rejects with MiniTorrentError. */
  readonly drop?: (mtorrent: Buffer, name: string, destination: string | undefined) => Promise<object>;
}
