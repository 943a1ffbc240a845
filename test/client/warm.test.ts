// A client that nobody asks for anything gets its hash threads ready by itself, and says so once; one that ends before
// does not.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../../src/app/demo/processes.js';
import type { ClientEvent, ClientStats } from '../../src/client/messages.js';
import type { Client, ClientOptions } from '../../src/client/options.js';
import { startClient } from '../../src/client/start.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

async function start(
  t: TestContext,
  onWarm: () => void,
  onEvent: (event: ClientEvent) => void = () => undefined,
): Promise<Client> {
  const directory = temporaryDirectory(t);
  const at = async () => ({ host: '127.0.0.1', port: await freePort() });
  const options: ClientOptions = {
    upload: { host: '127.0.0.1', port: 0 },
    trackers: [await at(), await at()],
    stateDir: join(directory, 'state'),
    log: { path: join(directory, 'client.log'), level: 'info' },
    seed: 1,
    rates: { up: 0, down: 0 },
    onEvent,
    onWarm,
  };
  return startClient(options);
}

async function quit(client: Client): Promise<void> {
  client.tell({ kind: 'quit', ask: 1 });
  assert.equal(await client.ended, undefined);
}

test('a client without any command gets its hash threads ready, and says so once', async (t) => {
  let times = 0;
  let tell: () => void = () => undefined;
  const warm = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const client = await start(t, () => {
    times += 1;
    tell();
  });
  await warm;
  await quit(client);
  assert.equal(times, 1);
});

test('a client that ends before its hash threads are ready ends at once, and nothing of it goes on', async (t) => {
  let times = 0;
  const client = await start(t, () => {
    times += 1;
  });
  await quit(client);
  assert.equal(times, 0);
});

test('show stats counts the slots for payload, none of them in use while nothing is downloaded', async (t) => {
  let tell: (stats: ClientStats) => void = () => undefined;
  const told = new Promise<ClientStats>((resolve) => {
    tell = resolve;
  });
  const client = await start(
    t,
    () => undefined,
    (event) => {
      if (event.kind === 'statsListed') tell(event.stats);
    },
  );
  client.tell({ kind: 'stats', ask: 2 });
  const { payloadSlots } = await told;
  await quit(client);
  assert.ok(payloadSlots.all > 0);
  assert.equal(payloadSlots.used, 0);
});
