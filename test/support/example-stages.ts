// Where each example of the documentation is run, and what it must show there. Who adds an example adds its row; the
// stages are tests. Invariant: a stage has taken every row of its own when it ends.

import assert from 'node:assert/strict';
import type { DocumentationWorld, Typed } from './documentation-world.js';
import type { TerminalProcess } from './terminal.js';

/**
 * home: a machine with a tracker pair of its own. background: the same with a client that goes on after logout. pair: a
 * pair on two machines. bash, zsh, fish: what a shell does with a completion. readme …: what the README shows of it,
 * row by row. npm: what package.json makes of it. elsewhere: another test runs the same.
 */
export type StageName =
  | 'home'
  | 'background'
  | 'pair'
  | 'bash'
  | 'zsh'
  | 'fish'
  | 'readme: two terminals'
  | 'readme: exchange'
  | 'readme: a tracker comes back'
  | 'npm'
  | 'elsewhere';

export interface Row {
  readonly stage: StageName;
  /** What is on the terminal then. */
  readonly shows?: RegExp;
  /** Of a line that ends by itself, or by Ctrl-C. Default 0. */
  readonly code?: number;
  /** A file of tests. */
  readonly by?: string;
}

const HELP: Readonly<Record<string, Row>> = {
  mtorrent: {
    stage: 'home',
    shows: /this client serves at 192\.0\.2\.1:6881[\s\S]*let in only whom you invite; type: invite$/m,
  },
  'mtorrent -t 192.0.2.1:7001 -t 192.0.2.1:7002': {
    stage: 'home',
    shows: /its trackers are 192\.0\.2\.1:7001 and 192\.0\.2\.1:7002/,
  },
  'mtorrent share disk.img': { stage: 'home', shows: /^disk\.img\.mtorrent$/m, code: 130 },
  'mtorrent get disk.img.mtorrent': { stage: 'home', shows: /^\/home\/bob\/disk\.img$/m },
  'mtorrent get disk.img.mtorrent /data/ --timeout 1h': { stage: 'background', shows: /^\/data\/disk\.img$/m },
  'mtorrent get disk.img.mtorrent /data/ --seed-time 30m --json': {
    stage: 'home',
    shows: /"event":"completed".*"path":"\/data\/disk\.img"[\s\S]*"event":"seeding"/,
    code: 130,
  },
  "mtorrent get model.mtorrent /data/ --only '*.json'": { stage: 'home', shows: /^\/data\/model$/m },
  'mtorrent get v2.img.mtorrent /data/ --reuse v1.img': { stage: 'home', shows: /^\/data\/v2\.img$/m },
  "mtorrent create models -t 192.0.2.1:7001 -t 192.0.2.2:7001 --exclude '*.tmp'": {
    stage: 'pair',
    shows: /^models\.mtorrent$/m,
  },
  'mtorrent list llama -t 192.0.2.1:7001 -t 192.0.2.2:7001': { stage: 'pair', shows: /^llama\.img .*mtorrent:/m },
  'mtorrent daemon --detach': {
    stage: 'background',
    shows: /^DAEMON LISTENING 192\.0\.2\.1:6881 \/home\/ada\/\S+\.sock$/m,
  },
  'mtorrent attach': { stage: 'background', shows: /^attached to the client at 192\.0\.2\.1:6881/m },
  'mtorrent show': { stage: 'background', shows: /^\[S\] disk\.img +100 %/m },
  'mtorrent map disk.img': { stage: 'background', shows: / here\nto 192\.0\.2\.1:\d+ {2}sent /m },
  'mtorrent show peers disk.img': { stage: 'background', shows: /^to +192\.0\.2\.1:\d+ /m },
  'mtorrent retention': { stage: 'background', shows: /^no rule of retention is set/m },
  'mtorrent retention --keep-days 30 --disk-budget 500G': {
    stage: 'background',
    shows: /^0 of 0 downloads would be deleted, 0 B; 0 B stay$/m,
  },
  'mtorrent limit up 10M': { stage: 'background', shows: /^up: 10\.0 MiB\/s, down: no limit$/m },
  'mtorrent retrack 192.0.2.1:7001 192.0.2.7:7001': { stage: 'background', shows: /192\.0\.2\.7:7001/ },
  'mtorrent retrack 192.0.2.1:7001 192.0.2.7:7001 --dry-run': { stage: 'background', shows: /192\.0\.2\.7:7001/ },
  'mtorrent stop': { stage: 'background', shows: /^stopped the client at 192\.0\.2\.1:6881, process \d+$/m },
  'mtorrent tracker 192.0.2.1:7001 192.0.2.2:7001 seeders.db tracker.log': {
    stage: 'pair',
    shows: /^TRACKER LISTENING 192\.0\.2\.1:7001$/m,
  },
  'mtorrent create disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001': { stage: 'pair', shows: /^disk\.img\.mtorrent$/m },
  'mtorrent report disk.img.mtorrent': { stage: 'pair', shows: /^disk\.img {2}.* nobody has told of a download$/m },
  'mtorrent doctor -t 192.0.2.1:7001 -t 192.0.2.2:7001 --address 192.0.2.7:6881': {
    stage: 'pair',
    // On a busy machine the answers of the trackers are noted, with an advice of a line, and not "ok".
    shows:
      /ok +upload port 192\.0\.2\.7:6881: .*\n(ok|note) +tracker 192\.0\.2\.1:7001: answers[\s\S]*\n(ok|note) +tracker 192\.0\.2\.2:7001: answers/,
  },
  'mtorrent share disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001 -o images/disk.mtorrent': {
    stage: 'pair',
    shows: /^images\/disk\.mtorrent$/m,
    code: 130,
  },
  'mtorrent client 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001 client.log': {
    stage: 'pair',
    shows: /^this client serves at 192\.0\.2\.7:6881$/m,
  },
  'mtorrent daemon 192.0.2.7:6881 192.0.2.1:7001 192.0.2.2:7001': {
    stage: 'pair',
    shows: /^DAEMON LISTENING 192\.0\.2\.7:6881 \//m,
  },
  'mtorrent --help': { stage: 'bash', shows: /^Move files between many machines at once\.[\s\S]*^Commands:$/m },
  'eval "$(mtorrent completion bash)"': { stage: 'bash' },
  'eval "$(mtorrent completion zsh)"': { stage: 'zsh' },
  'mtorrent completion fish > ~/.config/fish/completions/mtorrent.fish': { stage: 'fish' },
  'mtorrent daemon': { stage: 'elsewhere', by: 'test/e2e/daemon.test.ts' },
  'mtorrent swarm init lab 192.0.2.11:7001 192.0.2.12:7001': {
    stage: 'elsewhere',
    by: 'test/e2e/closed-session.long.test.ts',
  },
  'mtorrent swarm enroll pods --role reader --out pods': {
    stage: 'elsewhere',
    by: 'test/e2e/closed-session.long.test.ts',
  },
  'mtorrent swarm invite --role reader --uses 200 --for 24h': {
    stage: 'elsewhere',
    by: 'test/e2e/closed-session.long.test.ts',
  },
  'mtorrent join mtj1aebagba…': { stage: 'elsewhere', by: 'test/e2e/closed-session.long.test.ts' },
  'mtorrent tracker-import seeders.db postgres://seeders@db1/seeders': {
    stage: 'elsewhere',
    by: 'test/e2e/tracker-import.long.test.ts',
  },
  'mtorrent web': { stage: 'elsewhere', by: 'test/e2e/http.long.test.ts' },
  'mtorrent doctor': { stage: 'elsewhere', by: 'test/e2e/inspect.test.ts' },
};

