// What the page takes for a link.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isLinkOrPath } from '../../../src/app/page/pasted.js';
import { parseAddress } from '../../../src/foundation/torrent/address.js';
import { parseSwarmKey } from '../../../src/foundation/torrent/ids.js';
import { infoDigestOf } from '../../../src/foundation/torrent/info-text.js';
import { formatLink } from '../../../src/foundation/torrent/link.js';

test('a link of ours is taken as one, as mails leave it as well, and so is a path; other words are not', () => {
  const tracker = parseAddress('192.0.2.1:7000');
  const swarm = parseSwarmKey('3f786850e387550fdab836ed7e6dc881de23001b');
  assert.ok(tracker !== undefined && swarm !== undefined);
  const info = infoDigestOf(new Uint8Array(32));
  const link = formatLink({ swarm, info, size: 5, listBytes: 0, trackers: [tracker, tracker], name: 'a.bin' });
  for (const pasted of [
    link,
    `<${link}>`,
    `> ${link}`,
    link.replace(':', ':\n'),
    link.toUpperCase(),
    '/srv/a.mtorrent',
  ])
    assert.ok(isLinkOrPath(pasted), pasted);
  for (const pasted of ['hello world', 'magnet:?xt=urn:btih:1', 'https://example.org/a.mtorrent'])
    assert.ok(!isLinkOrPath(pasted), pasted);
});
