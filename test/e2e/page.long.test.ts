// The page in a real browser, served by a real client in the background: a person opens it by its link, drops a file,
// watches it come, pauses, resumes and removes it, and sees a tracker die.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { ClosedSwarm } from '../../bench/closed-swarm.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { TRACKER_RETRY_MAX_MS } from '../../src/tracking/announce/limits.js';
import { isAccessible, openBrowser, openPage, type WatchedPage } from '../support/browser.js';
import { attach, onDaemon, startDaemon } from '../support/daemon-stage.js';
import { create, eventually, killHard, PIECE, shareHere, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { PATIENCE_MS } from '../support/patience.js';

/** At the limit it takes longer than all that is looked at. */
const PIECES = 200;
const DOWN = `${2 * PIECE}`;

/** A daemon with a page, opened in a browser; undefined where there is none. */
async function stagePage(
  t: TestContext,
  options: readonly string[] = [],
): Promise<(WatchedPage & { readonly swarm: Swarm }) | undefined> {
  const browser = await openBrowser(t);
  if (browser === undefined) return undefined;
  const swarm = await stageSwarm(t);
  await mkdir(swarm.path('downloads'));
  await startDaemon(swarm, ['--http', '127.0.0.1:0', '--download-dir', swarm.path('downloads'), ...options]);
  const { stdout } = await onDaemon(swarm, 'web');
  const link = /http:\S+/.exec(stdout)?.[0];
  assert.ok(link !== undefined, stdout);
  return { swarm, ...(await openPage(browser, link)) };
}

/** Drops a file on the page, as a file manager does. */
async function dropOn(page: Page, name: string, path: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const { DataTransfer, File } = globalThis as unknown as {
        DataTransfer: new () => { items: { add(file: unknown): void } };
        File: new (parts: readonly string[], name: string) => unknown;
      };
      const dropped = new DataTransfer();
      dropped.items.add(new File([text ?? ''], name ?? ''));
      return dropped;
    },
    [name, await readFile(path, 'utf8')],
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

/** Of the parts that are here, as the map tells a person who does not see it. */
async function partsHere(page: Page): Promise<number> {
  const label = await page.locator('canvas[role=img]').getAttribute('aria-label');
  return Number(/^\d+/.exec(label ?? '')?.[0]);
}

test('a .mtorrent is dropped on the page, and its download is watched, paused, resumed and removed there', async (t) => {
  const stage = await stagePage(t, ['--download-limit', DOWN]);
  if (stage === undefined) return;
  const { swarm, page, complaints } = stage;
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('disk.img', PIECES * PIECE);
  await shareHere(swarm, source, 'disk.mtorrent');
  await dropOn(page, 'disk.mtorrent', swarm.path('disk.mtorrent'));
  await page.getByRole('button', { name: 'disk.img', exact: true }).click();
  await page.getByText('downloading', { exact: true }).waitFor();
  const notice = page.getByRole('status').filter({ hasText: swarm.path('downloads') });
  await notice.filter({ hasText: 'downloading to' }).waitFor();

  const first = await eventually(
    () => partsHere(page),
    (parts) => parts > 0,
    'pieces come',
  );
  await eventually(
    () => partsHere(page),
    (parts) => parts > first,
    'the map moves',
  );
  await page.getByRole('cell', { name: 'all' }).first().waitFor();
  await isAccessible(page);

  await page.getByRole('button', { name: 'Pause disk.img' }).click();
  await page.getByText('paused', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Resume disk.img' }).click();
  await page.getByText('downloading', { exact: true }).waitFor();
  await page.getByRole('button', { name: /change the down limit/ }).click();
  await page.keyboard.type('off');
  await page.keyboard.press('Enter');
  await page.getByText('seeding', { exact: true }).waitFor();
  await page.getByText('disk.img is complete').waitFor();
  await notice.filter({ hasText: 'complete:' }).waitFor();
  assert.equal(await page.getByText('downloading to').count(), 0);
  await page.getByRole('button', { name: 'Ask now' }).click();
  await page.getByText('1 of 1', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Members of the swarm' }).getByText('source').waitFor();
  await isAccessible(page);

  await page.getByRole('button', { name: 'Remove disk.img' }).click();
  await isAccessible(page);
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Remove disk.img' }).click();
  await page.getByRole('button', { name: 'Stop sharing' }).click();
  await page.getByText('No file is shared or downloaded yet.').waitFor();
  await notice.filter({ hasText: 'Or drop a .mtorrent' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('what is no link, no .mtorrent and no rate is refused by its name, and the page goes on', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { swarm, page } = stage;
  const notice = page.getByRole('status').first();
  await page.getByLabel('Link', { exact: true }).fill('hello world');
  await page.keyboard.press('Enter');
  await notice.filter({ hasText: 'one begins with mtorrent:' }).waitFor();
  await writeFile(swarm.path('photo.png'), 'no .mtorrent');
  await dropOn(page, 'photo.png', swarm.path('photo.png'));
  await notice.filter({ hasText: /^photo\.png, line 1/ }).waitFor();
  const limit = page.getByRole('button', { name: /change the down limit/ });
  await limit.click();
  await page.keyboard.type('fast');
  await page.keyboard.press('Enter');
  const mistake = page.getByRole('alert').filter({ hasText: '"fast" is not a rate' });
  await mistake.waitFor();
  await isAccessible(page);
  await page.keyboard.press('Escape');
  await mistake.waitFor({ state: 'detached' });
  await limit.waitFor();
});

test('a tracker that dies and comes back is seen on the page, and doctor says what to do', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { swarm, page, complaints } = stage;
  const [address] = swarm.trackers.map(formatAddress);
  const tracker = await swarm.startTracker(0);
  const source = await swarm.makeFile('one.bin', PIECE);
  await attach(swarm).succeed(`share ${source} one.mtorrent`);
  const row = page.getByRole('listitem').filter({ hasText: address ?? '' });
  await row.getByText('in use').waitFor();
  await killHard(tracker);
  await row.getByText('not responding').waitFor();
  await page.getByRole('button', { name: 'Look now' }).click();
  await page.getByText(`tracker ${address}`).first().waitFor();
  await swarm.startTracker(0);
  // The longer it was away, the rarer it is tried.
  await row.getByText('in use').waitFor({ timeout: TRACKER_RETRY_MAX_MS + PATIENCE_MS });
  assert.deepEqual(complaints, []);
});

test('a hidden page asks for nothing, and asks again when it is seen', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { page, complaints } = stage;
  await page.clock.install();
  await page.reload();
  await page.getByText('No file is shared or downloaded yet.').waitFor();
  let asked = 0;
  page.on('request', () => {
    asked += 1;
  });
  const turn = (isHidden: boolean): Promise<unknown> =>
    page.evaluate(`
      Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
      document.dispatchEvent(new Event('visibilitychange'));
    `);
  await turn(true);
  await page.waitForLoadState('networkidle');
  asked = 0;
  await page.clock.runFor(60_000);
  assert.equal(asked, 0);
  await turn(false);
  await page.clock.runFor(1_000);
  await eventually(
    () => asked,
    (requests) => requests >= 3,
    'a page that is seen asks',
  );
  assert.deepEqual(complaints, []);
});

test('of downloads that wait for their turn a person chooses the next one, by the keyboard alone', async (t) => {
  const stage = await stagePage(t, ['--active-downloads', '1']);
  if (stage === undefined) return;
  const { swarm, page, complaints } = stage;
  await startTrackerHere(swarm);
  const names = ['a', 'b', 'c'];
  for (const name of names) {
    const source = await swarm.makeFile(name, PIECE);
    await create(swarm, source, `${name}.mtorrent`);
    await attach(swarm, name).succeed(`get ${name}.mtorrent downloads/`);
  }
  const row = (name: string) =>
    page.getByRole('listitem').filter({ has: page.getByRole('button', { name, exact: true }) });
  await row('a').getByText('downloading', { exact: true }).waitFor();
  await row('b').getByText('waiting', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Top c' }).focus();
  await page.keyboard.press('Enter');
  await row('c').getByText('it begins next').waitFor();
  await isAccessible(page);
  await page.getByRole('button', { name: 'Pause a' }).focus();
  await page.keyboard.press('Enter');
  await row('c').getByText('downloading', { exact: true }).waitFor();
  await row('b').getByText('waiting', { exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Top c' }).count(), 0);
  await page.getByRole('button', { name: 'Bottom b' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('in a closed swarm the map and the picture of who sends to whom name the member', async (t) => {
  const browser = await openBrowser(t);
  if (browser === undefined) return;
  const swarm = await stageSwarm(t);
  const identities = await ClosedSwarm.make(swarm.path('identities'), swarm.trackers, 2);
  swarm.environment = (name) =>
    identities.environmentOf(name === 'seeder' ? 'member-0' : name === 'watched' ? 'member-1' : name);
  await swarm.startTracker(0);
  const seeder = swarm.startClient('seeder');
  const source = await swarm.makeFile('disk.img', PIECES * PIECE);
  await seeder.succeed(`share ${source} ${swarm.path('disk.mtorrent')}`);
  const watched = swarm.startClient('watched', 0, ['--http', '127.0.0.1:0', '--download-limit', DOWN]);
  await copyFile(swarm.path('disk.mtorrent'), swarm.path('other.mtorrent'));
  await watched.succeed(`get ${swarm.path('other.mtorrent')} ${swarm.path('got.img')}`);
  const { result } = await watched.command('web');
  const { page, complaints } = await openPage(browser, /http:\S+/.exec(result)?.[0] ?? '');
  await page.getByRole('button', { name: 'disk.img', exact: true }).click();
  await page.getByRole('columnheader', { name: 'member' }).waitFor();
  await page.getByRole('cell', { name: /^member-0 \(\w+\)$/ }).waitFor();
  const picture = page.getByRole('img', { name: /received from member-0 \(\w+\) at 127\.0\.0\.1:/ });
  await picture.getByText('member-0', { exact: true }).waitFor();
  await isAccessible(page);
  assert.deepEqual(complaints, []);
});
