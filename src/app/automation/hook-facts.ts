// What a hook is told of the event it runs for: its environment. The names are documented, so they stay. Pure.

import type { FileView } from '../library/views.js';

/** complete: every piece is there. error: the download has failed. stalled: it waits for its disk, and goes on then. */
export interface HookEvent {
  readonly kind: 'complete' | 'error' | 'stalled';
  readonly name: string;
  /** Where the whole is, or would be. Absolute. */
  readonly path: string;
  /** Code and sentence of what went wrong; '' for `complete`. */
  readonly code: string;
  readonly reason: string;
}

/** Variables that would make a hook speak for this process. */
const OUR_OWN = new Set(['NOTIFY_SOCKET', 'LISTEN_FDS', 'LISTEN_PID', 'JOURNAL_STREAM']);

/**
 * @param file the row of the file; undefined when it was removed meanwhile. @param inherited the environment of this
 * process.
 */
export function hookEnvironment(
  { kind, name, path, code, reason }: HookEvent,
  file: FileView | undefined,
  inherited: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const facts = {
    EVENT: kind,
    NAME: name,
    PATH: path,
    CODE: code,
    REASON: reason,
    MTORRENT: file?.mtorrentPath ?? '',
    SIZE: String(file?.size ?? ''),
    FILES: String(file?.files ?? ''),
    RECEIVED: String(file?.received ?? ''),
    SENT: String(file?.sent ?? ''),
    REUSED: String(file?.reused ?? ''),
  };
  const kept = Object.entries(inherited).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OUR_OWN.has(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    // A name of a file has no NUL byte; a sentence that quotes a stranger might.
    ...Object.fromEntries(
      Object.entries(facts).map(([fact, value]) => [`MTORRENT_HOOK_${fact}`, value.replaceAll('\0', '')]),
    ),
  };
}
