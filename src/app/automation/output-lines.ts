// Cuts what a program writes into the lines that its log gets: each of bounded length, all of bounded size, and one
// last line that says that more was left out. Pure.

import { HOOK_LINE_CHARACTERS_MAX, HOOK_OUTPUT_BYTES_MAX } from './limits.js';

export class OutputLines {
  readonly #decoder = new TextDecoder();
  #line = '';
  #bytesLeft = HOOK_OUTPUT_BYTES_MAX;
  #isCut = false;

  /** The lines that these bytes complete. */
  push(bytes: Uint8Array): readonly string[] {
    if (this.#isCut) return [];
    const taken = bytes.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= taken.length;
    const lines = this.#cut(this.#decoder.decode(taken, { stream: true }));
    if (taken.length === bytes.length) return lines;
    this.#isCut = true;
    const last = this.#rest();
    return [...lines, ...last, `the rest of its output is left out: it wrote more than ${HOOK_OUTPUT_BYTES_MAX} bytes`];
  }

  /** A last line without its line feed. */
  end(): readonly string[] {
    return this.#isCut ? [] : [...this.#cut(this.#decoder.decode()), ...this.#rest()];
  }

  #cut(text: string): readonly string[] {
    const [first = '', ...more] = text.split(/\r?\n/);
    const all = [this.#line + first, ...more];
    this.#line = all.pop() ?? '';
    const lines = all.filter((line) => line !== '').flatMap(parts);
    if (this.#line.length > HOOK_LINE_CHARACTERS_MAX) {
      const cut = [...parts(this.#line)];
      this.#line = cut.pop() ?? '';
      lines.push(...cut);
    }
    return lines;
  }

  #rest(): readonly string[] {
    const line = this.#line;
    this.#line = '';
    return line === '' ? [] : parts(line);
  }
}

function parts(line: string): readonly string[] {
  const count = Math.ceil(line.length / HOOK_LINE_CHARACTERS_MAX);
  return Array.from({ length: count }, (_, at) =>
    line.slice(at * HOOK_LINE_CHARACTERS_MAX, (at + 1) * HOOK_LINE_CHARACTERS_MAX),
  );
}
