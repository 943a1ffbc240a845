// What the doctor measures, in bytes, milliseconds and bytes per second; findings.ts says what it means. Pure.

import type { Address } from '../../foundation/torrent/address.js';
import type { Room } from '../../transfer/storage/disk/room.js';
import type { Silent } from './reach.js';

/** Where other clients reach this one. */
export interface UploadFact {
  /** ip:port. */
  readonly address: string;
  /** A running client of ours listens there. */
  readonly isOurs: boolean;
  readonly state:
    | { readonly kind: 'answers'; readonly tookMs: number }
    | { readonly kind: 'free' }
    /** The machine no longer has it. */
    | { readonly kind: 'gone' }
    | { readonly kind: 'failed'; readonly errno: string };
}

/** What a tracker found when it looked for this client at its address. */
export interface ReachFact {
  readonly tracker: string;
  readonly address: Address;
  readonly found: 'reached' | 'stranger' | 'nobody';
  /** The loopback that the client advertises, which the tracker cannot use. */
  readonly insteadOf?: string;
}

export interface TrackerFact {
  readonly address: string;
  /** Why it cannot be used; undefined when it said hello. */
  readonly failure: string | undefined;
  /** It answers, and this is why it takes this machine for nobody who may ask. */
  readonly refusal?: string;
  /** Of one that cannot be used: from which of this machine's addresses the route leads there. */
  readonly routeFrom?: string | undefined;
  /** From the dial to its hello. */
  readonly helloMs: number;
  /** How far its clock is ahead of ours; undefined when it did not send its time. */
  readonly skewMs: number | undefined;
  readonly partner:
    | {
        readonly address: string;
        /** It reaches its partner / its partner reaches it. */
        readonly following: boolean;
        readonly followedBy: boolean;
        /** One sentence, or ''. */
        readonly refusedBy: string;
      }
    | undefined;
  /** How many trackers use its database; absent: it has a list of its own, or did not say. */
  readonly sharing?: number | undefined;
  /** How it lists a file that this client announces there; undefined when there is none, or no answer. */
  readonly listed:
    | {
        /** Hosts that are listed with our port. */
        readonly hosts: readonly string[];
        /** It has more seeders than it named. */
        readonly isSample: boolean;
      }
    | undefined;
}

export interface DiskFact {
  /** The first directory that was asked about on it. */
  readonly directory: string;
  readonly room: Room;
  /** What running downloads will still write to it. */
  readonly neededBytes: number;
  /** Time to write and flush `writtenBytes`; undefined when it did not finish in time. */
  readonly writtenMs: number | undefined;
  readonly writtenBytes: number;
  /** Name of the system's error; undefined when nothing failed. */
  readonly errno: string | undefined;
}

export interface OpenFilesFact {
  readonly limit: number;
  readonly open: number;
  /** Needed when every limit of the client is reached. */
  readonly needed: number;
}

export interface MachineFact {
  /** SHA-1 of one thread. */
  readonly hashRate: number;
  readonly freeMemoryBytes: number;
  readonly totalMemoryBytes: number;
  readonly rssBytes: number;
}

/** What this program may use of the machine, and the threads that a client has for it. */
export interface ThreadsFact {
  readonly systemCores: number;
  /** Cores that may be used. */
  readonly cores: number;
  /** In cores; undefined: none. */
  readonly cpuQuota: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly peerThreads: number;
  /** The setting names that number. */
  readonly isForced: boolean;
  /** Peer threads that accept connections. */
  readonly acceptors: number;
  readonly hashThreads: number;
  /** Payload that downloads may hold in memory. */
  readonly slabBytes: number;
}

/** One sample of a running download. */
export interface DownloadLook {
  /** Connected peers. */
  readonly peers: number;
  /** Slots that it holds: pieces requested, and pieces being stored. */
  readonly held: number;
  /** Pieces that wait for the hash pool, or are being verified and written. */
  readonly storing: number;
  /** It would request more if there were no download limit. */
  readonly isPaced: boolean;
  /** Listed addresses that do not answer, or whose bytes do not come. */
  readonly silent: readonly Silent[];
}

/** What this machine shows of itself in its closed swarm. */
export interface CardFact {
  readonly swarm: string;
  /** Of this machine there. */
  readonly name: string;
  /** The tracker that signed it. */
  readonly signedBy: string;
  /** On which it runs out, as 2027-01-15; undefined: it never does. */
  readonly lastDay: string | undefined;
  /** This machine's clock says that it has run out. */
  readonly isOver: boolean;
}

export interface DownloadFact {
  readonly name: string;
  readonly rate: number;
  /** Of the whole client; 0: none. */
  readonly limit: number;
  /** Several within a second or so; none when the download has ended meanwhile. */
  readonly looks: readonly DownloadLook[];
}

export interface Facts {
  /** Undefined outside closed swarms. */
  readonly card?: CardFact | undefined;
  readonly upload: UploadFact | undefined;
  /** Host at which trackers are to list the client; undefined when it is not one address. */
  readonly ownHost: string | undefined;
  /** Of a running client; empty when no tracker has looked. */
  readonly reach: readonly ReachFact[];
  /** Hosts at which trackers know this client, and which this machine does not have. */
  readonly outside: readonly string[];
  readonly trackers: readonly TrackerFact[];
  readonly disks: readonly DiskFact[];
  /** Undefined where the system does not tell. */
  readonly openFiles: OpenFilesFact | undefined;
  readonly machine: MachineFact;
  readonly threads: ThreadsFact;
  readonly downloads: readonly DownloadFact[];
  /** Files of the client that have a problem. */
  readonly troubles: readonly { readonly name: string; readonly sentence: string }[];
  /** Files of the client that trackers refuse, and so do not list. */
  readonly refusals: readonly { readonly name: string; readonly sentence: string }[];
}

export interface Finding {
  readonly severity: 'fine' | 'note' | 'bad';
  readonly subject: string;
  readonly found: string;
  /** What to do; '' when nothing is wrong. */
  readonly remedy: string;
}
