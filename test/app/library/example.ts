// The README's example of the library, as a program: two trackers, one client that shares, another that gets. The test
// of the library runs it; that the README shows the same is a test, too.

import { createSwarmClient, get, startTracker } from 'mini-torrent';

export async function example(directory: string, ports: readonly [number, number], log: (line: string) => void) {
  // README begins
  const addresses = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`] as const;
  const [one, two] = addresses;
  const trackers = [
    await startTracker({ address: one, partner: two, seederList: `${directory}/one.db` }),
    await startTracker({ address: two, partner: one, seederList: `${directory}/two.db` }),
  ];

  const client = await createSwarmClient({ trackers: addresses, stateDir: `${directory}/state` });
  await client.share(`${directory}/model.bin`, `${directory}/model.mtorrent`);

  const download = await get(`${directory}/model.mtorrent`, `${directory}/copy.bin`);
  for await (const { have, pieces, rate } of download) log(`${have} of ${pieces} pieces, ${Math.round(rate)} B/s`);
  log(`complete: ${download.path}`);

  await download.close();
  await client.close();
  for (const tracker of trackers) await tracker.stop();
  // README ends
}
