// While a command waits for its client, it shows how far hashing is: of its own path only, and for as long as it lasts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Cancellation } from '../../../../src/app/cli/one-shot/cancellation.js';
import { follow, reportHashing } from '../../../../src/app/cli/one-shot/following.js';
import type { OneShot } from '../../../../src/app/cli/one-shot/one-shot.js';
import type { Fetching } from '../../../../src/app/library/one-shot.js';
import type { FileView, Overview } from '../../../../src/app/library/views.js';
import { deferred } from '../../../../src/foundation/base/deferred.js';

function overviewOf(...rows: readonly Pick<FileView, 'path' | 'state'>[]): Overview {
  return { files: rows as readonly FileView[], fileCount: rows.length, received: 0, sent: 0 };
}

test('what is hashed at the path is shown, nothing else is, and the result is passed on', async () => {
  const work = deferred<string>();
  const shown: string[] = [];
  const rows = overviewOf(
    { path: '/other', state: 'hashing' },
    { path: '/a', state: 'downloading' },
    { path: '/a', state: 'hashing' },
  );
  const progress = ({ path, state }: FileView): void => {
    shown.push(`${path} ${state}`);
    work.resolve('done');
  };
  const client = { overview: () => Promise.resolve(rows) };
  assert.equal(await reportHashing(work.promise, client, '/a', { progress }), 'done');
  assert.deepEqual(shown, ['/a hashing']);
});

test('a client that does not answer any more ends it with the reason of the work', async () => {
  const work = Promise.reject(new Error('the client has ended'));
  const client = { overview: () => Promise.reject(new Error('no answer')) };
  await assert.rejects(reportHashing(work, client, '/a', { progress: () => undefined }), /the client has ended/);
});

test('a download that is refused leaves the time limit in force for another try', async (t) => {
  const cancellation = new Cancellation(() => undefined);
  t.after(() => cancellation.close());
  cancellation.limitTo(50);
  const client = { overview: () => Promise.reject(new Error('no answer')), listen: () => () => undefined };
  const fetching = { client, begin: () => Promise.reject(new Error('it has it elsewhere')) } as unknown as Fetching;
  const run = { reporter: { progress: () => undefined }, cancellation } as unknown as OneShot;
  await assert.rejects(follow(fetching, '/a', run), /elsewhere/);
  const other = new Promise<never>(() => undefined);
  assert.deepEqual(await cancellation.firstOf(other), { kind: 'late' });
});
