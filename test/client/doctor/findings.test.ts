// What a doctor says to measured facts: each table row is a fact that differs from a healthy machine, and what is
// found.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type {
  DiskFact,
  DownloadFact,
  DownloadLook,
  Facts,
  Finding,
  TrackerFact,
} from '../../../src/client/doctor/facts.js';
import { findingsOf } from '../../../src/client/doctor/findings.js';
import type { Silent } from '../../../src/client/doctor/reach.js';

const MIB = 1024 * 1024;
const PARTNER = { address: '192.0.2.2:7001', following: true, followedBy: true, refusedBy: '' };
const TRACKER: TrackerFact = {
  address: '192.0.2.1:7001',
  failure: undefined,
  helloMs: 2,
  skewMs: 3,
  partner: PARTNER,
  listed: { hosts: ['192.0.2.7'], isSample: false },
};
const DISK: DiskFact = {
  directory: '/data',
  room: { freeBytes: 10_000 * MIB, totalBytes: 20_000 * MIB, freeInodes: 1_000 },
  neededBytes: 0,
  writtenMs: 20,
  writtenBytes: 4 * MIB,
  errno: undefined,
};
const HEALTHY: Facts = {
  upload: { address: '192.0.2.7:6881', isOurs: true, state: { kind: 'answers', tookMs: 1 } },
  reach: [],
  outside: [],
  ownHost: '192.0.2.7',
  trackers: [TRACKER],
  disks: [DISK],
  openFiles: { limit: 4_096, open: 40, needed: 500 },
  machine: { hashRate: 900 * MIB, freeMemoryBytes: 4_000 * MIB, totalMemoryBytes: 8_000 * MIB, rssBytes: 90 * MIB },
  threads: {
    systemCores: 8,
    cores: 8,
    cpuQuota: undefined,
    memoryLimitBytes: undefined,
    peerThreads: 4,
    isForced: false,
    acceptors: 4,
    hashThreads: 8,
    slabBytes: 48 * MIB,
  },
  downloads: [],
  troubles: [],
  refusals: [],
};

const tracker = (more: Partial<TrackerFact>): Partial<Facts> => ({ trackers: [{ ...TRACKER, ...more }] });
const disk = (more: Partial<DiskFact>): Partial<Facts> => ({ disks: [{ ...DISK, ...more }] });
const upload = (isOurs: boolean, state: NonNullable<Facts['upload']>['state']): Partial<Facts> => ({
  upload: { address: '192.0.2.7:6881', isOurs, state },
});
const machine = (more: Partial<Facts['machine']>): Partial<Facts> => ({ machine: { ...HEALTHY.machine, ...more } });
const threads = (more: Partial<Facts['threads']>): Partial<Facts> => ({ threads: { ...HEALTHY.threads, ...more } });
const away = { ...TRACKER, address: PARTNER.address, failure: 'ECONNREFUSED' };

/** What is not fine, as `severity subject: found`. */
function wrong(facts: Partial<Facts>): readonly string[] {
  return findingsOf({ ...HEALTHY, ...facts })
    .filter(({ severity }) => severity !== 'fine')
    .map(({ severity, subject, found }) => `${severity} ${subject}: ${found}`);
}

test('on a healthy machine everything is fine, and nothing needs a remedy', () => {
  const findings = findingsOf(HEALTHY);
  assert.deepEqual(wrong({}), []);
  assert.deepEqual(
    findings.filter(({ remedy }) => remedy !== ''),
    [],
  );
  assert.ok(findings.length >= 6);
});

test('in a closed swarm it says who this machine is there, and until when its card is good', () => {
  const card = { swarm: 'lab', name: 'build-7', signedBy: 'tracker-1', lastDay: '2027-01-15', isOver: false };
  const about = (more: Partial<typeof card> | { lastDay: undefined }): Finding | undefined =>
    findingsOf({ ...HEALTHY, card: { ...card, ...more } }).find(({ subject }) => subject === 'closed swarm lab');
  const found = 'this machine is build-7; tracker-1 signed its card, which is good until 2027-01-15';
  assert.deepEqual(about({}), { severity: 'fine', subject: 'closed swarm lab', found, remedy: '' });
  assert.match(about({ lastDay: undefined })?.found ?? '', /which never runs out$/);
  assert.equal(about({ isOver: true })?.severity, 'note');
  assert.equal(findingsOf(HEALTHY).filter(({ subject }) => subject.startsWith('closed swarm')).length, 0);
});

