// The two ends of a move of everything that trackers know: what is read, and what is written. Pure.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { DatabaseChange } from '../postgres/batch.js';
import type { FedRows } from '../postgres/messages.js';

/** What is read, as it is at one moment. */
export interface MoveSource {
  /** For people. */
  readonly name: string;
  /** Trackers that go on writing it. */
  readonly users: number;
  /** Everything but the piece hashes. */
  rows(): Promise<readonly FedRows[]>;
  /** Some bytes of the verified piece hashes of a file from `offset` on; empty: there are no more. */
  hashes(swarm: SwarmKey, offset: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface MoveTarget {
  /** Files whose verified piece hashes are there. */
  proven(): Promise<ReadonlySet<SwarmKey>>;
  /** A number that no upload there has. */
  newUpload(): number;
  /** All of them durable, or it rejects with MiniTorrentError. */
  write(changes: readonly DatabaseChange[]): Promise<void>;
  /** Everything was written. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Throws unless a list is of the swarm that the command is of. @param cluster '': an open one. */
export function checkSwarm(
  path: string,
  list: { readonly hasMembers: boolean; readonly own: string; readonly cluster: Uint8Array },
  cluster: string,
): void {
  if (cluster === '' && list.hasMembers) {
    const sentence = `${path} is the list of a closed swarm, and this command was run for an open one; name the identity of its tracker with --identity`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  if (cluster !== '' && list.own !== '' && Buffer.from(list.cluster).toString('hex') !== cluster) {
    const sentence = `${path} is the list of another swarm than the one of this machine's identity; name the right one with --identity, or --open for an open swarm`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
}
