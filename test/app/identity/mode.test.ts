// Which processes are open: for every combination of setting, identity and place, as the table of OPERATING says; and
// never by accident.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ModeFacts, modeOf } from '../../../src/app/identity/mode.js';

const facts: ModeFacts = {
  swarm: 'auto',
  swarmOrigin: '/c/config.toml line 3',
  directory: '/c/swarm',
  namedBy: undefined,
  isThere: false,
};

test('auto is open without an identity, and says so; with one it is closed', () => {
  assert.deepEqual(modeOf(facts), {
    kind: 'open',
    remark: 'open: whoever reaches this port may take part; mtorrent swarm init closes it',
  });
  assert.deepEqual(modeOf({ ...facts, isThere: true }), { kind: 'closed', directory: '/c/swarm' });
});

test('closed without an identity refuses to start, and names the line that says closed', () => {
  assert.throws(() => modeOf({ ...facts, swarm: 'closed' }), {
    code: 'NOT_ADMITTED',
    message:
      'swarm = "closed" is set (/c/config.toml line 3) and there is no identity in /c/swarm; join with: mtorrent join',
  });
  assert.throws(() => modeOf({ ...facts, swarm: 'closed', directory: undefined }), { code: 'NOT_ADMITTED' });
});

test('open is open whatever lies there, and says who said so', () => {
  assert.deepEqual(modeOf({ ...facts, swarm: 'open', swarmOrigin: '--open', isThere: true }), {
    kind: 'open',
    remark: 'open, as --open says: whoever reaches this port may take part',
  });
});

test('an identity that was named and is not there is an error, whatever swarm says', () => {
  for (const swarm of ['auto', 'open', 'closed'] as const)
    assert.throws(() => modeOf({ ...facts, swarm, namedBy: 'MTORRENT_IDENTITY' }), {
      code: 'NOT_ADMITTED',
      message: /^there is no identity in \/c\/swarm, which MTORRENT_IDENTITY names; /,
    });
});

test('a process is open only where no identity is, or where its owner said open', () => {
  const any = fc.record({
    swarm: fc.constantFrom('auto' as const, 'open' as const, 'closed' as const),
    swarmOrigin: fc.constant('default'),
    directory: fc.constantFrom('/c/swarm', undefined),
    namedBy: fc.constantFrom('--identity', undefined),
    isThere: fc.boolean(),
  });
  fc.assert(
    fc.property(any, (each) => {
      let kind: string;
      try {
        kind = modeOf(each).kind;
      } catch {
        return;
      }
      if (kind === 'open')
        assert.ok(each.swarm === 'open' || (!each.isThere && each.swarm === 'auto') || each.directory === undefined);
    }),
  );
});
