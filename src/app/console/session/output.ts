// How a console reports to its reader. Scripts get one line on stdout for each result (`SUCCESS:<detail>` or
// `FAILURE:<CODE>`), events in between, and explanations on stderr; people get sentences. Text from elsewhere is
// escaped for people, and kept on one line for scripts.

import type { Writable } from 'node:stream';
import { unreachable } from '../../../foundation/base/assert.js';
import type { MiniTorrentError } from '../../../foundation/base/errors.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { ClientNotification } from '../../library/request-client.js';
import { withContinuation } from '../../library/views.js';
import { type Result, reusedSentence } from '../../verbs/results.js';

export interface Output {
  showResult(result: Result): void;
  showError(error: MiniTorrentError): void;
  showEvent(event: ClientNotification): void;
}

export class ScriptOutput implements Output {
  readonly #stdout: Writable;
  readonly #stderr: Writable;

  constructor(stdout: Writable, stderr: Writable) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  showResult(result: Result): void {
    switch (result.kind) {
      case 'done':
        this.#result(`SUCCESS:${result.detail}`);
        return;
      case 'json':
        this.#result(`SUCCESS:${result.json}`);
        return;
      case 'table':
        // The detail follows the rows: mostly their number.
        for (const row of result.rows) this.#stdout.write(`${row}\n`);
        this.#result(`SUCCESS:${result.detail}`);
        return;
      default:
        unreachable(result);
    }
  }

  showError({ code, message }: MiniTorrentError): void {
    this.#result(`FAILURE:${code}`);
    this.#explain(`${code}: ${message}`);
  }

  showEvent(event: ClientNotification): void {
    switch (event.kind) {
      case 'completed':
        this.#result(`COMPLETED:${event.path}`);
        return;
      case 'failed':
      case 'stalled':
        this.#result(`${event.kind.toUpperCase()}:${event.path}:${event.code}`);
        this.#explain(event.kind === 'stalled' ? withContinuation(event) : event.sentence);
        return;
      case 'notice':
        this.#explain(event.sentence);
        return;
      case 'reused':
        this.#explain(reusedSentence(event));
        return;
      default:
        unreachable(event);
    }
  }

  #result(line: string): void {
    this.#stdout.write(`${line.replaceAll('\n', '\\n')}\n`);
  }

  #explain(sentence: string): void {
    this.#stderr.write(`${printable(sentence)}\n`);
  }
}

/** What colour a line gets. */
export type Tone = 'plain' | 'good' | 'bad';

export class PeopleOutput implements Output {
  readonly #print: (text: string, tone: Tone) => void;

  /** @param print gets whole lines that are safe for a terminal. */
  constructor(print: (text: string, tone: Tone) => void) {
    this.#print = print;
  }

  showResult(result: Result): void {
    switch (result.kind) {
      case 'done':
        this.#print(result.sentence, 'plain');
        return;
      case 'json':
        this.#print(result.json, 'plain');
        return;
      case 'table':
        this.#print(result.rows.length === 0 ? result.empty : result.rows.join('\n'), 'plain');
        return;
      default:
        unreachable(result);
    }
  }

  showError({ code, message }: MiniTorrentError): void {
    this.#print(printable(`${code}: ${message}`), 'bad');
  }

  showEvent(event: ClientNotification): void {
    switch (event.kind) {
      case 'completed':
        this.#print(`complete: ${printable(event.path)}`, 'good');
        return;
      case 'failed':
        this.#print(`failed: ${printable(event.sentence)}`, 'bad');
        return;
      case 'stalled':
        this.#print(`paused: ${printable(withContinuation(event))}`, 'bad');
        return;
      case 'notice':
        this.#print(printable(event.sentence), event.level);
        return;
      case 'reused':
        this.#print(printable(reusedSentence(event)), 'good');
        return;
      default:
        unreachable(event);
    }
  }
}
