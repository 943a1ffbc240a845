// Colours of the console, or none: what is painted keeps its width. Only the sixteen colours that every terminal lets its
// owner choose. Pure.

import { styleText } from 'node:util';
import type { Tone } from '../session/output.js';

export interface Paint {
  readonly prompt: (text: string) => string;
  readonly tone: (text: string, tone: Tone) => string;
  /** The done part of a bar. */
  readonly bar: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly warning: (text: string) => string;
}

const plain = (text: string): string => text;

const COLOURLESS: Paint = { prompt: plain, tone: plain, bar: plain, faint: plain, warning: plain };

type Format = Parameters<typeof styleText>[0];

/** Whether it is wanted was decided by us, so Node does not look again. */
const styled =
  (format: Format) =>
  (text: string): string =>
    text === '' ? '' : styleText(format, text, { validateStream: false });

const COLOURS: Paint = {
  prompt: styled('bold'),
  tone: (text, tone) => {
    if (tone === 'plain') return text;
    // Line by line, so that a colour never outlives its line.
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
