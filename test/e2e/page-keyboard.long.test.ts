// The page by the keyboard alone, in a real browser: each action is reached with Tab, done with Enter, and leaves the
// focus where a person goes on.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { Swarm } from '../../src/app/demo/swarm.js';
import type { SwarmClient } from '../../src/app/library/swarm-client.js';
import { openBrowser, openPage } from '../support/browser.js';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import { eventually, PIECE, shareHere, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

/** At the limit it takes longer than all that is done. */
const PIECES = 400;
const DOWN = `${2 * PIECE}`;
/** More than the page has. */
const STOPS_MAX = 60;

interface Focused {
  readonly name: string;
  /** Whether a person sees where the focus is. */
  readonly isSeen: boolean;
}

function focused(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { activeElement: { getAttribute(name: string): string | null; textContent: string } };
      getComputedStyle: (of: unknown) => { outlineStyle: string; outlineWidth: string };
    };
    const at = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const name = at.getAttribute('aria-label') ?? at.textContent.trim().slice(0, 60);
    return { name, isSeen: outlineStyle === 'solid' && Number.parseFloat(outlineWidth) >= 2 };
  });
}

/** With Tab alone; each stop on the way has to be seen. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    const at = await focused(page);
    const isBody = at.name === '' || at.name.startsWith('Mini-Torrent');
    if (!isBody && passed.length > 0) assert.ok(at.isSeen, `the focus is seen at ${at.name}`);
    if (typeof name === 'string' ? at.name === name : name.test(at.name)) return;
    passed.push(at.name);
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${String(name)}, but ${passed.join(', ')}`);
}

async function isFocused(page: Page, name: string | RegExp): Promise<void> {
  await eventually(
    async () => (await focused(page)).name,
    (at) => (typeof name === 'string' ? at === name : name.test(at)),
    `the focus is at ${String(name)}`,
  );
}

/** As often as a page is made anew while a person thinks. */
async function someAnswers(page: Page): Promise<void> {
  for (let count = 0; count < 3; count += 1)
    await page.waitForResponse((response) => /downloads$/.test(response.url()));
}

interface Stage {
  readonly swarm: Swarm;
  readonly seeder: SwarmClient;
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** A daemon with an empty list, its page, and one who shares `disk.img`; undefined where there is no browser. */
async function stagePage(t: TestContext): Promise<Stage | undefined> {
  const browser = await openBrowser(t);
  if (browser === undefined) return undefined;
  const swarm = await stageSwarm(t);
  await mkdir(swarm.path('downloads'));
  await startTrackerHere(swarm);
  const seeder = await shareHere(swarm, await swarm.makeFile('disk.img', PIECES * PIECE), 'disk.mtorrent');
  const options = ['--http', '127.0.0.1:0', '--download-dir', swarm.path('downloads'), '--download-limit', DOWN];
  await startDaemon(swarm, options);
  const { stdout } = await onDaemon(swarm, 'web');
  const opened = await openPage(browser, /http:\S+/.exec(stdout)?.[0] ?? '');
  await opened.page.getByText('No file is shared or downloaded yet.').waitFor();
  return { swarm, seeder, ...opened };
}

async function pasteLink(page: Page, link: string): Promise<void> {
  await tabTo(page, 'Link');
  await page.keyboard.insertText(link);
  await page.keyboard.press('Enter');
}

test('by the keyboard alone a link is fetched, opened, paused and resumed, and the focus stays where it was', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { seeder, page, complaints } = stage;
  await tabTo(page, 'Link');
  await page.keyboard.insertText(await seeder.link('disk.img'));
  await page.keyboard.press('Tab');
  await isFocused(page, 'Get');
  await page.keyboard.press('Enter');
  await page.getByText('downloading', { exact: true }).waitFor();
  await isFocused(page, 'Get');

  await tabTo(page, 'disk.img');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'disk.img' }).waitFor();
  await isFocused(page, 'disk.img');

  await tabTo(page, 'Pause disk.img');
  await page.keyboard.press('Enter');
  await page.getByText('paused', { exact: true }).waitFor();
  await isFocused(page, 'Resume disk.img');
  await page.keyboard.press('Enter');
  await page.getByText('downloading', { exact: true }).waitFor();
  await isFocused(page, 'Pause disk.img');
  assert.deepEqual(complaints, []);
});

test('a limit is set or left as it is by the keyboard, and nothing takes the focus away meanwhile', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { page, complaints } = stage;
  await tabTo(page, /change the down limit$/);
  await page.keyboard.press('Enter');
  await isFocused(page, /^down limit/);
  await page.keyboard.type('300K');
  await page.keyboard.press('Tab');
  await someAnswers(page);
  await isFocused(page, 'Set');
  await page.keyboard.press('Enter');
  await isFocused(page, 'at most 300.0 KiB/s: change the down limit');
  await page.keyboard.press('Enter');
  await isFocused(page, /^down limit/);
  await page.keyboard.press('Escape');
  await isFocused(page, 'at most 300.0 KiB/s: change the down limit');
  await tabTo(page, 'Look now');
  await page.keyboard.press('Enter');
  await page.getByText('Looks for faults').waitFor({ state: 'detached' });
  await someAnswers(page);
  await isFocused(page, 'Look now');
  assert.deepEqual(complaints, []);
});

test('a removal is asked about, given up with Escape and done, by the keyboard alone', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { seeder, page, complaints } = stage;
  await pasteLink(page, await seeder.link('disk.img'));
  await page.getByText('downloading', { exact: true }).waitFor();
  await tabTo(page, 'Verify disk.img');
  await page.keyboard.press('Enter');
  await page
    .getByRole('status')
    .filter({ hasText: /pieces are good$/ })
    .waitFor();
  await isFocused(page, 'Verify disk.img');

  await tabTo(page, 'Remove disk.img');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Remove disk.img' });
  await dialog.waitFor();
  await isFocused(page, 'Keep it');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await isFocused(page, 'Remove disk.img');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Discard the download');
  await page.keyboard.press('Enter');
  await page.getByText('No file is shared or downloaded yet.').waitFor();
  await isFocused(page, 'Link');
  assert.deepEqual(complaints, []);
});

test('the focus goes with a file that is complete to where it is then, and after a removal to the next one', async (t) => {
  const stage = await stagePage(t);
  if (stage === undefined) return;
  const { swarm, seeder, page, complaints } = stage;
  await seeder.share(await swarm.makeFile('a.bin', 6 * PIECE), swarm.path('a.mtorrent'));
  for (const name of ['a.bin', 'disk.img']) {
    await pasteLink(page, await seeder.link(name));
    await page.getByRole('button', { name, exact: true }).waitFor();
  }
  await tabTo(page, 'Verify a.bin');
  const shared = page.getByRole('region', { name: 'Shared' });
  await shared.getByRole('button', { name: 'a.bin', exact: true }).waitFor();
  await isFocused(page, 'Verify a.bin');
  await tabTo(page, 'Remove a.bin');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Delete the file, too');
  await page.keyboard.press('Enter');
  await shared.waitFor({ state: 'detached' });
  await isFocused(page, 'disk.img');
  assert.deepEqual(complaints, []);
});
