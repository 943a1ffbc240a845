// The page of a tracker in a real browser: a person opens it by the link that the tracker printed, sees what is shared,
// who has how much of it, how many requests come, and the partner die and come back.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isAccessible, openBrowser, openPage } from '../support/browser.js';
import { create, fileOf, killHard, PIECE, shareHere, stageSwarm, startPartial } from '../support/e2e-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

const PIECES = 8;

test('the page of a tracker shows what is shared, who has how much, its requests, and its partner as it goes and comes', async (t) => {
  const browser = await openBrowser(t);
  if (browser === undefined) return;
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0, ['--http', '127.0.0.1:0']);
  // At once: it is good for a minute.
  const link = /http:\S+\/\?word=\S+/.exec(await tracker.said(/its page, once and within a minute: \S+\n/))?.[0] ?? '';
  const { page, complaints } = await openPage(browser, link);
  const partner = await swarm.startTracker(1);
  const source = await swarm.makeFile('disk.img', PIECES * PIECE);
  const mtorrent = await create(swarm, source, 'other.mtorrent');
  await shareHere(swarm, source, 'disk.mtorrent');
  const partial = await startPartial(swarm, source, mtorrent, (piece) => piece < PIECES / 2);
  await partial.address();
  assert.equal((await fileOf(partial)).have, PIECES / 2);

  await page.getByText('ready', { exact: true }).waitFor();
  await page.getByText('the partner is connected').waitFor({ timeout: 2 * PATIENCE_MS });
  await page.getByText('both lists are equal').waitFor();
  await page.getByText(/^\d+\.\d requests a second in the last \d+ s, of them \d+\.\d announces, \d/).waitFor();
  await page.getByText('2 seeders, 1 complete').waitFor();
  // By the keyboard.
  await page.locator('summary').filter({ hasText: 'disk.img' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('100 %').waitFor();
  await page.getByText('50 %').waitFor();
  await isAccessible(page);

  await killHard(partner);
  await page.getByText('the partner does not answer').waitFor();
  await isAccessible(page);
  await swarm.startTracker(1);
  await page.getByText('the partner is connected').waitFor({ timeout: 2 * PATIENCE_MS });
  await page.getByText('both lists are equal').waitFor({ timeout: 2 * PATIENCE_MS });
  assert.deepEqual(complaints, []);
});
