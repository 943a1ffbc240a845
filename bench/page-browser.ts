// A browser that a bench drives and then leaves alone: while a page is measured nobody is attached to it, because what
// drives a browser has it report and keep every answer of the network, which no person's browser does.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type CDPSession, chromium, type Page } from 'playwright-core';
import type { Cleanup } from './cleanup.js';
import { cpuSeconds } from './tracker-vitals.js';

const START_MS = 30_000;

/** Process ids. */
export interface BrowserProcesses {
  readonly renderers: readonly number[];
  /** Draws; without a graphics card it does the work of one. */
  readonly drawing: readonly number[];
}

export class PageBrowser {
  readonly #address: string;

  private constructor(address: string) {
    this.#address = address;
  }

  /** @param profile a directory that need not exist. */
  static async start(profile: string, cleanup: Cleanup): Promise<PageBrowser> {
    const program = execFileSync('/bin/sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
    const browser = spawn(
      program,
      [
        '--headless=new',
        // It needs another user than root; the page comes from this bench.
        '--no-sandbox',
        // Spare ones start and sweep, which is not what the page costs.
        '--renderer-process-limit=1',
        '--disable-features=SpareRendererForSitePerProcess,BackForwardCache',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        '--window-size=1280,1087',
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const gone = once(browser, 'exit');
    cleanup.add(async () => {
      browser.kill('SIGKILL');
      await gone;
    });
    return new PageBrowser(await addressOf(browser.stderr));
  }

  /** Does something with the page, and leaves it alone. */
  async with<T>(use: (page: Page, tools: CDPSession) => Promise<T>): Promise<T> {
    const browser = await chromium.connectOverCDP(this.#address);
    try {
      const page = browser.contexts()[0]?.pages()[0];
      if (page === undefined) throw new Error('the browser has no page');
      return await use(page, await browser.newBrowserCDPSession());
    } finally {
      // Ends the connection; the browser stays.
      await browser.close();
    }
  }

  processes(): Promise<BrowserProcesses> {
    return this.with(async (_, tools) => {
      const { processInfo } = await tools.send('SystemInfo.getProcessInfo');
      const of = (type: string): readonly number[] =>
        processInfo.filter((each) => each.type === type).map(({ id }) => id);
      return { renderers: of('renderer'), drawing: of('GPU') };
    });
  }
}

/** Seconds of processor that they have used so far. */
export function secondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stderr, signal: AbortSignal.timeout(START_MS) });
  for await (const line of lines) {
    const address = /ws:\S+/.exec(line)?.[0];
    if (address === undefined) continue;
    // What it says later is of no interest, and must not fill the pipe.
    stderr.resume();
    return address;
  }
  throw new Error('chromium did not start');
}
