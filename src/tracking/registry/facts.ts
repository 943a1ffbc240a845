// Which of several things that are said of one file is believed. Before its piece hashes are here the last word counts;
// they prove name and size as their uploader told them, and the first details told of that file then stay. Pure.

import type { InfoFacts } from '../../foundation/torrent/info-text.js';
import { type FileFacts, factsOf } from './changes.js';
import type { Swarm } from './records.js';

/** A client here says it. True: it completes facts that were proven before. */
export function tellFacts(swarm: Swarm, told: FileFacts): boolean {
  const { facts, complete } = swarm;
  if (complete && facts !== undefined && !completesFacts(told, facts)) return false;
  swarm.facts = toldFacts(told, facts);
  return complete;
}

/** Its piece hashes are here, with what their uploader said. */
export function proveFacts(swarm: Swarm, told: FileFacts): void {
  swarm.complete = true;
  swarm.facts = toldFacts(told, swarm.facts);
}

/**
 * What is known of a file after a client here has said `told` and before its piece hashes are here: the last word. What
 * it leaves unsaid stays as it was for a file of the same name and size.
 */
function toldFacts(told: FileFacts, known: FileFacts | undefined): FileFacts {
  const kept = known !== undefined && compareFacts(told, known) === 0 ? known.details : undefined;
  return factsOf({ ...told, details: told.details ?? kept });
}

/** Whether `told` says of the same file what its facts, which are proven, leave unsaid. */
function completesFacts(told: FileFacts, known: FileFacts): boolean {
  return told.details !== undefined && known.details === undefined && compareFacts(told, known) === 0;
}

/**
 * Whether the partner's facts replace ours. Proven ones beat others; among equals the smaller win, which either is as
 * good as the other and both trackers find the same one. Of the same file, any details beat none.
 */
export function replacesFacts(
  told: FileFacts & { readonly proven: boolean },
  known: { readonly facts: FileFacts | undefined; readonly complete: boolean },
): boolean {
  if (known.facts === undefined) return true;
  const order = compareFacts(told, known.facts);
  const isStronger = told.proven && !known.complete;
  const isEqual = told.proven === known.complete;
  if (order !== 0) return isStronger || (isEqual && order < 0);
  if (told.details === undefined) return false;
  if (known.facts.details === undefined) return true;
  return isStronger || (isEqual && compareDetails(told.details, known.facts.details) < 0);
}

function compareFacts(a: FileFacts, b: FileFacts): number {
  // As bytes, which is how SQLite compares text.
  return a.size - b.size || a.pieceCount - b.pieceCount || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function compareDetails(a: InfoFacts, b: InfoFacts): number {
  return (a.info < b.info ? -1 : a.info > b.info ? 1 : 0) || a.listBytes - b.listBytes || a.files - b.files;
}
