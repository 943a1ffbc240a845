// The progress of one download, or of a file that is being hashed, as a line of text: as wide as a terminal has room, with the
// console's own bar and columns, or as a plain sentence for a log. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { printable } from '../../foundation/torrent/names.js';
import { abilitiesOf, type Environment } from '../console/terminal/abilities.js';
import { paintOf } from '../console/terminal/paint.js';
import { progressLines, type Sample, sampleOf, timeToGo } from '../console/terminal/progress.js';
import type { FileView } from '../library/views.js';
import { percent } from '../verbs/results.js';
import { bytesHad } from './one-shot-events.js';

export class ProgressLine {
  readonly #unicode: boolean;
  #sample: Sample | undefined;

  constructor(env: Environment, platform: NodeJS.Platform) {
    this.#unicode = abilitiesOf(env, true, platform).unicode;
  }

  /** At most `columns` wide, without control codes. */
  of(file: FileView, nowMs: number, columns: number): string {
    this.#sample = sampleOf([file], this.#sample, nowMs);
    const shape = { columns, rows: 1, unicode: this.#unicode, paint: paintOf(false) };
    return progressLines([file], this.#sample, shape)[0]?.text ?? '';
  }

  plain(file: FileView): string {
    const { name, state, size, have, pieces, rate, peers, problem } = file;
    const bytes = bytesHad(file);
    const parts = [printable(name), percent(have, pieces), `${formatBytes(bytes)} of ${formatBytes(size)}`];
    if (state === 'hashing') return [...parts, 'hashed'].join('  ');
    parts.push(`${formatBytes(Math.round(rate))}/s`, peers === 1 ? '1 peer' : `${peers} peers`);
    if (rate >= 1) parts.push(`${timeToGo(size - bytes, rate)} to go`);
    if (state !== 'downloading') parts.push(state);
    if (problem !== '') parts.push(printable(problem));
    return parts.join('  ');
  }
}
