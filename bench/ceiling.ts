// The ceiling of a download on this machine in this minute: raw sockets from N sender processes into preallocated
// slots, SHA-1 of each piece in a pool of threads, written to a file on the same file system, and no protocol at all.
// Every participant its own fresh process, as in what it is compared with.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import type { Cleanup } from './cleanup.js';
import { cpuSeconds } from './tracker-vitals.js';

export interface CeilingRun {
  readonly seconds: number;
  readonly receiverCpu: number;
  readonly sendersCpu: number;
}

interface Part {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterator<string>;
}

const pathOf = (name: string): string => new URL(`./${name}.js`, import.meta.url).pathname;

export class Ceiling {
  readonly #size: number;
  readonly #cleanup: Cleanup;
  readonly #senders: { readonly pid: number; readonly port: string }[] = [];

  private constructor(size: number, cleanup: Cleanup) {
    this.#size = size;
    this.#cleanup = cleanup;
  }

  static async start(source: string, size: number, senders: number, cleanup: Cleanup): Promise<Ceiling> {
    const ceiling = new Ceiling(size, cleanup);
    for (let at = 0; at < senders; at += 1) {
      const sender = start(['ceiling-sender', source, String(size), String(at), String(senders)], cleanup);
      const port = (await nextLine(sender)).replace('LISTENING ', '');
      ceiling.#senders.push({ pid: sender.child.pid ?? 0, port });
    }
    return ceiling;
  }

  /** One download by a receiver of its own into `target`, which is deleted again. */
  async run(mtorrent: string, target: string): Promise<CeilingRun> {
    const ports = this.#senders.map(({ port }) => port);
    const receiver = start(['ceiling-receiver', target, String(this.#size), mtorrent, ...ports], this.#cleanup);
    await nextLine(receiver);
    const cpuOfSenders = (): number => this.#senders.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
    const before = cpuOfSenders();
    receiver.child.stdin.write('go\n');
    const outcome = JSON.parse(await nextLine(receiver)) as { seconds: number; cpuSeconds: number };
    const sendersCpu = cpuOfSenders() - before;
    rmSync(target);
    return { seconds: outcome.seconds, receiverCpu: outcome.cpuSeconds, sendersCpu };
  }
}

function start([name = '', ...words]: readonly string[], cleanup: Cleanup): Part {
  const child = spawn(process.execPath, [pathOf(name), ...words]);
  child.stderr.on('data', (said: Buffer) => process.stderr.write(said));
  cleanup.add(async () => child.kill('SIGKILL'));
  const reader: Interface = createInterface({ input: child.stdout });
  return { child, lines: reader[Symbol.asyncIterator]() };
}

async function nextLine({ child, lines }: Part): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`a process of the ceiling ended early: ${child.spawnargs.join(' ')}`);
  return value;
}
