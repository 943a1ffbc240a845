// The colours of the console, or none. Painted text keeps its width. Only the sixteen colours that a person can set in
// any terminal are used. Pure.

import { styleText } from 'node:util';
import type { Tone } from '../session/output.js';

export interface Paint {
  readonly prompt: (text: string) => string;
  readonly tone: (text: string, tone: Tone) => string;
  /** The finished part of a progress bar. */
  readonly bar: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly warning: (text: string) => string;
}

const plain = (text: string): string => text;

const COLOURLESS: Paint = { prompt: plain, tone: plain, bar: plain, faint: plain, warning: plain };

type Format = Parameters<typeof styleText>[0];

/** `abilities.ts` has decided whether to use colours, so Node must not check the stream again. */
const styled =
  (format: Format) =>
  (text: string): string =>
    text === '' ? '' : styleText(format, text, { validateStream: false });

const COLOURS: Paint = {
  prompt: styled('bold'),
  tone: (text, tone) => {
    if (tone === 'plain') return text;
    // Line by line, so that no colour extends past its line.
    return text
      .split('\n')
      .map(styled(tone === 'good' ? 'green' : 'red'))
      .join('\n');
  },
  bar: styled('green'),
  faint: styled('dim'),
  warning: styled('yellow'),
};

export function paintOf(colour: boolean): Paint {
  return colour ? COLOURS : COLOURLESS;
}
