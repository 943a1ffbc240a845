// Resume data and the totals beside it: whatever moment a crash chooses, no piece is remembered whose bytes are not
// counted, and totals that cannot be saved cost no piece.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Log } from '../../../src/foundation/base/log.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { swarmKey } from '../../../src/foundation/torrent/ids.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { ResumeWriter } from '../../../src/transfer/download/resume-writer.js';
import { createPart } from '../../../src/transfer/storage/open-storage.js';
import { loadResume } from '../../../src/transfer/storage/part/resume.js';
import { loadTotals, saveTotals, type Totals } from '../../../src/transfer/storage/part/totals.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const TOTALS: Totals = { received: 70, wasted: 20, reused: 10 };

class Warnings implements Log {
  readonly sentences: string[] = [];
  debug(): void {}
  info(): void {}
  error(): void {}
  warn(_fields: object, sentence: string): void {
    this.sentences.push(sentence);
  }
  of(): Log {
    return this;
  }
}

/** A download that has its only piece. */
async function stage(t: TestContext) {
  const directory = temporaryDirectory(t);
  const storage = await createPart(join(directory, 'x'), new Layout(50));
  t.after(() => storage.close());
  const [resumePath, log, done] = [join(directory, 'a.resume'), new Warnings(), new Bitfield(1)];
  done.set(0);
  const swarm = swarmKey(new Uint8Array(20));
  const writer = new ResumeWriter({ swarm, size: 50, done, storage, resumePath, totals: () => TOTALS, log });
  return { writer, resumePath, log };
}

test('a crash before the pieces are recorded leaves the totals that count them', async (t) => {
  const { writer, resumePath, log } = await stage(t);
  // In the place of the record, so that it cannot be written.
  mkdirSync(resumePath);
  writer.save();
  await writer.settled;
  assert.match(log.sentences.join('\n'), /^resume data could not be saved/);
  assert.deepEqual(await loadTotals(resumePath), TOTALS);
});

test('totals that cannot be saved cost no piece', async (t) => {
  const { writer, resumePath, log } = await stage(t);
  mkdirSync(`${resumePath}.totals`);
  writer.save();
  await writer.settled;
  assert.match(log.sentences.join('\n'), /^totals could not be saved/);
  const reading = await loadResume(resumePath);
  assert.equal(reading?.kind === 'resume' && reading.resume.have.count, 1);
});

test('totals are those of earlier runs and of this one, however often they are saved', async (t) => {
  const { writer, resumePath } = await stage(t);
  await saveTotals(resumePath, { received: 1000, wasted: 100, reused: 1 });
  for (let round = 0; round < 3; round++) {
    writer.save();
    await writer.settled;
  }
  assert.deepEqual(await loadTotals(resumePath), { received: 1070, wasted: 120, reused: 11 });
});
