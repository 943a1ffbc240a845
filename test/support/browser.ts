// A real browser for the tests of the page: Debian's chromium, driven by playwright. Whatever it reports as an error
// fails the test.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { hasTool } from './needs.js';
import { PATIENCE_MS } from './patience.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Buttons whose words nobody sees; axe leaves them to be looked at. */
const UNSEEN = `[...document.querySelectorAll('button')]
  .filter((each) => getComputedStyle(each).color === getComputedStyle(each).backgroundColor)
  .map((each) => each.textContent)`;

/** How a person looks at it. */
export const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'narrow', colorScheme: 'light', width: 400 },
] as const;

/** A browser that ends with its test; undefined where there is none. */
export async function openBrowser(t: TestContext): Promise<Browser | undefined> {
  if (!hasTool(t, 'chromium')) return undefined;
  // Its own sandbox needs another user than root; the page comes from this test.
  const browser = await chromium.launch({
    executablePath: pathOf('chromium'),
    args: ['--no-sandbox'],
    timeout: PATIENCE_MS,
  });
  t.after(() => browser.close());
  return browser;
}

function pathOf(program: string): string {
  return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}

export interface WatchedPage {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: string[];
}

export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

/** No serious fault of accessibility, and nothing that is wider than the screen, in any of the looks. */
export async function isAccessible(page: Page): Promise<void> {
  for (const { name, colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 1000 });
    await page.evaluate(AXE);
    const faults = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      const { violations } = await axe.run();
      return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html ?? ''}`);
    });
    assert.deepEqual(
      faults.filter((fault) => /^(serious|critical)/.test(fault)),
      [],
      name,
    );
    assert.deepEqual(await page.evaluate(UNSEEN), [], `${name}: words in the colour of their ground`);
    const scrolled = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(scrolled) <= width, `${name}: ${String(scrolled)} px wide`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 1000 });
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}
