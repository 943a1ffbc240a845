// Asks a person for a line that nobody else is to see: it is not shown while it is typed or pasted. The terminal is as
// it was afterwards, whatever happened.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { PASTED_CHARACTERS_MAX } from '../../foundation/identity/limits.js';

const [INTERRUPT, END, BACKSPACE, DELETE] = ['\u0003', '\u0004', '\b', '\u007f'];

/** Rejects with CANCELLED at Ctrl-C. @param otherwise what to do where there is no terminal, as a sentence. */
export function askUnseen(prompt: string, otherwise: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) throw new MiniTorrentError('INVALID_ARGUMENTS', otherwise);
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  return new Promise<string>((resolve, reject) => {
    let line = '';
    const end = (finish: () => void): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      finish();
    };
    const take = (typed: string): void => {
      for (const character of typed) {
        if (character === INTERRUPT) {
          end(() => reject(new MiniTorrentError('CANCELLED', 'nothing was changed')));
          return;
        }
        if (character === '\r' || character === '\n' || character === END) {
          end(() => resolve(line));
          return;
        }
        if (character === BACKSPACE || character === DELETE) line = line.slice(0, -1);
        else if (line.length <= PASTED_CHARACTERS_MAX) line += character;
      }
    };
    stdin.on('data', take);
    stdin.resume();
  });
}

/** All of standard input, as far as a pasted line may be long. */
export async function readStandardInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const part of process.stdin) {
    text += String(part);
    if (text.length > PASTED_CHARACTERS_MAX) break;
  }
  return text;
}
