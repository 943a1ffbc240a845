// The console of one client: performs lines one after the other, in their order, and hands each result to the output.
// Downloads continue in the background. Knows neither terminals nor scripts: lines come from a source, results go to an
// output.

import { unreachable } from '../../../foundation/base/assert.js';
import { deferred } from '../../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { refuseGarbled, SURROUNDINGS } from '../../../foundation/base/surroundings.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { perform } from '../../verbs/calls.js';
import { helpText } from '../../verbs/help.js';
import { table } from '../../verbs/results.js';
import { parseLine } from '../language/line.js';
import { CONSOLE_LINE_MAX } from '../limits.js';
import type { LineSource } from './lines.js';
import type { Output } from './output.js';

export interface SessionOptions {
  readonly client: SwarmClient;
  readonly source: LineSource;
  readonly output: Output;
  /** Drawings use ASCII characters only. */
  readonly ascii: boolean;
  /** Performs `quit`; resolves with the detail that scripts get. */
  readonly leave: () => Promise<string>;
  /** What people see after `quit`; the detail when absent. */
  readonly farewell?: string | undefined;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #unlisten: () => void;
  #busy: Promise<void> = Promise.resolve();
  #stopWaiting = deferred<void>();
  #quitting = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#unlisten = options.client.listen((event) => options.output.showEvent(event));
  }

  start(): void {
    this.#options.source.open({
      onLine: (line) => this.#enqueue(line),
      onEnd: (atOnce) => (atOnce ? this.quit() : this.#enqueue('quit')),
      onStopWaiting: () => this.#stopWaiting.resolve(),
    });
  }

  /** Tells the console's reader something about the console itself. */
  notify(sentence: string, level: 'good' | 'bad' = 'bad'): void {
    this.#options.output.showEvent({ kind: 'notice', level, sentence });
  }

  /** For a signal: quits at once, ahead of queued lines. */
  quit(): void {
    void this.#quit();
  }

  /** The client has ended by itself. */
  close(): void {
    this.#quitting = true;
    this.#unlisten();
    this.#options.source.close();
  }

  #enqueue(line: string): void {
    this.#busy = this.#busy.then(() => this.#run(line));
  }

  async #run(line: string): Promise<void> {
    if (this.#quitting) return;
    this.#stopWaiting = deferred();
    const work = this.#attempt(line);
    await Promise.race([work, this.#stopWaiting.promise]);
    // Once nobody waits for the work, the race would swallow a bug in it; here it surfaces as an unhandled rejection.
    void work.then(() => undefined);
    if (!this.#quitting) this.#options.source.ready();
  }

  async #attempt(line: string): Promise<void> {
    try {
      await this.#perform(line);
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      // While quitting, the outcome of the last command no longer matters.
      if (!this.#quitting) this.#options.output.showError(error);
    }
  }

  async #perform(line: string): Promise<void> {
    const { client, output, ascii } = this.#options;
    if (line.length > CONSOLE_LINE_MAX)
      throw new MiniTorrentError(
        'INVALID_ARGUMENTS',
        `the line is too long; it may have at most ${CONSOLE_LINE_MAX} characters`,
      );
    const parsed = parseLine(line, SURROUNDINGS);
    switch (parsed.kind) {
      case 'call':
        for (const value of Object.values(parsed.values)) refuseGarbledPath(value);
        output.showResult(await perform(parsed, client, ascii));
        return;
      case 'help':
        output.showResult(table(helpText(parsed.verb).split('\n'), '', 'HELP'));
        return;
      case 'quit':
        return this.#quit();
      case 'mistake':
        throw new MiniTorrentError('INVALID_ARGUMENTS', parsed.sentence);
      case 'nothing':
        return;
      default:
        unreachable(parsed);
    }
  }

  async #quit(): Promise<void> {
    if (this.#quitting) return;
    this.#quitting = true;
    const { output, leave, source, farewell } = this.#options;
    source.leaving?.();
    try {
      const detail = await leave();
      output.showResult({ kind: 'done', detail, sentence: farewell ?? detail });
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      output.showError(error);
    }
    this.#unlisten();
    source.close();
  }
}

/** A name without a directory is looked up among those of the client, where it is found or not. */
function refuseGarbledPath(value: unknown): void {
  if (typeof value === 'string' && value.startsWith('/')) refuseGarbled(value, 'a path of this line');
}