const PIPED = String.raw`printf 'get model.mtorrent /data/\nwait\n' | mtorrent client 192.0.2.13:6881 192.0.2.11:7001 192.0.2.12:7001 client.log`;

/** What its lines must show stands in the README. */
const README: Readonly<Record<string, Row>> = {
  ...rows('readme: two terminals', [
    'mtorrent> share llama llama.mtorrent',
    'mtorrent> invite',
    'mtorrent> get ../llama.mtorrent .',
    'mtorrent> show peers llama',
  ]),
  ...rows('readme: exchange', [
    'mtorrent tracker 192.0.2.11:7001 192.0.2.12:7001 seeders.db tracker.log',
    'mtorrent tracker 192.0.2.12:7001 192.0.2.11:7001 seeders.db tracker.log',
    'mtorrent client 192.0.2.11:6881 192.0.2.11:7001 192.0.2.12:7001 client.log',
    'mtorrent> share model.bin model.mtorrent',
    'mtorrent client 192.0.2.12:6881 192.0.2.11:7001 192.0.2.12:7001 client.log',
    'mtorrent> get model.mtorrent .',
    'mtorrent tracker-list seeders.db',
    PIPED,
  ]),
  ...rows('readme: a tracker comes back', ['mtorrent tracker-status 127.0.0.1:7101']),
  ...rows('npm', [
    'npm start',
    'npm run demo',
    'npm run quick',
    'npm test',
    'npm run long',
    'npm run mutants',
    'npm run fuzz',
    'npm run fuzz -- sim',
    'npm run bench -- seeders',
    'npm run bench -- seeders --closed',
    'npm run bench -- seeders --only sweep --seeders 1,2,4,8 --runs 3',
    'npm run bench -- start',
    'npm run bench -- idle',
    'npm run bench -- idle --disk --shares 20000',
    'npm run bench -- faults',
    'npm run bench -- lan',
    'npm run bench -- far',
    'npm run bench -- cores',
    'npm run bench -- folders',
    'npm run bench -- sim',
    'npm run bench -- hash',
    'npm run bench -- limits',
    'npm run bench -- tracker',
    'npm run bench -- tracker catchup',
    'npm run bench -- tracker catalogue',
    'npm run bench -- tracker failover',
    'npm run bench -- tracker --store postgres',
    'npm run bench -- tracker --store postgres failover',
    'npm run bench -- tracker --store postgres seen',
    'npm run bench -- tracker --store postgres together',
    'npm run bench -- page',
  ]),
};

