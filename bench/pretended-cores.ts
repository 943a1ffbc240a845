// Loaded into a program with `--import`: its threads see as many cores as PRETENDED_CORES says, so that the threads of
// a large machine run on a small one. What they do there takes its turn; how many they are, and what they cost in
// memory, is the same.

import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const count = Number(process.env['PRETENDED_CORES']);
if (Number.isInteger(count) && count > 0) {
  const [core] = os.cpus();
  os.availableParallelism = () => count;
  if (core !== undefined) os.cpus = () => new Array(count).fill(core);
  syncBuiltinESMExports();
}
