// `npm run bench -- <name> [options]`: the benchmarks by name. Timings live here and nowhere in the tests. Each prints
// a table on stderr's side of things for people and, with --json, one object on stdout.

import { runCoresBench } from './cores.js';
import { runFarBench } from './far.js';
import { runFaultsBench } from './faults.js';
import { runFoldersBench } from './folders.js';
import { runHashBench } from './hash.js';
import { runIdleBench } from './idle.js';
import { runLanBench } from './lan.js';
import { runLimitsBench } from './limits.js';
import { runPageBench } from './page.js';
import { runSeedersBench } from './seeders.js';
import { runSimBench } from './sim.js';
import { runStartBench } from './start.js';
import { runTrackerBench } from './tracker.js';
import { runVerifyBench } from './verify.js';

interface Bench {
  readonly run: (words: readonly string[]) => Promise<number>;
  /** Its options, beside --quick and --json. */
  readonly usage: string;
  readonly shows: string;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  seeders: {
    run: runSeedersBench,
    usage: '[--size 1GiB] [--seeders 1,2,4,8,16] [--runs N] [--only sweep|leechers|files] [--closed] [--out DIR]',
    shows: 'downloads on loopback beside what raw sockets reach in the same run',
  },
  lan: {
    run: runLanBench,
    usage: '[--scene 1|2|3] [--runs N] [--closed] [--out DIR]',
    shows: 'one seeder to many receivers on shaped links; needs root',
  },
  far: {
    run: runFarBench,
    usage: '[--rtt 30,100,300] [--runs N]',
    shows: 'one seeder at the other end of a long link, beside one plain connection',
  },
  cores: {
    run: runCoresBench,
    usage: '[--cores 8,64] [--threads N] [--runs N] [--out DIR]',
    shows: 'one limited seeder to three receivers with the threads of large machines',
  },
  sim: {
    run: runSimBench,
    usage: '[--rows "8,100,1000"] [--seed N] [--runs N] [--out DIR]',
    shows: 'crowds in virtual time; 1,000 receivers only when asked for',
  },
  folders: {
    run: runFoldersBench,
    usage:
      '[--entries 100000] [--size 4GiB] [--only create,small,publish,large,partial,version,trees,link,stdout,idle,clone,changed] [--out DIR]',
    shows: 'folders, their versions and their links, beside tar and one large file',
  },
  hash: { run: runHashBench, usage: '[--size 4GiB] [--runs N] [--out DIR]', shows: 'mtorrent create beside mktorrent' },
  limits: { run: runLimitsBench, usage: '[--limits 100K,1M] [--seconds N]', shows: 'how exact rate limits are' },
  idle: {
    run: runIdleBench,
    usage: '[--shares 1000] [--seconds 60] [--disk] [--out DIR]',
    shows: 'what many shares cost at rest, when they are shared, and at a restart',
  },
  page: {
    run: runPageBench,
    usage: '[--pieces 8000] [--peers 40] [--seconds 20]',
    shows: 'the page in a browser: frames, and what it costs while it is looked at and while it is not; needs chromium',
  },
  start: { run: runStartBench, usage: '[--runs N] [--out DIR]', shows: 'how long a prompt takes' },
  tracker: {
    run: runTrackerBench,
    usage:
      '[announces] [idle] [steady] [start] [catchup] [failover] [return] [mixed] [silence] [catalogue] [--closed] [--disk]; or --store postgres [announces] [together] [seen] [start] [failover] [--runs N]',
    shows: 'the tracker pair under load, or trackers on one PostgreSQL',
  },
  verify: {
    run: runVerifyBench,
    usage: '[--runs N] [--out DIR]',
    shows: 'what a verification on demand leaves to uploads',
  },
  faults: {
    run: runFaultsBench,
    usage: '[--only liars|killed|leaver|attack|ban|strangers|beside] [--runs N] [--out DIR]',
    shows: 'what liars, dying seeders and attacks cost those who are honest',
  },
};

function usage(): string {
  const lines = Object.entries(BENCHES).map(([name, { usage, shows }]) => `  ${name} ${usage}\n      ${shows}`);
  return `npm run bench -- <name> [--quick] [--json] …\n${lines.join('\n')}\n`;
}

const [name = '', ...words] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined || words.includes('--help')) {
  process.stderr.write(usage());
  process.exitCode = ['--help', '-h'].some((word) => process.argv.includes(word)) ? 0 : 2;
} else {
  try {
    process.exitCode = await bench.run(words);
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`${(error as Error).message}\n${usage()}`);
    process.exitCode = 2;
  }
}
