// The last event of a `share` or `get` with --json: whatever ended it, a program that reads events is told, also when
// the line or a setting was wrong and no run began.

import type { MiniTorrentError } from '../../../foundation/base/errors.js';
import { STANDARD_STREAM } from '../standard-stream.js';

const told = new WeakSet<MiniTorrentError>();

/** Its event is written. */
export function toldFailure(error: MiniTorrentError): void {
  told.add(error);
}

/** Writes the event if `words` ask for events and nobody has told this error. */
export async function tellFailure(error: MiniTorrentError, words: readonly string[]): Promise<void> {
  const stream = told.has(error) ? undefined : streamOfEvents(words);
  if (stream === undefined) return;
  const { failedRow } = await import('../../library/event-rows.js');
  stream.write(`${JSON.stringify(failedRow(error))}\n`);
}

/** Where events of this command line go; undefined when it asks for none. */
function streamOfEvents([name = '', ...words]: readonly string[]): NodeJS.WriteStream | undefined {
  if (!['get', 'add', 'share', 'seed'].includes(name)) return undefined;
  const end = words.indexOf('--');
  const options = end < 0 ? words : words.slice(0, end);
  if (!options.some((word) => word === '--json' || /^-[a-z]*j[a-z]*$/.test(word))) return undefined;
  // Behind another word it is the destination: standard output has the bytes of the file then.
  const first = words.findIndex((word) => !word.startsWith('-') || word === STANDARD_STREAM);
  return words.lastIndexOf(STANDARD_STREAM) > first ? process.stderr : process.stdout;
}