test('cores, a quota, a limit and a number of threads that was named are told where nothing is wrong', () => {
  const found = (facts: Partial<Facts>): string =>
    findingsOf({ ...HEALTHY, ...facts })
      .map(({ subject, found }) => `${subject}: ${found}`)
      .join('\n');
  assert.match(found({}), /^processor: 8 cores$/m);
  assert.match(
    found({}),
    /^threads: 4 threads for sockets \(chosen for its cores and memory\), 8 for hashing, 48\.0 MiB for pieces/m,
  );
  const boxed = found(threads({ systemCores: 64, cores: 2, cpuQuota: 1.5, memoryLimitBytes: 256 * MIB }));
  assert.match(boxed, /^processor: 2 of 64 cores: the container's quota allows 1\.50$/m);
  assert.match(boxed, /^memory: .*the container's limit is 256\.0 MiB$/m);
  const named = found(threads({ cores: 1, peerThreads: 1, acceptors: 1, isForced: true }));
  assert.match(named, /^processor: 1 core$/m);
  assert.match(named, /^threads: 1 thread for sockets \(set by peer-threads\)/m);
});

const TABLE: readonly (readonly [what: string, facts: Partial<Facts>, found: RegExp])[] = [
  [
    'a port that another program has',
    upload(false, { kind: 'answers', tookMs: 1 }),
    /^bad upload port .*another program/,
  ],
  [
    'a port in use that does not answer',
    upload(false, { kind: 'failed', errno: 'EADDRINUSE' }),
    /^bad .*another program/,
  ],
  [
    'an address of another machine',
    upload(false, { kind: 'failed', errno: 'EADDRNOTAVAIL' }),
    /^bad .*not an address of this/,
  ],
  ['a port below 1024', upload(false, { kind: 'failed', errno: 'EACCES' }), /^bad .*no permission to listen/],
  [
    'our own port behind a firewall',
    upload(true, { kind: 'failed', errno: 'ETIMEDOUT' }),
    /^bad .*cannot connect to its own/,
  ],
  [
    'a tracker that refuses this machine',
    tracker({ refusal: 'this tracker does not know ada@lab; ask for an invitation' }),
    /^bad tracker .*refuses this machine: this tracker does not know ada@lab; ask for an invitation/,
  ],
  [
    'another program at the port of a tracker',
    tracker({ failure: 'what answers there is not a tracker of this version' }),
    /^bad tracker (?!.*does not answer).*what answers there is not a tracker of this version/,
  ],
  ['a tracker that is away', tracker({ failure: 'ECONNREFUSED' }), /^bad tracker .*does not answer: ECONNREFUSED/],
  ['a slow tracker', tracker({ helloMs: 2_500 }), /^note tracker .*within 2500 ms/],
  ['a clock ahead', tracker({ skewMs: 60_000 }), /^note .*60 s ahead of/],
  ['a clock behind', tracker({ skewMs: -3_600_000 }), /^note .*3600 s behind/],
  [
    'trackers that reach each other one way',
    tracker({ partner: { ...PARTNER, following: false } }),
    /^bad .*in one direction only/,
  ],
  [
    'trackers that do not reach each other',
    tracker({ partner: { ...PARTNER, following: false, followedBy: false } }),
    /^bad .*in neither direction/,
  ],
  [
    'trackers of two pairs',
    tracker({ partner: { ...PARTNER, refusedBy: 'another cluster' } }),
    /^bad .*another cluster/,
  ],
  ['a tracker that does not list us', tracker({ listed: { hosts: [], isSample: false } }), /^note .*does not list/],
  [
    'another address than ours',
    tracker({ listed: { hosts: ['10.0.0.1'], isSample: false } }),
    /^bad .*as 10\.0\.0\.1, not/,
  ],
  ['a full disk', disk({ errno: 'ENOSPC', writtenMs: undefined }), /^bad disk of \/data: is full/],
  ['a disk that is read-only', disk({ errno: 'EROFS', writtenMs: undefined }), /^bad .*cannot be written to/],
  ['a disk that fails', disk({ errno: 'EIO', writtenMs: undefined }), /^bad .*its disk reports an error \(EIO\)/],
  [
    'a disk that is not there',
    disk({ errno: 'ENODEV', writtenMs: undefined }),
    /^bad .*is not there any more \(ENODEV\)/,
  ],
  [
    'a limit of file size',
    disk({ errno: 'EFBIG', writtenMs: undefined }),
    /^bad .*may write no file as large as .*EFBIG/,
  ],
  ['a disk that hangs', disk({ writtenMs: undefined }), /^bad .*did not finish in time/],
  ['a slow disk', disk({ writtenMs: 4_000 }), /^note .*writes 1\.0 MiB\/s/],
  ['too little room for what is to come', disk({ neededBytes: 20_000 * MIB }), /^bad .*19\.5 GiB still to be written/],
  ['few open files', { openFiles: { limit: 256, open: 40, needed: 500 } }, /^note open files: 40 of 256/],
  ['slow hashing', machine({ hashRate: 20 * MIB }), /^note hash speed: 20\.0 MiB\/s/],
  ['little memory', machine({ freeMemoryBytes: 10 * MIB }), /^note memory: 10\.0 MiB/],
  ['a tight memory limit', threads({ memoryLimitBytes: 128 * MIB }), /^note memory: .*limit is 128\.0 MiB/],
  ['one thread that accepts beside others', threads({ acceptors: 1 }), /^note threads: .*one of them accepts/],
  [
    'a client that a tracker sees where it does not listen',
    { reach: [{ tracker: '192.0.2.1:7001', address: { host: '10.0.0.1', port: 6881 }, found: 'nobody' }] },
    /^bad upload port .*: tracker 192\.0\.2\.1:7001 cannot reach this client at 10\.0\.0\.1:6881: nobody/,
  ],
  [
    'a client that advertises a loopback to another machine',
    {
      reach: [
        {
          tracker: '192.0.2.1:7001',
          address: { host: '10.0.0.1', port: 6881 },
          found: 'reached',
          insteadOf: '127.0.0.1',
        },
      ],
    },
    /^note upload port .*: tracker 192\.0\.2\.1:7001 looks for this client at 10\.0\.0\.1:6881: 127\.0\.0\.1, which/,
  ],
  [
    'a file that a tracker does not list',
    { refusals: [{ name: 'a.iso', sentence: 'nobody answers at 192.0.2.9:6901' }] },
    /^bad a\.iso: is refused by a tracker: nobody answers at 192\.0\.2\.9:6901$/,
  ],
  ['a file that is gone', { troubles: [{ name: 'a.iso', sentence: 'it is gone' }] }, /^bad a\.iso: it is gone/],
];

for (const [what, facts, found] of TABLE)
  test(`${what} is found, once, with a remedy`, () => {
    const [first, ...more] = wrong(facts);
    assert.match(first ?? '', found);
    assert.deepEqual(more, []);
    for (const { severity, remedy } of findingsOf({ ...HEALTHY, ...facts }))
      assert.equal(remedy !== '', severity !== 'fine');
  });

test('a tracker whose partner is dead is not blamed for it', () => {
  const alone = { ...TRACKER, partner: { ...PARTNER, following: false, followedBy: false } };
  assert.deepEqual(
    wrong({ trackers: [alone, away] }).map((line) => line.slice(0, 24)),
    ['note tracker 192.0.2.1:7', 'bad tracker 192.0.2.2:70'],
  );
});

test('what cannot be known is not held against anybody', () => {
  const unknown = tracker({ skewMs: undefined, partner: undefined, listed: undefined });
  const sample = tracker({ listed: { hosts: [], isSample: true } });
  for (const facts of [unknown, sample, { openFiles: undefined, upload: undefined, disks: [] }])
    assert.deepEqual(wrong(facts), []);
  assert.deepEqual(wrong({ ...tracker({ listed: { hosts: ['10.0.0.1'], isSample: false } }), ownHost: undefined }), []);
});

const LOOK: DownloadLook = { peers: 5, held: 20, storing: 2, isPaced: false, silent: [] };
const looksOf = (more: Partial<DownloadLook>): readonly DownloadLook[] => [
  { ...LOOK, ...more },
  { ...LOOK, ...more },
];
const DOWNLOAD: DownloadFact = { name: 'a.iso', rate: 50 * MIB, limit: 0, looks: looksOf({}) };

function limitOf(download: Partial<DownloadFact>, facts: Partial<Facts> = {}): Finding | undefined {
  return findingsOf({ ...HEALTHY, ...facts, downloads: [{ ...DOWNLOAD, ...download }] }).at(-1);
}

test('a tracker to which the route leads from another address than the client has is told with both', () => {
  const remedy = (address: string, routeFrom: string | undefined): string =>
    findingsOf({
      ...HEALTHY,
      upload: { address, isOurs: true, state: { kind: 'answers', tookMs: 1 } },
      trackers: [{ ...away, routeFrom }],
    }).find(({ subject }) => subject.startsWith('tracker '))?.remedy ?? '';
  assert.match(
    remedy('192.0.2.7:6881', '10.8.0.5'),
    /the route leads there from 10\.8\.0\.5, and this client is at 192\.0\.2\.7, .* --address; transfers continue/,
  );
  for (const [address, routeFrom] of [
    ['192.0.2.7:6881', '192.0.2.7'],
    ['192.0.2.7:6881', undefined],
    ['0.0.0.0:6881', '10.8.0.5'],
    ['[2001:db8::1]:6881', '10.8.0.5'],
  ] as const)
    assert.doesNotMatch(remedy(address, routeFrom), /route/, address);
});

test('a silent peer behind the same NAT as this client is told as that', () => {
  const told = (trouble: Silent['trouble'], outside: readonly string[]): string => {
    const silent = [{ host: '203.0.113.1', port: 6901, trouble }];
    const downloads = [{ ...DOWNLOAD, rate: 0, looks: looksOf({ peers: 0, silent }) }];
    const finding = findingsOf({ ...HEALTHY, outside, downloads }).find(
      ({ subject }) => subject === 'peer 203.0.113.1:6901',
    );
    return `${finding?.found}; ${finding?.remedy}`;
  };
  for (const trouble of ['refuses', 'noRoute', 'noAnswer'] as const)
    assert.match(told(trouble, ['203.0.113.1']), /does not answer, and is behind the same NAT .*hairpin/, trouble);
  for (const outside of [[], ['203.0.113.9']]) assert.match(told('refuses', outside), /check that its client runs/);
  assert.match(told('noBytes', ['203.0.113.1']), /MTU/, 'who says hello was led to');
});

test('what limits a running download is named, with what to do', () => {
  const slowDisk = disk({ writtenMs: 100 });
  const table: readonly (readonly [Partial<DownloadFact>, Partial<Facts>, Finding['severity'], RegExp])[] = [
    [{}, {}, 'fine', /as fast as its peers and the network/],
    [{ looks: looksOf({ peers: 1 }) }, {}, 'fine', /its only peer sends/],
    [{ looks: looksOf({ peers: 2 }) }, {}, 'fine', /its few peers send/],
    [{ looks: looksOf({ peers: 0, held: 0, storing: 0 }) }, {}, 'note', /no peer is connected/],
    [{ looks: looksOf({ held: 0, storing: 0 }) }, {}, 'note', /have no missing pieces/],
    [{ looks: looksOf({ storing: 18 }) }, {}, 'note', /waits for its hash threads|waits for the disk/],
    [{ looks: looksOf({ storing: 18 }) }, slowDisk, 'note', /waits for the disk/],
    [{ looks: looksOf({ storing: 18 }) }, disk({ writtenMs: 1 }), 'note', /waits for its hash threads/],
    [{ limit: 50 * MIB }, {}, 'note', /the download limit of 50\.0 MiB\/s/],
    [{ limit: 90 * MIB, looks: looksOf({ isPaced: true }) }, {}, 'note', /the download limit/],
    [{ limit: 90 * MIB }, {}, 'fine', /as fast as its peers and the network/],
    [{ looks: [] }, {}, 'fine', /has just ended/],
  ];
  for (const [download, facts, severity, found] of table) {
    const finding = limitOf(download, facts);
    assert.match(finding?.found ?? '', found);
    assert.equal(finding?.severity, severity, finding?.found);
  }
});

test('whatever is measured, everything bad or worth a note has a remedy, and every download is spoken of', () => {
  const looks = fc.array(
    fc.record({
      peers: fc.nat(40),
      held: fc.nat(96),
      storing: fc.nat(96),
      isPaced: fc.boolean(),
      silent: fc.constant([]),
    }),
    { maxLength: 10 },
  );
  const downloads = fc.array(
    fc.record({ name: fc.string(), rate: fc.double({ min: 0, max: 1e10, noNaN: true }), limit: fc.nat(), looks }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(downloads, (running) => {
      const findings = findingsOf({ ...HEALTHY, downloads: running });
      assert.equal(findings.length, findingsOf(HEALTHY).length + running.length);
      for (const { severity, remedy } of findings) if (severity !== 'fine') assert.notEqual(remedy, '');
    }),
  );
});

test('two trackers that each use a database alone are told, since one of them is not the one that others write to', () => {
  const other: TrackerFact = { ...TRACKER, address: '192.0.2.2:7001' };
  const told = (first: number | undefined, second: number | undefined): readonly string[] =>
    findingsOf({
      ...HEALTHY,
      trackers: [
        { ...TRACKER, sharing: first },
        { ...other, sharing: second },
      ],
    })
      .filter(({ severity }) => severity === 'bad')
      .map(({ found }) => found);
  assert.deepEqual(told(2, 2), []);
  assert.deepEqual(told(undefined, 1), [], 'the other one has a list of its own, which is said elsewhere');
  assert.deepEqual(told(1, 1), [
    'it and 192.0.2.2:7001 each use a database alone: what is shared at one is not found at the other',
    'it and 192.0.2.1:7001 each use a database alone: what is shared at one is not found at the other',
  ]);
});
