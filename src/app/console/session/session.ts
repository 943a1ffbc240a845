// The console of one client: takes lines, has them performed one after the other in their order, and lets a output show what
// came of each. A download goes on in the background. Knows neither terminals nor scripts: lines come from a source, and
// go out by a output.

import { homedir } from 'node:os';
import { unreachable } from '../../../foundation/base/assert.js';
import { deferred } from '../../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
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
  /** Characters of drawings are ASCII only. */
  readonly ascii: boolean;
  /** What `quit` does; answers its detail. */
  readonly leave: () => Promise<string>;
  /** What people are told then; the detail when absent. */
  readonly farewell?: string | undefined;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #unlisten: () => void;
  #busy: Promise<void> = Promise.resolve();
  #letGo = deferred<void>();
  #quitting = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#unlisten = options.client.listen((event) => options.output.happened(event));
  }

  start(): void {
    this.#options.source.open({
      onLine: (line) => this.#enqueue(line),
      onEnd: (atOnce) => (atOnce ? this.quit() : this.#enqueue('quit')),
      onLetGo: () => this.#letGo.resolve(),
    });
  }

  /** Tells whoever is at the console what happened to it. */
  say(sentence: string, level: 'good' | 'bad' = 'bad'): void {
    this.#options.output.happened({ kind: 'notice', level, sentence });
  }

  /** From a signal: as if `quit` had been typed, ahead of what is waiting. */
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
    this.#letGo = deferred();
    const work = this.#attempt(line);
    await Promise.race([work, this.#letGo.promise]);
    // After it was let go of, a bug in it would end in the race unheard; thus it is told like any other.
    void work.then(() => undefined);
    if (!this.#quitting) this.#options.source.ready();
  }

  async #attempt(line: string): Promise<void> {
    try {
      await this.#perform(line);
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      // Once we are leaving, what was under way is of no interest any more.
      if (!this.#quitting) this.#options.output.refused(error);
    }
  }

  async #perform(line: string): Promise<void> {
    const { client, output, ascii } = this.#options;
    if (line.length > CONSOLE_LINE_MAX)
      throw new MiniTorrentError(
        'INVALID_ARGUMENTS',
        `the line is too long; it may have at most ${CONSOLE_LINE_MAX} characters`,
      );
    const parsed = parseLine(line, { directory: process.cwd(), home: homedir() });
    switch (parsed.kind) {
      case 'call':
        output.shown(await perform(parsed, client, ascii));
        return;
      case 'help':
        output.shown(table(helpText(parsed.verb).split('\n'), '', 'HELP'));
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
    try {
      const detail = await leave();
      output.shown({ kind: 'done', detail, sentence: farewell ?? detail });
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      output.refused(error);
    }
    this.#unlisten();
    source.close();
  }
}
