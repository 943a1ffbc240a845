// What a container may use, read from texts as kernels and container engines write them, and from texts that nobody
// writes.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import {
  bytesOfMemoryMax,
  coresOfCpuMax,
  coresOfQuota,
  groupFiles,
} from '../../../src/foundation/base/control-groups.js';
import { lookAtMachine, type Machine } from '../../../src/foundation/base/this-machine.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const MIB = 1024 * 1024;
const V2 = '30 22 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n';
/** A container of Docker without a namespace of its own for groups: only its part of the tree is there. */
const V2_PART = '30 22 0:27 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n';
const V1 =
  '31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
  '34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n';

test('of version 2 the own group and all around it are looked at, up to the root of what can be seen', () => {
  assert.deepEqual(groupFiles('0::/user.slice/job.scope\n', V2, 'cpu'), [
    {
      version: 2,
      directories: ['/sys/fs/cgroup/user.slice/job.scope', '/sys/fs/cgroup/user.slice', '/sys/fs/cgroup'],
    },
  ]);
  assert.deepEqual(groupFiles('0::/\n', V2, 'memory'), [{ version: 2, directories: ['/sys/fs/cgroup'] }]);
  assert.deepEqual(groupFiles('0::/docker/ab/x\n', V2_PART, 'cpu')[0]?.directories, [
    '/sys/fs/cgroup/x',
    '/sys/fs/cgroup',
  ]);
  // From outside of what is mounted: its root is the best that is known.
  assert.deepEqual(groupFiles('0::/../other\n', V2, 'cpu')[0]?.directories, ['/sys/fs/cgroup']);
  assert.deepEqual(groupFiles('0::/docker/abc\n', V2_PART, 'cpu')[0]?.directories, ['/sys/fs/cgroup']);
});

test('of version 1 each controller has a tree of its own, and both versions may be there', () => {
  const self = '4:memory:/m/n\n1:cpu,cpuacct:/c\n0::/v2\n';
  assert.deepEqual(groupFiles(self, V1, 'cpu'), [
    { version: 1, directories: ['/sys/fs/cgroup/cpu,cpuacct/c', '/sys/fs/cgroup/cpu,cpuacct'] },
  ]);
  assert.deepEqual(
    groupFiles(self, V1 + V2, 'memory').map(({ version }) => version),
    [1, 2],
  );
});

test('limits are read as numbers, and whatever else stands there limits nothing', () => {
  const cases: readonly (readonly [number | undefined, number | undefined])[] = [
    [coresOfCpuMax('150000 100000\n'), 1.5],
    [coresOfCpuMax('max 100000\n'), undefined],
    [coresOfCpuMax(''), undefined],
    [coresOfCpuMax('0 100000'), undefined],
    [coresOfCpuMax('100000 0'), undefined],
    [coresOfCpuMax('-5 100000'), undefined],
    [coresOfCpuMax('1e9 100000'), undefined],
    [coresOfQuota('50000\n', '100000\n'), 0.5],
    [coresOfQuota('-1\n', '100000\n'), undefined],
    [coresOfQuota('', ''), undefined],
    [bytesOfMemoryMax('268435456\n'), 268_435_456],
    [bytesOfMemoryMax('max\n'), undefined],
    [bytesOfMemoryMax('0\n'), undefined],
  ];
  for (const [found, wanted] of cases) assert.equal(found, wanted);
});

test('no text makes it throw, look outside of a mounted tree, or answer what is no number', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '0::/',
      '1:cpu:',
      '/',
      '..',
      '/a/../..',
      '\\040',
      ' - ',
      'cgroup2',
      'cgroup',
      'cpu',
      '\n',
      ' ',
      '9',
    ),
  );
  const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(''));
  fc.assert(
    fc.property(text, text, fc.constantFrom('cpu' as const, 'memory' as const), (self, mounts, controller) => {
      for (const { directories } of groupFiles(self, mounts + V2 + V1, controller))
        for (const directory of directories) {
          assert.ok(directory.startsWith('/') && !directory.split('/').slice(1).includes('..') === true, directory);
        }
      for (const value of [coresOfCpuMax(self), coresOfQuota(self, mounts), bytesOfMemoryMax(self)])
        assert.ok(value === undefined || (Number.isFinite(value) && value > 0), String(value));
    }),
  );
});

/** A machine of 64 cores and 1 GiB whose files are these. */
function machineWith(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Omit<Machine, 'sharesPorts' | 'openFiles'> {
  const root = temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { sharesPorts, openFiles, ...machine } = lookAtMachine({ cores: 64, memoryBytes: 1_024 * MIB, root });
  return machine;
}

test('without any file a machine is what the system says', (t) => {
  const whole = { cores: 64, memoryBytes: 1_024 * MIB, systemCores: 64, cpuQuota: undefined };
  assert.deepEqual(machineWith(t, {}), { ...whole, memoryLimitBytes: undefined });
});

test('the narrowest limit on the way up counts, and a part of a core counts as one', (t) => {
  const machine = machineWith(t, {
    '/proc/self/cgroup': '0::/pod/box\n',
    '/proc/self/mountinfo': V2,
    '/sys/fs/cgroup/pod/box/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/pod/cpu.max': '250000 100000\n',
    '/sys/fs/cgroup/pod/box/memory.max': `${512 * MIB}\n`,
    '/sys/fs/cgroup/pod/memory.max': `${256 * MIB}\n`,
  });
  const limits = { cpuQuota: 2.5, memoryLimitBytes: 256 * MIB };
  assert.deepEqual(machine, { cores: 3, memoryBytes: 256 * MIB, systemCores: 64, ...limits });
});

test('of version 1 quota and limit count as well; what is more than the machine has limits nothing', (t) => {
  const files = {
    '/proc/self/cgroup': '4:memory:/box\n1:cpu,cpuacct:/box\n',
    '/proc/self/mountinfo': V1,
    '/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us': '20000\n',
    '/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/memory/box/memory.limit_in_bytes': '9223372036854771712\n',
  };
  const machine = machineWith(t, files);
  assert.deepEqual([machine.cores, machine.cpuQuota], [1, 0.2]);
  assert.deepEqual([machine.memoryBytes, machine.memoryLimitBytes], [1_024 * MIB, undefined]);
});
