// Trackers and clients as real processes, driven as a script would drive them: arguments, stdin, stdout. Every wait has
// a deadline; a process that ends early fails whatever waits for it, with the end of its output.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { type Deferred, deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { command } from '../../foundation/base/shell-line.js';
import { type Address, formatAddress, parseAddress } from '../../foundation/torrent/address.js';
import { closedServer } from '../../foundation/wire/transport.js';
import {
  DEMO_END_DEADLINE_MS,
  DEMO_PORT_MAX,
  DEMO_PORT_MIN,
  DEMO_PORT_TRIES_MAX,
  DEMO_STEP_DEADLINE_MS,
} from './limits.js';

const PROGRAM = bundleUrl('mtorrent').pathname;
const STDERR_KEPT = 8_000;

export interface ProgramOptions {
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Words before the program's own, as of `ip netns exec NAME`; it must become the program, not start it. */
  readonly launcher?: readonly string[] | undefined;
  /** Another build of it than this one. */
  readonly program?: string | undefined;
}

/** To processes of ours that may not listen yet, or again. */
const given = new Set<number>();

/**
 * A port nobody listens on now, and of those that no program gets by chance before it is used: not for a connection of
 * its own, and not because it asked for any. PORT_IN_USE when none is found.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < DEMO_PORT_TRIES_MAX; tries += 1) {
    const port = randomInt(DEMO_PORT_MIN, DEMO_PORT_MAX + 1);
    if (given.has(port) || !(await isFree(host, port))) continue;
    given.add(port);
    return port;
  }
  throw new MiniTorrentError('PORT_IN_USE', `no port of ${host} is free from ${DEMO_PORT_MIN} to ${DEMO_PORT_MAX}`);
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = closedServer();
  try {
    await server.listen({ host, port });
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') return false;
    throw error;
  }
  await server.close();
  return true;
}

/**
 * Calls in turn, each when everything has been read that was there: stdout and stderr are two pipes, and a loop reads
 * whichever it comes upon first. So what a process said on stderr before a line is known when that line is.
 */
function afterStderr(act: () => void): void {
  setImmediate(() => setImmediate(act));
}

/** One process of `mtorrent`, its output as lines. */
export class ProgramProcess {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exit = deferred<number>();
  readonly #waiting = new Set<Deferred<string>>();
  readonly #lookers = new Set<() => void>();
  #stderr = '';
  #ended = false;
  /** Called for each line of stdout. */
  onLine: (line: string) => void = () => undefined;

