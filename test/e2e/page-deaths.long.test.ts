// Deaths that a person watches on the page: of a client that a download comes from, and of the program that serves the
// page.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import test from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { isAccessible, openBrowser, openPage } from '../support/browser.js';
import { attach, type DaemonProcess, onDaemon, startDaemon } from '../support/daemon-stage.js';
import { create, eventually, killHard, PIECE, shareHere, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';

/** At the limit it takes longer than all that is looked at. */
const PIECES = 400;
const DOWN = `${2 * PIECE}`;

async function startWatched(swarm: Swarm, port: number): Promise<DaemonProcess> {
  await mkdir(swarm.path('downloads'), { recursive: true });
  const places = ['--http', `127.0.0.1:${port}`, '--download-dir', swarm.path('downloads')];
  return startDaemon(swarm, [...places, '--download-limit', DOWN]);
}

/** Good for a minute: it is asked for when the page is opened. */
async function linkOf(swarm: Swarm): Promise<string> {
  const { stdout } = await onDaemon(swarm, 'web');
  return /http:\S+/.exec(stdout)?.[0] ?? '';
}

/** Of the parts that are here and of the peers, as the map tells a person who does not see it. */
async function seenOnMap(page: Page): Promise<{ readonly parts: number; readonly peers: number }> {
  const label = await page.locator('canvas[role=img]').getAttribute('aria-label');
  const [, parts, peers] = /^(\d+) of .* from (\d+) peers$/.exec(label ?? '') ?? [];
  return { parts: Number(parts), peers: Number(peers) };
}

test('a client that is killed leaves the map and the list of peers of its download, which goes on', async (t) => {
  const browser = await openBrowser(t);
  if (browser === undefined) return;
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('disk.img', PIECES * PIECE);
  await create(swarm, source, 'watched.mtorrent');
  await shareHere(swarm, source, 'disk.mtorrent');
  const dying = swarm.startClient('dying');
  await dying.succeed(`share ${source} ${swarm.path('dying.mtorrent')}`);
  const its = formatAddress(await dying.address());
  await startWatched(swarm, await freePort());
  const { page, complaints } = await openPage(browser, await linkOf(swarm));
  await attach(swarm).succeed('get watched.mtorrent downloads/');
  await page.getByRole('button', { name: 'disk.img', exact: true }).click();
  const cell = page.getByRole('cell', { name: its, exact: true });
  await cell.waitFor();
  await eventually(
    () => seenOnMap(page),
    ({ peers }) => peers === 2,
    'the other one is on the map, too',
  );

  await killHard(dying);
  await cell.waitFor({ state: 'detached' });
  await page.getByRole('img', { name: new RegExp(`received from .*${its}`) }).waitFor({ state: 'detached' });
  const { parts } = await eventually(
    () => seenOnMap(page),
    ({ peers }) => peers === 1,
    'one row of the map is left',
  );
  await eventually(
    () => seenOnMap(page),
    (seen) => seen.parts > parts && seen.peers === 1,
    'pieces come from the other one',
  );
  await page.getByText('downloading', { exact: true }).waitFor();
  assert.equal(await page.locator('.file .problem').count(), 0);
  await isAccessible(page);
  assert.deepEqual(complaints, []);
});

test('a page says that its client is gone, then that it was started again, and by the new link shows the download going on', async (t) => {
  const browser = await openBrowser(t);
  if (browser === undefined) return;
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('disk.img', PIECES * PIECE);
  await create(swarm, source, 'watched.mtorrent');
  await shareHere(swarm, source, 'disk.mtorrent');
  const port = await freePort();
  const daemon = await startWatched(swarm, port);
  const { page } = await openPage(browser, await linkOf(swarm));
  await attach(swarm).succeed('get watched.mtorrent downloads/');
  await page.getByRole('button', { name: 'disk.img', exact: true }).click();
  const { parts } = await eventually(
    () => seenOnMap(page),
    (seen) => seen.parts > 0,
    'pieces come',
  );

  await killHard(daemon);
  await page.getByRole('alert').filter({ hasText: 'it may have ended' }).waitFor();
  await isAccessible(page);
  await startWatched(swarm, port);
  await page.getByRole('alert').filter({ hasText: 'was started again; open the link' }).waitFor();
  await page.goto(await linkOf(swarm));
  await page.getByRole('button', { name: 'disk.img', exact: true }).click();
  await eventually(
    () => seenOnMap(page),
    (seen) => seen.parts >= parts,
    'what was there is there',
  );
  await page.getByText('downloading', { exact: true }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});
