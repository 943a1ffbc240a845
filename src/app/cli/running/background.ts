// Both sides of `mtorrent daemon --detach`, which runs the same command again in a session of its own without a
// terminal: the parent waits until the client answers on its socket, and the child reports that it does, or why it
// cannot.

import { type ChildProcess, spawn } from 'node:child_process';
import { close, constants, open } from 'node:fs';
import { promisify } from 'node:util';
import { deferred, within } from '../../../foundation/base/deferred.js';
import { isErrorCode } from '../../../foundation/base/error-codes.js';
import { creationError, errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import { isOwnStream } from '../../../foundation/base/log-file.js';
import { printable } from '../../../foundation/torrent/names.js';
import { attachToClient } from '../../attach/connection.js';
import type { Settings } from '../../settings/resolve.js';
import { foreignDirectory } from '../context.js';
import { BACKGROUND_START_DEADLINE_MS } from '../limits.js';
import { makeLogDirectory, runDaemon } from './run-daemon.js';
import { tellReady } from './service-ready.js';

/** Set for the process that is started, and for nobody that it starts. */
const STARTED_BY = 'MINI_TORRENT_STARTED_BY';

type Word = { readonly line: string } | { readonly code: string; readonly sentence: string };

/** Answers the line that the client in the background said. Rejects with what it failed with. */
export async function startInBackground(words: readonly string[], settings: Settings): Promise<string> {
  const { log, socket } = settings.values;
  if (isOwnStream(log)) {
    const sentence = `a client in the background has no ${log}; name a file with --log, or leave out --detach`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  await makeLogDirectory(settings);
  const foreign = foreignDirectory(settings);
  if (foreign !== undefined) process.stderr.write(`${printable(foreign)}\n`);
  const child = await spawnDetached(words, log);
  try {
    const line = await within(lineOf(child, log), BACKGROUND_START_DEADLINE_MS, () => {
      throw new MiniTorrentError('TIMED_OUT', `the client did not start in time and was ended; see ${printable(log)}`);
    });
    const client = await attachToClient(socket);
    await client?.close();
    if (client?.facts.pid !== child.pid)
      throw new MiniTorrentError('NOT_RUNNING', `the client started, but ended again; see ${printable(log)}`);
    return line;
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** The daemon's own side: in the background it speaks to who started it instead of stdout, once. */
export async function runStarted(settings: Settings): Promise<number> {
  const tell = starter();
  if (tell === undefined) return runDaemon(settings, announce);
  try {
    return await runDaemon(settings, (line) => {
      // So that no directory is kept from being removed; every path of ours is absolute.
      process.chdir('/');
      tell({ line });
    });
  } catch (error) {
    if (error instanceof MiniTorrentError) tell({ code: error.code, sentence: error.message });
    throw error;
  }
}

/** Whoever started us may have closed our stdout; a client works on without. */
function announce(line: string): void {
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${line}\n`);
  void tellReady(line);
}

function starter(): ((word: Word) => void) | undefined {
  const isStarted = process.env[STARTED_BY] !== undefined;
  delete process.env[STARTED_BY];
  if (!isStarted || process.send === undefined) return undefined;
  const send = process.send.bind(process);
  return (word) => {
    if (!process.connected) return;
    // It may have gone meanwhile.
    send(word, undefined, {}, () => {
      if (process.connected) process.disconnect();
    });
  };
}

async function spawnDetached(words: readonly string[], log: string): Promise<ChildProcess> {
  const output = await openForErrors(log);
  try {
    return spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...words], {
      detached: true,
      stdio: ['ignore', 'ignore', output ?? 'ignore', 'ipc'],
      env: { ...process.env, [STARTED_BY]: String(process.pid) },
    });
  } finally {
    if (output !== undefined) await promisify(close)(output);
  }
}

/** Undefined for a pipe that nobody reads: its opener would wait for a reader. */
async function openForErrors(log: string): Promise<number | undefined> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  try {
    return await promisify(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666);
  } catch (error) {
    if (errnoOf(error) === 'ENXIO') return undefined;
    throw creationError(error, printable(log));
  }
}

async function lineOf(child: ChildProcess, log: string): Promise<string> {
  const word = deferred<Word>();
  child.once('message', (said) => word.resolve(said as Word));
  child.once('error', (error) => word.reject(error));
  child.once('exit', (code, signal) => {
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    word.reject(
      new MiniTorrentError(
        'INTERNAL',
        `the client ended ${how} while it was starting; see the end of ${printable(log)}`,
      ),
    );
  });
  const said = await word.promise;
  if ('line' in said) return said.line;
  throw new MiniTorrentError(isErrorCode(said.code) ? said.code : 'INTERNAL', said.sentence);
}