  constructor(name: string, words: readonly string[], directory: string, options: ProgramOptions = {}) {
    this.name = name;
    const { launcher = [], program = PROGRAM } = options;
    const [command = process.execPath, ...line] = [...launcher, process.execPath, program, ...words];
    this.#child = spawn(command, line, {
      cwd: directory,
      env: { ...withoutSettings(process.env), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => afterStderr(() => this.onLine(line)));
    this.#child.stderr.on('data', (text) => this.#onStderr(String(text)));
    // The process may be gone before it has read what we say; its end is reported by `exit`.
    this.#child.stdin.on('error', () => undefined);
    // It could not be started at all; `close` follows.
    this.#child.on('error', (error) => this.#onStderr(error.message));
    this.#child.on('close', (code, signal) => {
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      afterStderr(() => this.#onClose(exitCode));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Exit code; 128 + its number for a signal that ended it. */
  get exited(): Promise<number> {
    return this.#exit.promise;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** `wanted`, or an error that tells what the process said when it ends or dallies. */
  async expect(wanted: Deferred<string>, what: string, deadlineMs = DEMO_STEP_DEADLINE_MS): Promise<string> {
    if (this.#ended) throw this.#failure(`ended before ${what}`);
    this.#waiting.add(wanted);
    try {
      return await within(wanted.promise, deadlineMs, () => {
        throw this.#failure(`gave no ${what} within ${deadlineMs / 1000} s`);
      });
    } finally {
      this.#waiting.delete(wanted);
    }
  }

  /** What stderr holds as soon as `pattern` fits it: at once when it has been said already. */
  async said(pattern: RegExp, deadlineMs = DEMO_STEP_DEADLINE_MS): Promise<string> {
    return this.lookUntil(() => (pattern.test(this.#stderr) ? this.#stderr : undefined), `${pattern}`, deadlineMs);
  }

  /** SIGTERM, and SIGKILL when that has no effect in time; then it is gone. */
  async end(): Promise<number> {
    this.kill('SIGTERM');
    await within<unknown>(this.exited, DEMO_END_DEADLINE_MS, () => this.kill('SIGKILL'));
    return this.exited;
  }

  /** What `look` finds, which is asked again after each line of output. */
  protected async lookUntil(look: () => string | undefined, what: string, deadlineMs: number): Promise<string> {
    const now = look();
    if (now !== undefined) return now;
    const wanted = deferred<string>();
    const looker = (): void => {
      const found = look();
      if (found === undefined) return;
      this.#lookers.delete(looker);
      wanted.resolve(found);
    };
    this.#lookers.add(looker);
    try {
      return await this.expect(wanted, what, deadlineMs);
    } finally {
      this.#lookers.delete(looker);
    }
  }

  protected lookAgain(): void {
    for (const looker of [...this.#lookers]) looker();
  }

  #onStderr(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    this.lookAgain();
  }

  #onClose(code: number): void {
    this.#ended = true;
    for (const waiting of this.#waiting) waiting.reject(this.#failure(`ended with code ${code}`));
    this.#exit.resolve(code);
  }

  #failure(what: string): MiniTorrentError {
    return new MiniTorrentError('INTERNAL', `${this.name} ${what}; it said: ${this.#stderr.trim() || 'nothing'}`);
  }
}

/**
 * About a machine and not about its user, so that a demo, a bench and a test run with as many threads as somebody
 * wishes.
 */
const MACHINE_SETTINGS: readonly string[] = ['MTORRENT_PEER_THREADS'];

/** The settings of whoever runs us are no business of these processes, but for those of this machine. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(
    ([name]) => !name.startsWith('MTORRENT_') || MACHINE_SETTINGS.includes(name),
  );
  return { ...Object.fromEntries(others), MTORRENT_CONFIG: '/dev/null', MTORRENT_SWARM: 'open' };
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of `mtorrent` to its end, without input. */
export async function runProgram(
  words: readonly string[],
  directory: string,
  options: ProgramOptions = {},
): Promise<Outcome> {
  const program = new ProgramProcess(command(...words.slice(0, 1)), words, directory, options);
  const lines: string[] = [];
  program.onLine = (line) => lines.push(line);
  program.endInput();
  const code = await within(program.exited, DEMO_STEP_DEADLINE_MS, () => {
    program.kill('SIGKILL');
    throw new MiniTorrentError('TIMED_OUT', `${program.name} did not end; it said: ${program.stderr}`);
  });
  return { code, stdout: lines.join('\n'), stderr: program.stderr };
}

export class TrackerProcess extends ProgramProcess {
  readonly #listening = deferred<string>();

  constructor(
    name: string,
    own: Address,
    partner: Address,
    directory: string,
    options: readonly string[] = [],
    run: ProgramOptions = {},
  ) {
    const files = [`${name}.db`, `${name}.log`];
    super(name, ['tracker', formatAddress(own), formatAddress(partner), ...files, ...options], directory, run);
    this.onLine = (line) => {
      if (line.startsWith('TRACKER LISTENING ')) this.#listening.resolve(line);
    };
  }

  async started(): Promise<void> {
    await this.expect(this.#listening, 'listening address');
  }
}

export interface Reply {
  /** Lines before the result, as of `show downloads`. */
  readonly rows: readonly string[];
  /** `SUCCESS:…` or `FAILURE:…`. */
  readonly result: string;
}

/** A console driven by a script: of a client, or attached to one. */
export class ConsoleProcess extends ProgramProcess {
  readonly directory: string;
  readonly #results: { readonly rows: string[]; readonly result: Deferred<string> }[] = [];
  /** COMPLETED and FAILED lines that nobody has asked for yet, in order. */
  readonly events: string[] = [];
  #rows: string[] = [];

  constructor(name: string, words: readonly string[], directory: string, run: ProgramOptions = {}) {
    super(name, words, directory, run);
    this.directory = directory;
    this.onLine = (line) => this.#take(line);
  }

  /** One console command; resolves with its result. */
  async command(line: string, deadlineMs = DEMO_STEP_DEADLINE_MS): Promise<Reply> {
    const open = { rows: [] as string[], result: deferred<string>() };
    this.#results.push(open);
    this.write(line);
    return { result: await this.expect(open.result, `answer to "${line}"`, deadlineMs), rows: open.rows };
  }

  /** As `command`, and a FAILURE rejects. Answers what follows `SUCCESS:`. */
  async succeed(line: string, deadlineMs = DEMO_STEP_DEADLINE_MS): Promise<string> {
    const { result } = await this.command(line, deadlineMs);
    if (!result.startsWith('SUCCESS:')) {
      throw new MiniTorrentError('INTERNAL', `${this.name} answered "${line}" with ${result}: ${this.stderr.trim()}`);
    }
    return result.slice('SUCCESS:'.length);
  }

  async json<T>(line: string): Promise<T> {
    return JSON.parse(await this.succeed(line)) as T;
  }

  /** The next COMPLETED or FAILED line that `fits`. */
  async event(fits: (line: string) => boolean, deadlineMs = DEMO_STEP_DEADLINE_MS): Promise<string> {
    const look = (): string | undefined => {
      const at = this.events.findIndex(fits);
      return at < 0 ? undefined : this.events.splice(at, 1)[0];
    };
    return this.lookUntil(look, 'event', deadlineMs);
  }

  #take(line: string): void {
    if (/^(COMPLETED|FAILED|STALLED):/.test(line)) {
      this.events.push(line);
      this.lookAgain();
    } else if (line.startsWith('SUCCESS:') || line.startsWith('FAILURE:')) {
      const open = this.#results.shift();
      open?.rows.push(...this.#rows);
      this.#rows = [];
      open?.result.resolve(line);
    } else this.#rows.push(line);
  }
}

export class ClientProcess extends ConsoleProcess {
  /** @param own port 0 asks for a free one. */
  constructor(
    name: string,
    own: Address,
    trackers: readonly [Address, Address],
    directory: string,
    options: readonly string[] = [],
    run: ProgramOptions = {},
  ) {
    const [first, second] = trackers.map(formatAddress);
    const words = [
      'client',
      formatAddress(own),
      first ?? '',
      second ?? '',
      `${name}.log`,
      '--state-dir',
      `${directory}/${name}.state`,
    ];
    super(name, [...words, ...options], directory, run);
  }

  /** Where it serves, as it said on stderr. */
  async address(): Promise<Address> {
    // The first answer comes after the client has started.
    await this.succeed('show downloads');
    const text = /this client serves at (\S+)/.exec(this.stderr)?.[1];
    const address = text === undefined ? undefined : parseAddress(text);
    if (address === undefined) throw new MiniTorrentError('INTERNAL', `${this.name} did not say where it serves`);
    return address;
  }
}
