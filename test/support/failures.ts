// Looks at errors the way their readers do: by stable code, and by what the sentence says.

import { MiniTorrentError } from '../../src/foundation/base/errors.js';

/** For assert.throws and assert.rejects: a MiniTorrentError with this code, whose sentence has all these parts. */
export function failsWith(code: string, ...parts: readonly string[]): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof MiniTorrentError)) throw error;
    if (error.code !== code) throw new Error(`code ${error.code} instead of ${code}: ${error.message}`);
    for (const part of parts) {
      if (!error.message.includes(part)) throw new Error(`"${error.message}" does not say "${part}"`);
    }
    return true;
  };
}
