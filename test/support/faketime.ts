// Another wall clock for a process, by libfaketime: skewed from the start, and stepped while the process runs. Its
// monotonic clock, which timers use, is left alone, as an operator's `date -s` leaves it.

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { lacksPlace, lacksTool } from './needs.js';

const FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib', '/usr/lib64'];

export class FalseClock {
  readonly #library: string;
  readonly #path: string;

  private constructor(library: string, path: string) {
    this.#library = library;
    this.#path = path;
  }

  /** @param path of the file that holds the time. Undefined where there is no libfaketime, said loudly. */
  static open(t: TestContext, path: string, time: string): FalseClock | undefined {
    const library = FOLDERS.map((folder) => `${folder}/faketime/libfaketimeMT.so.1`).find((file) => existsSync(file));
    if (library === undefined) {
      lacksTool(t, 'faketime');
      return undefined;
    }
    const clock = new FalseClock(library, path);
    clock.set(time);
    const [command = '', ...words] = clock.launcher;
    const year = spawnSync(command, [...words, process.execPath, '-p', 'new Date().getUTCFullYear()']).stdout;
    if (Math.abs(Number(year) - new Date().getUTCFullYear()) <= 200) return clock;
    lacksPlace(t, `libfaketime does not work here (year ${year})`);
    return undefined;
  }

  /** Words before a command that live by this clock. */
  get launcher(): readonly string[] {
    const settings = ['DONT_FAKE_MONOTONIC=1', 'FAKETIME_NO_CACHE=1', `FAKETIME_TIMESTAMP_FILE=${this.#path}`];
    return ['env', `LD_PRELOAD=${this.#library}`, ...settings];
  }

  /**
   * @param time libfaketime's: `+1d` and `-1h` are relative to the true one, `@2100-01-01 00:00:00` runs from there.
   */
  set(time: string): void {
    writeFileSync(this.#path, `${time}\n`);
  }
}
