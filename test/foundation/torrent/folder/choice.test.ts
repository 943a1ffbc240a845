// A choice of entries by patterns, as marks of the list; and what is said when it chooses nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { choose, isPartial } from '../../../../src/foundation/torrent/folder/choice.js';
import { FolderList } from '../../../../src/foundation/torrent/folder/folder-list.js';
import { failsWith } from '../../../support/failures.js';

const list = FolderList.of(
  [
    ['file', 10, 'README.md'],
    ['file', 20, 'config.json'],
    ['exec', 30, 'docs/build.sh'],
    ['file', 0, 'docs/config.json'],
    ['pad', 40, ''],
    ['file', 50, 'model-00001.safetensors'],
    ['dir', 0, 'cache'],
    ['link', 0, 'docs/latest'],
  ].map(([kind, size, path]) => ({
    kind: kind as 'file',
    size: Number(size),
    path: String(path),
    target: '',
    digest: undefined,
    seconds: undefined,
  })),
);

function chosen(): readonly string[] {
  return Array.from({ length: list.count }, (_, at) => at)
    .filter((at) => !list.isPad(at) && list.isChosen(at))
    .map((at) => list.pathOf(at));
}

test('only and except choose entries, and a later choice forgets an earlier one', () => {
  assert.deepEqual(choose(list, { only: ['*.json', 'README.md'] }), { entries: 3, files: 3, bytes: 30 });
  assert.deepEqual(chosen(), ['README.md', 'config.json', 'docs/config.json']);
  assert.deepEqual(choose(list, { only: ['docs/'], except: ['*.json'] }), { entries: 2, files: 1, bytes: 30 });
  assert.deepEqual(chosen(), ['docs/build.sh', 'docs/latest']);
  assert.deepEqual(choose(list, { except: ['docs/', 'cache'] }), { entries: 3, files: 3, bytes: 80 });
  assert.deepEqual(choose(list, {}), { entries: 7, files: 5, bytes: 110 });
  assert.equal(chosen().length, 7);
  assert.deepEqual([isPartial({}), isPartial({ only: [] }), isPartial({ except: ['a'] })], [false, false, true]);
});

test('a choice of nothing names the paths that may have been meant', () => {
  const near = (only: readonly string[]) => () => choose(list, { only });
  assert.throws(near(['*.JSON']), failsWith('INVALID_ARGUMENTS', '"*.JSON"', 'did you mean', '"config.json"'));
  assert.throws(near(['docs']), failsWith('INVALID_ARGUMENTS', '"docs/"'));
  assert.throws(near(['readme.md']), failsWith('INVALID_ARGUMENTS', '"README.md"'));
  assert.throws(near(['model-1.safetensors']), failsWith('INVALID_ARGUMENTS', '"model-00001.safetensors"'));
  assert.throws(near(['qqqq']), failsWith('INVALID_ARGUMENTS', 'info with --files'));
  const everything = () => choose(list, { except: ['**'] });
  assert.throws(everything, failsWith('INVALID_ARGUMENTS', 'everything', '"**"'));
});

test('everything of an empty folder is nothing, which is fine', () => {
  assert.deepEqual(choose(FolderList.of([]), { only: ['*.json'] }), { entries: 0, files: 0, bytes: 0 });
});