/** Command lines of the documentation, and the lines that the README types at a console. */
export const STAGED: Readonly<Record<string, Row>> = { ...HELP, ...README };

/** Lines of the client that has something, on a terminal. */
export const SHARED: readonly (readonly [line: string, shows: RegExp])[] = [
  ['share ~/disk.img disk.mtorrent', /^sharing; give disk\.mtorrent to /m],
  ['share ~/model model.mtorrent', /^sharing; give model\.mtorrent to [\s\S]*^mtorrent:/m],
  ['share "two words.bin" /tmp/two.mtorrent', /^sharing; give two\.mtorrent to /m],
  ['share "two words.bin" /tmp/secret.mtorrent --unlisted', /^sharing; give secret\.mtorrent to /m],
  ['web', /this client serves no HTTP/],
  ['share ~/disk.img signed.mtorrent --sign', /belongs to no closed swarm, so it can sign nothing/],
];

/** Lines of the client that gets it, in their order, as a script writes them: the rows of each, and its result. */
export const SESSION: readonly (readonly [line: string, shows: RegExp])[] = [
  ['limit down 50K', /SUCCESS:/],
  ['get disk.mtorrent .', /SUCCESS:\/home\/ada\/b\/disk\.img/],
  ['show downloads', /^\[D\] disk\.img .*\nSUCCESS:1/m],
  ['show downloads --json', /SUCCESS:\{.*"name":"disk\.img"/],
  ['show peers disk.img', /^from 192\.0\.2\.7:6881 .*\nSUCCESS:1/m],
  ['show pieces disk.img', /of 3 pieces.*\nSUCCESS:/],
  ['map disk.img', /here\n.* has each part: 1 of 1 peers\n.* 192\.0\.2\.7:6881 .*\nSUCCESS:1/],
  ['report disk.img', /^disk\.img {2}[\s\S]*SUCCESS:[01]$/m],
  ['report disk.img --json', /SUCCESS:\{"schema":1,"name":"disk\.img",.*"members":/],
  ['map disk.img --json', /SUCCESS:\{"schema":1,"name":"disk\.img","pieces":3,/],
  ['retention', /no rule of retention is set.*\nSUCCESS:0/],
  ['retention --keep-versions 3', /0 of 0 downloads would be deleted.*\nSUCCESS:0/],
  ['retention --json', /SUCCESS:\{"schema":1,"keepDays":0,/],
  ['reannounce', /SUCCESS:1/],
  ['reannounce disk.img', /SUCCESS:1/],
  ['top disk.img', /SUCCESS:RUNNING/],
  ['bottom disk.img', /SUCCESS:RUNNING/],
  ['limit schedule', /SUCCESS:/],
  ['pause disk.mtorrent', /SUCCESS:/],
  ['resume disk.mtorrent', /SUCCESS:/],
  ['limit up 10M', /SUCCESS:/],
  ['limit down off', /SUCCESS:/],
  ['limit', /SUCCESS:up=10485760 down=0/],
  ['wait', /SUCCESS:WAITED/],
  ['verify disk.img', /SUCCESS:3\/3/],
  ['show shares', /disk\.img.*\nSUCCESS:1/],
  ['show trackers', /192\.0\.2\.1:7001.*\n.*192\.0\.2\.2:7001.*\nSUCCESS:2/],
  ['show stats', /SUCCESS:\{.*"rssBytes":/],
  ['doctor', /(ok|note) +tracker 192\.0\.2\.1:7001: answers[\s\S]*SUCCESS:0/],
  ['log debug', /SUCCESS:debug/],
  ['help share', /for example: share [\s\S]*SUCCESS:HELP/],
  ['remove disk.mtorrent', /SUCCESS:FILE_REMOVED/],
  ['get /tmp/disk.mtorrent ~/images/new.img', /SUCCESS:\/home\/ada\/images\/new\.img/],
  ['get /tmp/two.mtorrent .', /SUCCESS:/],
  ['remove two.mtorrent --force', /SUCCESS:/],
  ['get model.mtorrent . --only *.json --except docs/', /SUCCESS:\/home\/ada\/b\/model/],
  ['wait', /SUCCESS:WAITED/],
  ['remove model.mtorrent', /SUCCESS:FILE_REMOVED/],
  ['wait', /SUCCESS:WAITED/],
  ['invite', /SUCCESS:mtorrent -t 192\.0\.2\.1:7001 -t 192\.0\.2\.2:7001/],
  ['list', /disk\.img [\s\S]*SUCCESS:/],
  ['list llama', /SUCCESS:0/],
  ['list --json', /SUCCESS:\{.*"name":"disk\.img"/],
  ['show link new.img', /SUCCESS:mtorrent:/],
  ['relocate new.img ~/images/new.img', /SUCCESS:/],
  ['relocate --from /home/ada/images --to /home/ada/elsewhere', /SUCCESS:0/],
  ['get /tmp/secret.mtorrent gone.bin', /SUCCESS:/],
  ['wait', /SUCCESS:WAITED/],
  ['remove gone.bin --delete-files', /SUCCESS:FILE_REMOVED/],
  ['retrack 192.0.2.1:7001 192.0.2.7:7001 --dry-run', /SUCCESS:1/],
  ['retrack 192.0.2.1:7001 192.0.2.7:7001', /SUCCESS:1/],
  ['quit', /SUCCESS:BYE/],
];

function rows(stage: StageName, lines: readonly string[]): Readonly<Record<string, Row>> {
  return Object.fromEntries(lines.map((line) => [line, { stage }]));
}

/** Types the rows of one stage, and knows which were. */
export class Stage {
  readonly world: DocumentationWorld;
  readonly #name: StageName;
  readonly #taken = new Set<string>();

  constructor(world: DocumentationWorld, name: StageName) {
    this.world = world;
    this.#name = name;
  }

  /** Fails for a line of another stage. */
  take(line: string): Row {
    const row = STAGED[line];
    assert.equal(row?.stage, this.#name, `"${line}" is an example of this stage`);
    this.#taken.add(line);
    return row;
  }

  /** A line that ends by itself: its code, and what it shows. */
  async ends(line: string, typed: Typed = {}): Promise<readonly string[]> {
    const { shows = /^/, code = 0 } = this.take(line);
    const lines = await this.world.whole(line, typed, code);
    assert.match(lines.join('\n'), shows, line);
    return lines;
  }

  /** A line that goes on until it is stopped, as soon as it shows what it should. */
  async starts(line: string, typed: Typed = {}): Promise<TerminalProcess> {
    const { shows = /^/ } = this.take(line);
    const terminal = this.world.type(line, typed);
    await terminal.until(shows, line);
    return terminal;
  }

  /** Ctrl-C, and the code that follows. */
  async stops(line: string, terminal: TerminalProcess): Promise<void> {
    terminal.type('\x03');
    assert.equal(await terminal.exited, STAGED[line]?.code ?? 0, `${line}\n${terminal.raw}`);
  }

  /** Nothing of this stage was forgotten. */
  done(): void {
    const all = Object.entries(STAGED).filter(([, row]) => row.stage === this.#name);
    assert.deepEqual(
      all.map(([line]) => line).filter((line) => !this.#taken.has(line)),
      [],
      'examples that this stage has not run',
    );
  }
}
