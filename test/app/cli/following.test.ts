// While a command waits for its client, it shows how far hashing is: of its own path only, and for as long as it lasts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { reportHashing } from '../../../src/app/cli/following.js';
import type { FileView, Overview } from '../../../src/app/library/views.js';
import { deferred } from '../../../src/foundation/base/deferred.js';

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
