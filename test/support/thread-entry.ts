// A thread that does what its settings say, for tests of threads: one word in UTF-8.

import { thisThread } from '../../src/foundation/actor/thread.js';

const self = thisThread();
const behaviour = Buffer.from(self.settings).toString();

if (behaviour === 'crash at birth') throw new Error('planted at birth');
if (behaviour === 'end at birth') process.exit(0);
const [port] = self.ports;
port?.on('message', (word: unknown) => {
  if (word === 'crash') self.crash(new Error('planted later'));
  if (word === 'end') process.exit(0);
  const [memory] = self.shared;
  if (memory !== undefined) new Uint8Array(memory)[0] = 42;
  port.postMessage(`${self.name} heard ${String(word)}`);
});
self.onStop(async () => {
  if (behaviour === 'never stops') await new Promise(() => undefined);
  if (behaviour === 'fails to stop') throw new Error('planted at stop');
});
self.ready();
